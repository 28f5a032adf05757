//! Emergency access: opened for one patient and an hour, and reviewed by another person.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::{
    BreakGlass, BreakGlassError, BreakGlassReason, BreakGlassRequest, BreakGlassVerdict, RecordId,
};

use super::route::{Answer, Api, Ask, Route};
use crate::emergency;
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default()
        .route(
            Route::post(
                "/api/break-glass",
                Operation::BreakGlassOpen,
                "Open a patient's data to yourself in an emergency, for an hour and under review.",
            )
            .takes::<NewAccess>()
            .makes::<OpenedAccess>(),
            open,
        )
        .route(
            Route::get(
                "/api/break-glass",
                Operation::BreakGlassRead,
                "List the emergency accesses, newest first, at most a hundred.",
            )
            .gives::<Accesses>(),
            list,
        )
        .route(
            Route::post(
                "/api/break-glass/{id}/review",
                Operation::BreakGlassReview,
                "Review an emergency access of another person, and by that end it.",
            )
            .takes::<NewReview>(),
            review,
        )
}

/// What is to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccess {
    /// `Patient/<id>`, or an identifier as `system|value`.
    #[schema(max_length = 256)]
    patient: String,
    /// `immediate-danger`, `cannot-consent`, `covering-for-colleague`, `record-system-down` or `other`.
    reason: String,
    /// Why, in words that a reviewer can judge by. Kept sealed.
    #[schema(min_length = 10, max_length = 2000)]
    words: String,
}

/// An emergency access that was just opened.
#[derive(Serialize, ToSchema)]
struct OpenedAccess {
    /// To be sent in `wardgate-break-glass`, with the purpose `BTG`.
    id: String,
    /// The first instant at which it is over.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// The emergency accesses.
#[derive(Serialize, ToSchema)]
struct Accesses {
    accesses: Vec<AccessEntry>,
}

/// An emergency access.
#[derive(Serialize, ToSchema)]
struct AccessEntry {
    id: String,
    /// Who opened it.
    person: String,
    /// The patient's handle, as the ledger names it; none when nobody on file was meant.
    patient: Option<String>,
    reason: &'static str,
    /// Why, in words; none once the patient's key is destroyed.
    words: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    opened: Timestamp,
    /// The first instant at which it is over.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// `open`, `over` or `reviewed`. The first two await their review.
    state: &'static str,
    review: Option<ReviewEntry>,
}

/// The review of an emergency access.
#[derive(Serialize, ToSchema)]
struct ReviewEntry {
    person: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    verdict: &'static str,
}

/// What a review found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReview {
    /// `justified`, `not-justified` or `escalated`.
    verdict: String,
}

async fn open(ask: Ask) -> Result<Answer, Refusal> {
    let target = Target {
        kind: "break_glass",
        id: "new",
        made_by: Some(ask.caller.id()),
    };
    let allowed = ask.allow(&target)?;
    let asked: NewAccess = ask.json()?;
    let reason = BreakGlassReason::from_word(&asked.reason)
        .ok_or_else(|| Refusal::unreadable("this reason is not one of the known codes"))?;
    if asked.patient.len() > PATIENT_BYTES_MAX {
        return Err(Refusal::unreadable("the patient reference is too long"));
    }
    let request = BreakGlassRequest {
        person: ask.caller.id(),
        patient: &asked.patient,
        reason,
        words: &asked.words,
    };
    let access = ask
        .parts
        .store
        .open_break_glass(&request, ask.now())
        .await
        .map_err(refusal)?;
    emergency::alert(&access);
    let opened = OpenedAccess {
        id: access.id.to_string(),
        until: access.until,
    };
    Ok(Answer::of(allowed, &opened))
}

async fn list(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let now = ask.now();
    let history = ask.parts.store.break_glass_history(LIST_MAX).await?;
    let accesses = history
        .into_iter()
        .map(|(access, words)| AccessEntry::of(access, words.map(|words| words.to_string()), now))
        .collect();
    Ok(Answer::of(allowed, &Accesses { accesses }))
}

async fn review(ask: Ask) -> Result<Answer, Refusal> {
    let id: Option<RecordId> = ask.path("id").parse().ok();
    let access = match id {
        Some(id) => ask.parts.store.break_glass(id).await?,
        None => None,
    };
    // Whoever may not review learns nothing of which ids there are.
    let target = Target {
        kind: "break_glass",
        id: ask.path("id"),
        made_by: Some(access.as_ref().map_or("", |access| &access.person)),
    };
    let allowed = ask.allow(&target)?;
    let access = access.ok_or_else(|| Refusal::not_found("emergency access"))?;
    let asked: NewReview = ask.json()?;
    let verdict = BreakGlassVerdict::from_word(&asked.verdict)
        .ok_or_else(|| Refusal::unreadable("this verdict is not one of the known codes"))?;
    ask.parts
        .store
        .review_break_glass(access.id, ask.caller.id(), verdict, ask.now())
        .await
        .map_err(refusal)?;
    Ok(Answer::done(allowed))
}

impl AccessEntry {
    fn of(access: BreakGlass, words: Option<String>, now: Timestamp) -> Self {
        let state = match (&access.review, access.is_open(now)) {
            (Some(_), _) => "reviewed",
            (None, true) => "open",
            (None, false) => "over",
        };
        Self {
            id: access.id.to_string(),
            patient: access.patient.map(|patient| patient.to_string()),
            reason: access.reason.word(),
            words,
            opened: access.opened,
            until: access.until,
            state,
            review: access.review.map(|review| ReviewEntry {
                person: review.person,
                at: review.at,
                verdict: review.verdict.word(),
            }),
            person: access.person,
        }
    }
}

/// Why an emergency access is not opened or reviewed.
pub(crate) fn refusal(error: BreakGlassError) -> Refusal {
    match error {
        BreakGlassError::Store(error) => error.into(),
        BreakGlassError::Unknown => Refusal::not_found("emergency access"),
        BreakGlassError::Own => Refusal::new(
            StatusCode::FORBIDDEN,
            "duty.self_approval",
            error.to_string(),
            "ask a colleague with the same authority",
        ),
        BreakGlassError::Reviewed => Refusal::conflict(
            "break_glass.reviewed",
            error.to_string(),
            "see its review in the list",
        ),
        BreakGlassError::TooMany => Refusal::conflict(
            "break_glass.too_many",
            error.to_string(),
            "ask the privacy officer to review them",
        ),
        _ => Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "request.refused",
            error.to_string(),
            "say in a sentence or two why this cannot wait",
        ),
    }
}

const LIST_MAX: u32 = 100;
const PATIENT_BYTES_MAX: usize = 256;
