//! At least two people can always administer.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::credential::{CredentialKind, suffices};
use super::{person_of, refused};
use crate::error::RecordsError;
use crate::record::PersonState;
use crate::store::Store;

/// The role of those who administer.
pub const ADMINISTRATOR: &str = "administrator";
/// How many administrators a hospital must keep once it has them: alone, one could change what
/// only two may, and when that one is gone, nobody can do anything.
pub const ADMINISTRATORS_MIN: usize = 2;

/// Whether a change that takes the number of enrolled administrators from `before` to `after` may
/// be made: never a fall below [`ADMINISTRATORS_MIN`].
#[must_use]
pub const fn keeps_enough_administrators(before: usize, after: usize) -> bool {
    after >= before || after >= ADMINISTRATORS_MIN
}

impl Store {
    /// Who is an enrolled administrator: active, with that role, and able to sign in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn enrolled_administrators(&self) -> Result<Vec<String>, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read accounts"))?;
        enrolled(&mut connection).await
    }
}

/// As the transaction that decides on them sees them.
pub(crate) async fn enrolled(
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, RecordsError> {
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT person, kind FROM credentials")
        .fetch_all(&mut *connection)
        .await
        .map_err(RecordsError::database("read credentials"))?;
    let mut ways: BTreeMap<String, Vec<CredentialKind>> = BTreeMap::new();
    for (person, kind) in rows {
        let kind = CredentialKind::read(&kind)?;
        ways.entry(person).or_default().push(kind);
    }
    let mut administrators = Vec::new();
    for (person, kinds) in ways {
        if !suffices(kinds) {
            continue;
        }
        let body: Option<String> =
            sqlx::query_scalar("SELECT body FROM records WHERE kind = 'person' AND id = $1")
                .bind(&person)
                .fetch_optional(&mut *connection)
                .await
                .map_err(RecordsError::database("read records"))?;
        let Some(body) = body else { continue };
        let record = person_of(&person, &body)?;
        let administers = record.roles.iter().any(|role| role == ADMINISTRATOR);
        if administers && record.state == PersonState::Active {
            administrators.push(person);
        }
    }
    Ok(administrators)
}

/// Refuses the transaction when it leaves too few administrators, given how many there were.
pub(crate) async fn guard(
    connection: &mut SqliteConnection,
    before: usize,
) -> Result<(), RecordsError> {
    let after = enrolled(connection).await?.len();
    if keeps_enough_administrators(before, after) {
        return Ok(());
    }
    refused(format!(
        "it would leave {after} enrolled administrator{}, and {ADMINISTRATORS_MIN} must stay",
        if after == 1 { "" } else { "s" }
    ))
}

#[cfg(test)]
mod tests {
    use super::keeps_enough_administrators;

    #[test]
    fn administrators_never_become_fewer_than_two_by_a_change() {
        for (before, after, may) in [
            (0, 0, true),
            (0, 1, true),
            (1, 1, true),
            (1, 2, true),
            (3, 2, true),
            (2, 1, false),
            (1, 0, false),
            (3, 1, false),
        ] {
            assert_eq!(
                keeps_enough_administrators(before, after),
                may,
                "{before} to {after}"
            );
        }
    }
}
