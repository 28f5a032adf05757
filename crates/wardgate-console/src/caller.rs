//! Who asks the console: a person with a session, or an application with a token.

use axum::extract::FromRequestParts;
use axum::http::request;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Redirect, Response};
use wardgate_authz::{Actor, Who};

use crate::refusal::Refusal;
use crate::{Parts, return_to};

/// Somebody who was identified.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Named,
    /// 0 none, 1 one factor, 2 two factors, 3 phishing-resistant.
    pub(crate) mfa_level: u8,
    /// How many seconds ago they last proved it.
    pub(crate) mfa_age_s: u64,
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

/// Identifies the sender of a request by its session cookie or bearer token.
pub(crate) async fn identify(parts: &Parts, headers: &HeaderMap) -> Result<Caller, Stranger> {
    let _ = (parts, headers);
    Err(Stranger)
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
            Ok(caller) if matches!(caller.who, Named::Person { .. }) => Ok(Self(caller)),
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
