//! People on file: who they are, whether they may act, as what, and from where.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use wardgate_authz::{Operation, ROLES, Target};
use wardgate_records::PersonState;
use wardgate_records::people::{LINK_HOURS, LinkPurpose, PersonChange, SessionEnd};

use super::shown;
use crate::Parts;
use crate::allow::{allow, may};
use crate::api::people::{PersonEntry, enrolment_address};
use crate::api::sessions::SessionEntry;
use crate::caller::{Caller, SignedIn};
use crate::frame::{Frame, page};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/people", get(list))
        .route("/people/{id}", get(show))
        .route("/people/{id}/state", post(set_state))
        .route("/people/{id}/roles", post(set_roles))
        .route("/people/{id}/enrolment", post(enrol))
        .route("/people/{id}/sessions/end", post(end_sessions))
}

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    frame: Frame,
    people: Vec<PersonEntry>,
}

async fn list(State(parts): State<Parts>, SignedIn(caller): SignedIn) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PeopleRead, &Target::any())?;
    let snapshot = parts.store.snapshot();
    let mut people: Vec<PersonEntry> = snapshot
        .people()
        .map(|person| PersonEntry::of(person))
        .collect();
    people.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(page(&People {
        frame: Frame::of(&parts, Some(&caller), "People", "/people"),
        people,
    }))
}

#[derive(Template)]
#[template(path = "person.html")]
struct OnePerson {
    frame: Frame,
    person: PersonEntry,
    roles: Vec<RoleChoice>,
    sessions: Vec<SessionEntry>,
    may: Powers,
    done: Option<&'static str>,
    link: Option<Link>,
}

struct RoleChoice {
    role: &'static str,
    has: bool,
}

/// What the caller may do to the person.
struct Powers {
    suspend: bool,
    roles: bool,
    enrol: bool,
    sessions: bool,
}

struct Link {
    address: String,
    expires: String,
}

#[derive(Deserialize)]
struct Done {
    done: Option<String>,
}

async fn show(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PeopleRead, &of(&id))?;
    let mut shown = one(&parts, &caller, &id).await?;
    shown.done = done.done.as_deref().and_then(said);
    Ok(page(&shown))
}

async fn one(parts: &Parts, caller: &Caller, id: &str) -> Result<OnePerson, Refusal> {
    let person = {
        let snapshot = parts.store.snapshot();
        let person = snapshot.person(id);
        PersonEntry::of(person.ok_or_else(|| Refusal::not_found("person"))?)
    };
    let can = |operation| may(parts, caller, operation, &of(id));
    let may = Powers {
        suspend: can(Operation::PeopleSuspend),
        roles: can(Operation::PeopleRoles),
        enrol: can(Operation::PeopleEnrol),
        sessions: can(Operation::SessionRevoke),
    };
    let sessions = if may.sessions {
        parts.store.sessions_of(id, (parts.clock)()).await?
    } else {
        Vec::new()
    };
    let has = |role: &str| person.roles.iter().any(|have| have == role);
    let roles = ROLES.iter().map(|role| RoleChoice {
        role,
        has: has(role),
    });
    Ok(OnePerson {
        frame: Frame::of(parts, Some(caller), id, "/people"),
        roles: roles.collect(),
        sessions: sessions.into_iter().map(SessionEntry::from).collect(),
        person,
        may,
        done: None,
        link: None,
    })
}

#[derive(Deserialize)]
struct NewState {
    state: String,
}

async fn set_state(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Form(asked): Form<NewState>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PeopleSuspend, &of(&id))?;
    let state = match asked.state.as_str() {
        "active" => PersonState::Active,
        "suspended" => PersonState::Suspended,
        _ => return Err(Refusal::unreadable("a state is active or suspended")),
    };
    let change = PersonChange::State(state);
    parts
        .store
        .change_person(&id, &change, (parts.clock)())
        .await?;
    Ok(back(&id, "state"))
}

/// A list of check boxes is sent as one name many times, which a struct can not take.
async fn set_roles(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Form(asked): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PeopleRoles, &of(&id))?;
    let values = |name: &'static str| {
        let named = asked.iter().filter(move |(have, _)| have == name);
        named.map(|(_, value)| value.clone())
    };
    let change = PersonChange::Roles {
        roles: values("role").collect(),
        break_glass: values("break_glass").next().is_some(),
    };
    parts
        .store
        .change_person(&id, &change, (parts.clock)())
        .await?;
    Ok(back(&id, "roles"))
}

async fn enrol(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::PeopleEnrol, &of(&id))?;
    let now: Timestamp = (parts.clock)();
    let by = Some(caller.id());
    let token = parts
        .store
        .issue_link(&id, LinkPurpose::Enrol, by, now)
        .await?;
    let mut shown = one(&parts, &caller, &id).await?;
    shown.link = Some(Link {
        address: enrolment_address(&parts, token.expose_secret()),
        expires: shown::time(&(now + SignedDuration::from_hours(LINK_HOURS))),
    });
    Ok(page(&shown))
}

async fn end_sessions(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::SessionRevoke, &of(&id))?;
    let now = (parts.clock)();
    parts
        .store
        .end_sessions_of(&id, None, SessionEnd::Revoked, now)
        .await?;
    Ok(back(&id, "sessions"))
}

/// A person's own record is theirs.
fn of(id: &str) -> Target<'_> {
    Target {
        kind: "person",
        id,
        made_by: Some(id),
    }
}

fn back(id: &str, done: &str) -> Response {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    Redirect::to(&format!("/people/{id}?done={done}")).into_response()
}

/// What was done, in words of ours: the address of a page says nothing by itself.
fn said(done: &str) -> Option<&'static str> {
    match done {
        "state" => Some("The state was changed."),
        "roles" => Some("The roles were changed. They count from the next request on."),
        "sessions" => Some("Every session was ended."),
        _ => None,
    }
}
