//! One's own account: ways to sign in, and where one is signed in.

use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use wardgate_authz::{Operation, Target};
use wardgate_identity::SESSION_COOKIE;
use wardgate_records::people::{
    Credential, CredentialKind, NewCredential, NewSecret, Session, SessionEnd, suffices,
};
use wardgate_records::{RecordId, RecordsError};

use super::enrol::{Codes, ask_for_passkey, capital, new_codes, registered};
use super::signing::{Answer, Ask, Door};
use crate::Parts;
use crate::allow::allow;
use crate::caller::{Caller, Named, SignedIn};
use crate::frame::{Frame, page, with_status};
use crate::refusal::Refusal;
use crate::return_to;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/account", get(show))
        .route("/account/passkey/begin", post(begin))
        .route("/account/passkey/finish", post(finish))
        .route("/account/ways/{id}/name", post(rename))
        .route("/account/ways/{id}/remove", post(remove))
        .route("/account/recovery-codes", post(recovery_codes))
        .route("/account/sessions/{id}/end", post(end_session))
        .route("/account/sessions/end-others", post(end_others))
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    frame: Frame,
    fault: Option<String>,
    done: Option<&'static str>,
    person: String,
    roles: String,
    level: &'static str,
    ways: Vec<Way>,
    has_totp: bool,
    codes_left: u64,
    sessions: Vec<Place>,
}

struct Way {
    id: RecordId,
    title: String,
    label: String,
    note: Option<&'static str>,
    added: String,
    used: String,
    is_passkey: bool,
    removable: bool,
}

struct Place {
    id: RecordId,
    about: String,
    since: String,
    seen: String,
    current: bool,
}

#[derive(Deserialize)]
struct Done {
    #[serde(default)]
    done: String,
}

async fn show(
    SignedIn(caller): SignedIn,
    door: Door,
    Query(done): Query<Done>,
) -> Result<Response, Refusal> {
    own(&door, &caller)?;
    let done = DONE.iter().find(|(word, _)| *word == done.done);
    let account = account(&door, &caller, done.map(|(_, said)| *said), None).await?;
    Ok(page(&account))
}

async fn account(
    door: &Door,
    caller: &Caller,
    done: Option<&'static str>,
    fault: Option<String>,
) -> Result<Account, Refusal> {
    let store = &door.parts.store;
    let held = store.credentials(caller.id()).await?;
    let sessions = store.sessions_of(caller.id(), door.now()).await?;
    let current = current(door).await?;
    let roles = match &caller.who {
        Named::Person { roles, .. } => roles.join(", "),
        Named::App { .. } => String::new(),
    };
    Ok(Account {
        frame: Frame::of(&door.parts, Some(caller), "Your account", "/account"),
        fault,
        done,
        person: caller.id().to_owned(),
        roles,
        level: match caller.mfa_level {
            3.. => "proven by a passkey",
            2 => "proven by two factors",
            _ => "proven by one factor",
        },
        ways: held.iter().map(|way| way_of(way, &held)).collect(),
        has_totp: held.iter().any(|way| way.kind == CredentialKind::Totp),
        codes_left: store.recovery_codes_left(caller.id()).await?,
        sessions: sessions
            .into_iter()
            .map(|session| Place {
                current: Some(session.id) == current.as_ref().map(|current| current.id),
                since: said(session.started_at),
                seen: said(session.seen_at),
                id: session.id,
                about: session.about,
            })
            .collect(),
    })
}

fn way_of(way: &Credential, all: &[Credential]) -> Way {
    let others = all.iter().filter(|other| other.id != way.id);
    let (title, note) = match way.kind {
        CredentialKind::Passkey => (way.label.clone(), Some("passkey")),
        CredentialKind::Totp => ("Authenticator app".to_owned(), None),
        CredentialKind::Password => ("Password".to_owned(), Some("with a one-time code")),
        CredentialKind::Recovery => ("Recovery codes".to_owned(), None),
    };
    Way {
        id: way.id,
        title,
        label: way.label.clone(),
        note,
        added: said(way.created_at),
        // Uses are kept to the hour: the hour may have begun before the way was there.
        used: way.used_at.map_or_else(
            || "never".to_owned(),
            |used_at| said(used_at.max(way.created_at)),
        ),
        is_passkey: way.kind == CredentialKind::Passkey,
        removable: suffices(others.map(|other| other.kind)),
    }
}

async fn begin(SignedIn(caller): SignedIn, door: Door) -> Result<Json<Ask>, Refusal> {
    own(&door, &caller)?;
    fresh(&caller)?;
    ask_for_passkey(&door, caller.id(), false).await
}

