//! Who cares for whom: care teams as the record system sends them.

use std::path::Path;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::{ApplyError, Documents, Mode, PatientMatch};

use super::route::{Answer, Api, Ask, Route};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default()
        .route(
            Route::get(
                "/api/care-teams",
                Operation::CareTeamRead,
                "Show who cares for a patient, to those who do and to privacy officers.",
            )
            .query(
                "patient",
                "`Patient/<id>`, or an identifier as `system|value`",
            )
            .gives::<Carers>(),
            show,
        )
        .route(
            Route::put(
                "/api/care-teams",
                Operation::CareTeamWrite,
                "Create or replace a care team, as a FHIR R4 CareTeam.",
            )
            .takes::<CareTeamResource>()
            .gives::<Written>(),
            write,
        )
}

/// Whose care team is asked for.
#[derive(Deserialize)]
struct Wanted {
    patient: String,
}

/// Who cares for a patient.
#[derive(Serialize, ToSchema)]
struct Carers {
    carers: Vec<CarerEntry>,
}

/// A member of staff who cares for a patient.
#[derive(Serialize, ToSchema)]
struct CarerEntry {
    person: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// The first instant after the end.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Whether it holds now.
    current: bool,
}

/// A FHIR R4 CareTeam: `id`, `status`, `subject`, `period`, `participant`.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(value_type = Object)]
struct CareTeamResource(serde_json::Map<String, serde_json::Value>);

/// What became of it.
#[derive(Serialize, ToSchema)]
struct Written {
    /// Whether anything differed.
    changed: bool,
    /// What the sender should know all the same.
    warnings: Vec<String>,
}

async fn show(ask: Ask) -> Result<Answer, Refusal> {
    // Read before the question is asked, told after it: whoever may not ask is told nothing else.
    let wanted = ask.query::<Wanted>();
    let now = ask.now();
    let snapshot = ask.parts.store.snapshot();
    let patient = wanted
        .as_ref()
        .map(|wanted| snapshot.patient(&wanted.patient));
    let carers = match patient {
        Ok(PatientMatch::One(patient)) => snapshot.carers(patient.handle),
        _ => &[],
    };
    // A team belongs to its members: whoever is in none of this patient's learns nothing of it.
    let caller = ask.caller.id();
    let own = carers
        .iter()
        .any(|carer| carer.person == caller && carer.cares_at(now));
    let allowed = ask.allow(&Target {
        kind: "care_team",
        id: "of-patient",
        made_by: own.then_some(caller),
    })?;
    wanted?;
    let carers = carers
        .iter()
        .map(|carer| CarerEntry {
            person: carer.person.clone(),
            from: carer.from,
            until: carer.until,
            current: carer.cares_at(now),
        })
        .collect();
    Ok(Answer::of(allowed, &Carers { carers }))
}

async fn write(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let CareTeamResource(resource) = ask.json()?;
    let kind = resource.get("resourceType").and_then(|kind| kind.as_str());
    if kind != Some("CareTeam") {
        return Err(Refusal::unreadable("the body is not a CareTeam resource"));
    }
    let text = serde_json::Value::Object(resource).to_string();
    let documents = Documents::of_text(Path::new("care_team.json"), &text);
    let applied = ask
        .parts
        .store
        .apply(&documents, Mode::Commit, ask.now())
        .await
        .map_err(refusal)?;
    let written = Written {
        changed: !applied.differences.is_empty(),
        warnings: applied
            .warnings
            .into_iter()
            .map(|fault| fault.message)
            .collect(),
    };
    Ok(Answer::of(allowed, &written))
}

fn refusal(error: ApplyError) -> Refusal {
    match error {
        ApplyError::Faults(faults) => match faults.into_iter().next() {
            Some(fault) => Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "request.refused",
                fault.message,
                &fault.hint,
            ),
            None => Refusal::internal(),
        },
        ApplyError::Store(error) => error.into(),
        _ => Refusal::internal(),
    }
}
