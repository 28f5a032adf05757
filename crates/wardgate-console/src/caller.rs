//! Who asks the console: a person with a session, or an application with a token.

use axum::http::HeaderMap;
use wardgate_authz::{Actor, Who};

use crate::Parts;

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
