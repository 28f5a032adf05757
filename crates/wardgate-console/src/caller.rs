//! Who asks the console: a person with a session, or an application with a token.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use wardgate_authz::{Actor, Who};
use wardgate_identity::{SESSION_COOKIE, read_cookie};
use wardgate_records::people::{ADMINISTRATOR, ADMINISTRATORS_MIN, Session, SessionKind};

use crate::refusal::Refusal;
use crate::{Parts, oauth, return_to};

/// Somebody who was identified.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Named,
    /// 0 none, 1 one factor, 2 two factors, 3 phishing-resistant.
    pub(crate) mfa_level: u8,
    /// How many seconds ago they last proved it.
    pub(crate) mfa_age_s: u64,
    /// Whether they administer while nobody else can yet.
    pub(crate) second_missing: bool,
    /// The session of a person.
    pub(crate) session: Option<Session>,
}

/// A person or an application, with what they were given.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    Person {
        id: String,
        roles: Vec<String>,
        break_glass: bool,
    },
    App {
        id: String,
        operations: Vec<String>,
    },
}

impl Caller {
    /// As the policies see them.
    pub(crate) fn actor(&self) -> Actor<'_> {
        let who = match &self.who {
            Named::Person {
                id,
                roles,
                break_glass,
            } => Who::Person {
                id,
                roles,
                break_glass: *break_glass,
            },
            Named::App { id, operations } => Who::App { id, operations },
        };
        Actor {
            who,
            mfa_level: self.mfa_level,
            mfa_age_s: self.mfa_age_s,
        }
    }

    /// Whether it is a person in front of a page: tokens of programs open no pages.
    fn in_browser(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.kind == SessionKind::Browser)
    }

    /// The id of the person or the application.
    pub(crate) fn id(&self) -> &str {
        match &self.who {
            Named::Person { id, .. } | Named::App { id, .. } => id,
        }
    }
}

/// Nobody was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stranger;

/// Identifies the sender of a request by its session cookie or bearer token. Who presents both is
/// nobody.
pub(crate) async fn identify(parts: &Parts, headers: &HeaderMap) -> Result<Caller, Stranger> {
    let now = (parts.clock)();
    let mut presented = headers.get_all(header::AUTHORIZATION).iter();
    if let Some(value) = presented.next() {
        // Of two credentials nobody can say which one counts.
        if presented.next().is_some() || names_session(headers) {
            return Err(Stranger);
        }
        let token = bearer(value).ok_or(Stranger)?;
        return match oauth::app_of_bearer(parts, token) {
            Some(who) => Ok(Caller {
                who,
                mfa_level: 0,
                mfa_age_s: u64::MAX,
                second_missing: false,
                session: None,
            }),
            None => by_session(parts, token, SessionKind::Cli, now).await,
        };
    }
    let cookies = headers.get_all(header::COOKIE);
    let cookies = cookies.iter().filter_map(|value| value.to_str().ok());
    let token = read_cookie(cookies, SESSION_COOKIE).ok_or(Stranger)?;
    by_session(parts, token, SessionKind::Browser, now).await
}

/// Whether a cookie of the session's name stands in the request, readable or not.
fn names_session(headers: &HeaderMap) -> bool {
    let name = SESSION_COOKIE.as_bytes();
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .map(HeaderValue::as_bytes)
        .any(|cookies| cookies.windows(name.len()).any(|at| at == name))
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A session counts only where it was made for: what a browser holds is no token of a program.
async fn by_session(
    parts: &Parts,
    token: &str,
    kind: SessionKind,
    now: Timestamp,
) -> Result<Caller, Stranger> {
    let found = parts
        .store
        .find_session(token, now)
        .await
        .map_err(|error| {
            tracing::error!(%error, "a session could not be looked for");
            Stranger
        })?;
    let session = found
        .filter(|session| session.kind == kind)
        .ok_or(Stranger)?;
    let snapshot = parts.store.snapshot();
    let person = snapshot.person(&session.person).ok_or(Stranger)?;
    let roles = session.granted_roles.as_ref().unwrap_or(&person.roles);
    let second_missing =
        roles.iter().any(|role| role == ADMINISTRATOR) && too_few_administrators(parts).await;
    let age_ms = now.as_millisecond() - session.proven_at.as_millisecond();
    Ok(Caller {
        who: Named::Person {
            id: session.person.clone(),
            roles: roles.clone(),
            break_glass: person.break_glass,
        },
        mfa_level: session.mfa_level,
        // A proof of the future is none: the clock was set back.
        mfa_age_s: u64::try_from(age_ms).map_or(u64::MAX, |age_ms| age_ms / 1_000),
        second_missing,
        session: Some(session),
    })
}

/// Whether fewer administrators can sign in than a hospital must have. What cannot be counted is
/// too few.
async fn too_few_administrators(parts: &Parts) -> bool {
    match parts.store.enrolled_administrators().await {
        Ok(enrolled) => enrolled.len() < ADMINISTRATORS_MIN,
        Err(error) => {
            tracing::error!(%error, "the administrators could not be counted");
            true
        }
    }
}

/// Somebody known, for programs: others are told so in JSON.
impl FromRequestParts<Parts> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(
        request: &mut request::Parts,
        parts: &Parts,
    ) -> Result<Self, Refusal> {
        identify(parts, &request.headers)
            .await
            .map_err(|Stranger| Refusal::stranger())
    }
}

/// A person who is signed in, for pages: others are led to where they sign in, and back.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn(pub(crate) Caller);

impl FromRequestParts<Parts> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(
        request: &mut request::Parts,
        parts: &Parts,
    ) -> Result<Self, Response> {
        match identify(parts, &request.headers).await {
            Ok(caller) if caller.in_browser() => Ok(Self(caller)),
            _ => {
                let path = request
                    .uri
                    .path_and_query()
                    .map_or("/", |path| path.as_str());
                // A form is not sent again by itself, so there is no way back to it.
                let back = if request.method == Method::GET {
                    path
                } else {
                    "/"
                };
                Err(Redirect::to(&return_to::by_way_of("/sign-in", back)).into_response())
            }
        }
    }
}
