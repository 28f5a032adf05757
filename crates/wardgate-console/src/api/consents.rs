//! The queue of consents that cannot be computed, and how each is settled.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::{Author, ConsentError, QueuedConsent, SEARCH_PAGE_MAX};

use super::route::{Answer, Api, Ask, Route};
use crate::fhir::author;
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default()
        .route(
            Route::get(
                "/api/consents/queue",
                Operation::ConsentRead,
                "List the consents that cannot be computed, and why. They never permit.",
            )
            .query("count", "How many, at most 100.")
            .query("after", "Where the page before ended.")
            .gives::<ConsentQueue>(),
            list,
        )
        .route(
            Route::post(
                "/api/consents/queue/{id}",
                Operation::ConsentResolve,
                "Settle a consent: by a version that can be computed, or by confirming that it never permits.",
            )
            .takes::<Settlement>()
            .gives::<Settled>(),
            settle,
        )
}

/// Which page is asked for.
#[derive(Deserialize)]
struct Wanted {
    count: Option<usize>,
    after: Option<String>,
}

/// The consents that wait.
#[derive(Serialize, ToSchema)]
struct ConsentQueue {
    consents: Vec<WaitingConsent>,
    /// Where to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A consent that cannot be computed.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingConsent {
    /// The id of the FHIR resource.
    pub(crate) id: String,
    /// The random handle of the patient.
    pub(crate) patient: String,
    /// The version in force.
    pub(crate) version: u64,
    /// Why it cannot be computed.
    pub(crate) reasons: Vec<String>,
    /// Since when this version is in force.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) since: Timestamp,
    /// How it came in: `api`, `apply`, `import` or `queue`.
    pub(crate) how: &'static str,
    /// Who brought it: `host`, `person/<id>` or `app/<id>`.
    pub(crate) by: String,
}

impl WaitingConsent {
    pub(crate) fn of(waiting: &QueuedConsent) -> Self {
        Self {
            id: waiting.id.clone(),
            patient: waiting.patient.to_string(),
            version: waiting.version,
            reasons: waiting.reasons.clone(),
            since: waiting.written.at,
            how: waiting.written.how.word(),
            by: match &waiting.written.by {
                Author::Person(id) => format!("person/{id}"),
                Author::App(id) => format!("app/{id}"),
                Author::Host => "host".to_owned(),
            },
        }
    }
}

/// How a consent is settled: one of `consent` and `never_permits`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settlement {
    /// The version that was looked at.
    version: u64,
    /// The FHIR resource to put in its place.
    #[schema(value_type = Option<Object>)]
    consent: Option<Box<RawValue>>,
    /// That it never permits, as it is.
    #[serde(default)]
    never_permits: bool,
}

/// What is in force now.
#[derive(Serialize, ToSchema)]
struct Settled {
    version: u64,
}

async fn list(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let wanted: Wanted = ask.query()?;
    let count = wanted.count.unwrap_or(SEARCH_PAGE_MAX);
    let page = ask
        .parts
        .store
        .consent_queue(wanted.after.as_deref(), count)
        .await?;
    let queue = ConsentQueue {
        consents: page.consents.iter().map(WaitingConsent::of).collect(),
        next: page.next,
    };
    Ok(Answer::of(allowed, &queue))
}

async fn settle(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let settlement: Settlement = ask.json()?;
    let consent = (ask.path("id"), settlement.version);
    let author = author(&ask.caller);
    let store = &ask.parts.store;
    let version = match (&settlement.consent, settlement.never_permits) {
        (Some(json), false) => {
            let changed = store
                .resolve_consent(consent, json.get(), &author, ask.now())
                .await?;
            changed.consent.version
        }
        (None, true) => {
            store.confirm_consent(consent, &author, ask.now()).await?;
            settlement.version
        }
        _ => {
            return Err(Refusal::unreadable(
                "a consent is settled by one of `consent` and `never_permits: true`",
            ));
        }
    };
    Ok(Answer::of(allowed, &Settled { version }))
}

impl From<ConsentError> for Refusal {
    fn from(error: ConsentError) -> Self {
        let refused = |status, code| Self::new(status, code, error.to_string(), error.hint());
        match error {
            ConsentError::Unknown => Self::not_found("consent"),
            ConsentError::Store(error) => error.into(),
            ConsentError::Conflict { .. } => refused(StatusCode::CONFLICT, "consent.changed"),
            ConsentError::Invalid(ref issues) => {
                let issues: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "consent.invalid",
                    issues.join("; "),
                    error.hint(),
                )
            }
            _ => refused(StatusCode::UNPROCESSABLE_ENTITY, "consent.refused"),
        }
    }
}
