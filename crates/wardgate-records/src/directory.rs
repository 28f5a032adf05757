//! People and groups that a directory provisions, and what they become in the records.
//!
//! A user of the directory is a person of the records. The directory decides whether the person may
//! act, what they are called, and, by groups that the operator mapped, which roles they have.
//! Roles that come from elsewhere stay; nothing else of a person can be reached from here.

mod group;
mod logout;
mod membership;
mod person;
mod user;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use wardgate_vault::Binding;
use zeroize::Zeroizing;

use crate::error::RecordsError;
use crate::store::Inner;

pub use group::{DirectoryGroup, GroupQuery, GroupWrite};
pub use user::{DirectoryUser, UserQuery, UserWrite};

/// What the operator decided about a directory.
#[derive(Clone, Debug, Default)]
pub struct DirectoryRules {
    /// The issuer whose subjects are the directory's external ids, if any.
    pub issuer: Option<String>,
    /// Roles by the names of groups. A group that does not stand here gives nothing.
    pub roles: BTreeMap<String, String>,
}

/// Why the directory's order is not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// There is no such user or group.
    #[error("there is no such resource")]
    Unknown,
    /// Another resource has this name or external id, or a person of this name is on file who
    /// does not come from the directory.
    #[error("{0}")]
    Taken(&'static str),
    /// It was changed since it was read.
    #[error("the resource was changed meanwhile")]
    Changed,
    /// A value cannot be taken.
    #[error("{0}")]
    Unfit(&'static str),
    /// There are as many as are kept.
    #[error("there are {0} of them, and no more are kept")]
    TooMany(i64),
    /// The store refuses or fails.
    #[error(transparent)]
    Store(#[from] RecordsError),
}

/// What is sealed of a user or a group: the words of the directory.
#[derive(Serialize, Deserialize)]
struct Words {
    name: String,
    /// Of a user: whether the directory wants them to act.
    active: bool,
    external_id: Option<String>,
    attributes: Map<String, Value>,
}

fn seal(inner: &Inner, object: &str, id: &str, words: &Words) -> Result<Vec<u8>, RecordsError> {
    let text = serde_json::to_vec(words).map(Zeroizing::new);
    let text = text.map_err(|_| RecordsError::damaged(object, "it can not be written"))?;
    let bound_to = Binding::new(object, id.as_bytes());
    Ok(inner.vault.seal(&bound_to, &text)?)
}

fn open<T: DeserializeOwned>(
    inner: &Inner,
    object: &str,
    id: &str,
    sealed: &[u8],
) -> Result<T, RecordsError> {
    let bound_to = Binding::new(object, id.as_bytes());
    let text = inner.vault.open_sealed(&bound_to, sealed)?;
    serde_json::from_slice(&text)
        .map_err(|_| RecordsError::damaged(object, "its sealed part does not read"))
}

/// The keyed digest of a word by which a row is found.
fn digest(inner: &Inner, what: &str, word: &str) -> Vec<u8> {
    let text = Zeroizing::new(format!("directory {what}\0{word}"));
    inner.index_key.mac(text.as_bytes()).to_vec()
}

/// User names and names of groups are found in any case (RFC 7643, 4.1.1).
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn is_unique_fault(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

fn refuse_taken(
    action: &'static str,
    why: &'static str,
) -> impl FnOnce(sqlx::Error) -> DirectoryError {
    move |error| {
        if is_unique_fault(&error) {
            DirectoryError::Taken(why)
        } else {
            RecordsError::database(action)(error).into()
        }
    }
}

/// What the sealed columns of the directory are bound to, beside the id of their row.
pub(crate) const USER_OBJECT: &str = "directory.user";
pub(crate) const GROUP_OBJECT: &str = "directory.group";
/// How many users, and how many groups, a directory may have here.
const RESOURCES_MAX: i64 = 100_000;
