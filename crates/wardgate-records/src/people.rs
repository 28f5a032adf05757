//! People who sign in: accounts, ways to sign in, sessions, one-time links and challenges.
//!
//! The store keeps what is presented to it and interprets none of it: whether a passkey's answer
//! or a password is right, `wardgate-identity` says. What is told apart here is what must be true
//! of rows: who exists, what is single-use, what has ended, who must not be the last.

mod account;
mod administrators;
mod challenge;
mod credential;
mod device;
mod enrol;
mod link;
pub(crate) mod mint;
mod session;
mod standing;

use sqlx::SqliteConnection;

use crate::error::RecordsError;
use crate::record::{Person, PersonState};

pub use account::Account;
pub use administrators::{ADMINISTRATOR, ADMINISTRATORS_MIN, keeps_enough_administrators};
pub(crate) use administrators::{
    enrolled as enrolled_administrators, guard as guard_administrators,
};
pub use challenge::{CHALLENGE_MS, CHALLENGES_MAX, ChallengeKind};
pub use credential::{
    CREDENTIALS_MAX, Credential, CredentialKind, LABEL_CHARS_MAX, NewCredential, NewSecret,
    suffices,
};
pub use device::{DEVICE_DAYS, DEVICES_MAX};
pub use link::{LINK_HOURS, Link, LinkPurpose};
pub(crate) use session::end_all as end_sessions;
pub use session::{
    CLI_SESSION_MS, Means, NewSession, ProviderSession, Rotation, SESSION_IDLE_MS, SESSION_MS,
    SESSIONS_MAX, Session, SessionEnd, SessionKind, SessionRequest,
};
pub use standing::PersonChange;

/// The person on file, if there is one who may act.
pub(crate) async fn active_person(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Person, RecordsError> {
    let body: Option<String> =
        sqlx::query_scalar("SELECT body FROM records WHERE kind = 'person' AND id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read records"))?;
    let Some(body) = body else {
        return Err(RecordsError::Unknown {
            kind: "person",
            id: id.to_owned(),
        });
    };
    let person = person_of(id, &body)?;
    if person.state != PersonState::Active {
        return refused(format!("`{id}` is suspended"));
    }
    Ok(person)
}

pub(crate) fn person_of(id: &str, body: &str) -> Result<Person, RecordsError> {
    serde_json::from_str(body)
        .map_err(|_| RecordsError::damaged(format!("person/{id}"), "its body is not readable"))
}

pub(crate) fn refused<T>(why: impl Into<String>) -> Result<T, RecordsError> {
    Err(RecordsError::AccountRefused { why: why.into() })
}

/// What the sealed columns of people are bound to, beside the id of their row.
pub(crate) const CREDENTIAL_OBJECT: &str = "person.credential";
pub(crate) const SESSION_OBJECT: &str = "person.session";
pub(crate) const CHALLENGE_OBJECT: &str = "person.challenge";
