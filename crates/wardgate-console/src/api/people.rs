//! People on file: who they are, whether they may act, and as what.

use serde::Serialize;
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::{Person, PersonState, Versioned};

use super::route::{Answer, Api, Ask, Route};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default()
        .route(
            Route::get(
                "/api/people",
                Operation::PeopleRead,
                "List the people on file.",
            )
            .gives::<People>(),
            list,
        )
        .route(
            Route::get(
                "/api/people/{id}",
                Operation::PeopleRead,
                "Show one person.",
            )
            .gives::<PersonEntry>(),
            show,
        )
}

/// The people on file.
#[derive(Serialize, ToSchema)]
struct People {
    people: Vec<PersonEntry>,
}

/// A person on file. Names are kept apart and not told here.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonEntry {
    pub(crate) id: String,
    pub(crate) version: u64,
    /// `active` or `suspended`.
    pub(crate) state: &'static str,
    pub(crate) roles: Vec<String>,
}

impl PersonEntry {
    pub(crate) fn of(person: &Versioned<Person>) -> Self {
        Self {
            id: person.id.clone(),
            version: person.version,
            state: match person.state {
                PersonState::Active => "active",
                _ => "suspended",
            },
            roles: person.roles.clone(),
        }
    }
}

async fn list(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let snapshot = ask.parts.store.snapshot();
    let mut people: Vec<PersonEntry> = snapshot
        .people()
        .map(|person| PersonEntry::of(person))
        .collect();
    people.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(Answer::of(allowed, &People { people }))
}

async fn show(ask: Ask) -> Result<Answer, Refusal> {
    let id = ask.path("id");
    let target = Target {
        kind: "person",
        id,
        made_by: Some(id),
    };
    let allowed = ask.allow(&target)?;
    let snapshot = ask.parts.store.snapshot();
    let person = snapshot
        .person(id)
        .ok_or_else(|| Refusal::not_found("person"))?;
    Ok(Answer::of(allowed, &PersonEntry::of(person)))
}
