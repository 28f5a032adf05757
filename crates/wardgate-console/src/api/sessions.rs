//! Sessions: one's own, and the end of those of others.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::people::{Session, SessionEnd};

use super::route::{Answer, Api, Ask, Route};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default()
        .route(
            Route::get(
                "/api/me/sessions",
                Operation::AccountOwn,
                "List one's own sessions.",
            )
            .gives::<Sessions>(),
            own,
        )
        .route(
            Route::delete(
                "/api/me/session",
                Operation::AccountOwn,
                "End the session that asks.",
            ),
            end_this,
        )
        .route(
            Route::delete(
                "/api/me/sessions/{id}",
                Operation::AccountOwn,
                "End one of one's own sessions.",
            ),
            end_own,
        )
        .route(
            Route::get(
                "/api/people/{id}/sessions",
                Operation::SessionRevoke,
                "List the sessions of a person.",
            )
            .gives::<Sessions>(),
            of_person,
        )
        .route(
            Route::delete(
                "/api/people/{id}/sessions",
                Operation::SessionRevoke,
                "End every session of a person.",
            ),
            end_all,
        )
        .route(
            Route::delete(
                "/api/people/{id}/sessions/{session}",
                Operation::SessionRevoke,
                "End a session of a person.",
            ),
            end_one,
        )
}

/// Sessions that go on, the newest first.
#[derive(Serialize, ToSchema)]
struct Sessions {
    sessions: Vec<SessionEntry>,
}

/// A session. Its token is told nowhere.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionEntry {
    pub(crate) id: String,
    /// `browser` or `cli`.
    pub(crate) kind: &'static str,
    /// What browser or program it is.
    pub(crate) about: String,
    pub(crate) mfa_level: u8,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) started: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) last_used: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) ends: Timestamp,
}

impl From<Session> for SessionEntry {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.to_string(),
            kind: session.kind.as_str(),
            about: session.about,
            mfa_level: session.mfa_level,
            started: session.started_at,
            last_used: session.seen_at,
            ends: session.ends_at,
        }
    }
}

fn account(person: &str) -> Target<'_> {
    Target {
        kind: "account",
        id: person,
        made_by: Some(person),
    }
}

async fn own(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&account(ask.caller.id()))?;
    let sessions = sessions_of(&ask, ask.caller.id()).await?;
    Ok(Answer::of(allowed, &sessions))
}

async fn end_this(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&account(ask.caller.id()))?;
    if let Some(session) = &ask.caller.session {
        let store = &ask.parts.store;
        store
            .revoke_session(&session.person, session.id, ask.now())
            .await?;
    }
    Ok(Answer::done(allowed))
}

async fn end_own(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&account(ask.caller.id()))?;
    end(&ask, ask.caller.id(), ask.path("id")).await?;
    Ok(Answer::done(allowed))
}

async fn of_person(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&account(ask.path("id")))?;
    let sessions = sessions_of(&ask, ask.path("id")).await?;
    Ok(Answer::of(allowed, &sessions))
}

async fn end_all(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&account(ask.path("id")))?;
    let store = &ask.parts.store;
    store
        .end_sessions_of(ask.path("id"), None, SessionEnd::Revoked, ask.now())
        .await?;
    Ok(Answer::done(allowed))
}

async fn end_one(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&account(ask.path("id")))?;
    end(&ask, ask.path("id"), ask.path("session")).await?;
    Ok(Answer::done(allowed))
}

async fn sessions_of(ask: &Ask, person: &str) -> Result<Sessions, Refusal> {
    let sessions = ask.parts.store.sessions_of(person, ask.now()).await?;
    Ok(Sessions {
        sessions: sessions.into_iter().map(SessionEntry::from).collect(),
    })
}

/// A session of somebody else is as unknown here as one that never was.
async fn end(ask: &Ask, person: &str, session: &str) -> Result<(), Refusal> {
    let unknown = || Refusal::not_found("session");
    let id = session.parse().map_err(|_| unknown())?;
    let ended = ask
        .parts
        .store
        .revoke_session(person, id, ask.now())
        .await?;
    if ended { Ok(()) } else { Err(unknown()) }
}
