//! People on file: who they are, whether they may act, and as what.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::people::{LINK_HOURS, LinkPurpose, PersonChange};
use wardgate_records::{Person, PersonState, Versioned};

use super::route::{Answer, Api, Ask, Route};
use crate::Parts;
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
        .route(
            Route::put(
                "/api/people/{id}/state",
                Operation::PeopleSuspend,
                "Suspend a person or let them act again.",
            )
            .takes::<NewState>()
            .gives::<PersonEntry>(),
            set_state,
        )
        .route(
            Route::put(
                "/api/people/{id}/roles",
                Operation::PeopleRoles,
                "Change the roles and the authority of a person.",
            )
            .takes::<NewRoles>()
            .gives::<PersonEntry>(),
            set_roles,
        )
        .route(
            Route::post(
                "/api/people/{id}/enrolment",
                Operation::PeopleEnrol,
                "Make a one-time link by which a person gets ways to sign in.",
            )
            .makes::<EnrolmentLink>(),
            enrol,
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
    /// Whether the person may open data in an emergency.
    pub(crate) break_glass: bool,
}

/// Whether a person may act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewState {
    state: State,
}

/// Whether a person may act.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Active,
    Suspended,
}

/// What a person is in the hospital.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRoles {
    roles: Vec<String>,
    /// Whether the person may open data in an emergency.
    break_glass: bool,
}

/// A one-time link.
#[derive(Serialize, ToSchema)]
struct EnrolmentLink {
    /// To give to the person, and to nobody else. It is not told again.
    link: String,
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
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
            break_glass: person.break_glass,
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
    let allowed = ask.allow(&target(&ask))?;
    Ok(Answer::of(allowed, &entry(&ask)?))
}

async fn set_state(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&target(&ask))?;
    let asked: NewState = ask.json()?;
    let change = PersonChange::State(match asked.state {
        State::Active => PersonState::Active,
        State::Suspended => PersonState::Suspended,
    });
    let store = &ask.parts.store;
    store
        .change_person(ask.path("id"), &change, ask.now())
        .await?;
    Ok(Answer::of(allowed, &entry(&ask)?))
}

async fn set_roles(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&target(&ask))?;
    let asked: NewRoles = ask.json()?;
    let change = PersonChange::Roles {
        roles: asked.roles,
        break_glass: asked.break_glass,
    };
    let store = &ask.parts.store;
    store
        .change_person(ask.path("id"), &change, ask.now())
        .await?;
    Ok(Answer::of(allowed, &entry(&ask)?))
}

async fn enrol(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&target(&ask))?;
    let (store, now) = (&ask.parts.store, ask.now());
    let by = Some(ask.caller.id());
    let token = store
        .issue_link(ask.path("id"), LinkPurpose::Enrol, by, now)
        .await?;
    let link = EnrolmentLink {
        link: enrolment_address(&ask.parts, token.expose_secret()),
        expires: now + SignedDuration::from_hours(LINK_HOURS),
    };
    Ok(Answer::of(allowed, &link))
}

/// The address that a person opens to enrol.
pub(crate) fn enrolment_address(parts: &Parts, token: &str) -> String {
    format!("{}/enrol/{token}", parts.settings.origin)
}

/// The person that the path names: their own record is theirs.
fn target(ask: &Ask) -> Target<'_> {
    let id = ask.path("id");
    Target {
        kind: "person",
        id,
        made_by: Some(id),
    }
}

fn entry(ask: &Ask) -> Result<PersonEntry, Refusal> {
    let snapshot = ask.parts.store.snapshot();
    let person = snapshot.person(ask.path("id"));
    let person = person.ok_or_else(|| Refusal::not_found("person"))?;
    Ok(PersonEntry::of(person))
}