async fn finish(
    SignedIn(caller): SignedIn,
    door: Door,
    Json(answer): Json<Answer>,
) -> Result<Response, Refusal> {
    own(&door, &caller)?;
    fresh(&caller)?;
    let new = registered(&door, caller.id(), &answer).await?;
    let way = NewCredential {
        label: answer.label(),
        secret: NewSecret::Passkey {
            credential_id: &new.credential_id,
            state: &new.state,
        },
    };
    let store = &door.parts.store;
    store.add_credential(caller.id(), &way, door.now()).await?;
    Ok(answer.next().into_response())
}

#[derive(Deserialize)]
struct Label {
    label: String,
}

async fn rename(
    SignedIn(caller): SignedIn,
    door: Door,
    Path(id): Path<String>,
    Form(form): Form<Label>,
) -> Result<Response, Refusal> {
    own(&door, &caller)?;
    let store = &door.parts.store;
    store
        .name_credential(caller.id(), read(&id)?, &form.label)
        .await?;
    Ok(Redirect::to("/account?done=renamed").into_response())
}

async fn remove(
    SignedIn(caller): SignedIn,
    door: Door,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    own(&door, &caller)?;
    if fresh(&caller).is_err() {
        return Ok(to_step_up());
    }
    let store = &door.parts.store;
    match store
        .remove_credential(caller.id(), read(&id)?, door.now())
        .await
    {
        Ok(()) => Ok(Redirect::to("/account?done=removed").into_response()),
        Err(RecordsError::AccountRefused { why }) => {
            let account = account(&door, &caller, None, Some(capital(&why))).await?;
            Ok(with_status(StatusCode::CONFLICT, &account))
        }
        Err(error) => Err(error.into()),
    }
}

async fn recovery_codes(SignedIn(caller): SignedIn, door: Door) -> Result<Response, Refusal> {
    own(&door, &caller)?;
    if fresh(&caller).is_err() {
        return Ok(to_step_up());
    }
    let codes = new_codes();
    let way = NewCredential {
        label: "Recovery codes",
        secret: NewSecret::Recovery(&codes),
    };
    let store = &door.parts.store;
    store.add_credential(caller.id(), &way, door.now()).await?;
    let frame = Frame::of(&door.parts, Some(&caller), "Recovery codes", "/account").narrow();
    Ok(page(&Codes {
        frame,
        codes: &codes,
    }))
}

async fn end_session(
    SignedIn(caller): SignedIn,
    door: Door,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    own(&door, &caller)?;
    let store = &door.parts.store;
    store
        .revoke_session(caller.id(), read(&id)?, door.now())
        .await?;
    Ok(Redirect::to("/account?done=ended").into_response())
}

async fn end_others(SignedIn(caller): SignedIn, door: Door) -> Result<Response, Refusal> {
    own(&door, &caller)?;
    let current = current(&door).await?.ok_or_else(Refusal::stranger)?;
    let store = &door.parts.store;
    let why = SessionEnd::Revoked;
    store
        .end_sessions_of(caller.id(), Some(current.id), why, door.now())
        .await?;
    Ok(Redirect::to("/account?done=ended").into_response())
}

async fn current(door: &Door) -> Result<Option<Session>, Refusal> {
    match door.cookie(SESSION_COOKIE) {
        Some(token) => Ok(door.parts.store.find_session(token, door.now()).await?),
        None => Ok(None),
    }
}

fn own(door: &Door, caller: &Caller) -> Result<(), Refusal> {
    let target = Target {
        kind: "person",
        id: caller.id(),
        made_by: Some(caller.id()),
    };
    allow(&door.parts, caller, Operation::AccountOwn, &target).map(drop)
}

/// Ways to sign in are changed only by whoever just proved who they are: a page left open changes
/// none.
fn fresh(caller: &Caller) -> Result<(), Refusal> {
    if caller.mfa_level >= 2 && caller.mfa_age_s < FRESH_S {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "session.too_old",
        "This needs a fresh proof.",
        "Open `/step-up?return=/account` first.",
    ))
}

fn to_step_up() -> Response {
    Redirect::to(&return_to::by_way_of("/step-up", "/account")).into_response()
}

fn read(id: &str) -> Result<RecordId, Refusal> {
    id.parse().map_err(|_| Refusal::not_found("entry"))
}

/// A time to the minute, in UTC.
fn said(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

const FRESH_S: u64 = 300;
const DONE: [(&str, &str); 4] = [
    ("passkey", "The passkey was added."),
    ("renamed", "The name was changed."),
    ("removed", "It was removed."),
    ("ended", "The session was ended."),
];
