//! Who is in which group, and the roles that follow from it.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::person::{self, Held};
use super::{DirectoryError, DirectoryRules, GROUP_OBJECT, Words, open};
use crate::error::RecordsError;
use crate::store::Inner;
use crate::store::rows::Change;

/// The groups of a person: id and name.
pub(super) async fn groups_of(
    connection: &mut SqliteConnection,
    inner: &Inner,
    person: &str,
) -> Result<Vec<(String, String)>, RecordsError> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT id, sealed FROM directory_groups WHERE id IN \
         (SELECT group_id FROM directory_members WHERE person = $1) ORDER BY id",
    )
    .bind(person)
    .fetch_all(connection)
    .await
    .map_err(RecordsError::database("read the directory"))?;
    rows.into_iter()
        .map(|(id, sealed)| {
            let words: Words = open(inner, GROUP_OBJECT, &id, &sealed)?;
            Ok((id, words.name))
        })
        .collect()
}

/// The roles that the groups of a person give.
pub(super) async fn roles_of(
    connection: &mut SqliteConnection,
    inner: &Inner,
    rules: &DirectoryRules,
    person: &str,
) -> Result<BTreeSet<String>, RecordsError> {
    let groups = groups_of(connection, inner, person).await?;
    let roles = groups
        .iter()
        .filter_map(|(_, name)| rules.roles.get(name).cloned());
    Ok(roles.collect())
}

/// Gives a person the roles of their groups, and takes those away that they had by groups only.
pub(super) async fn settle_roles(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    rules: &DirectoryRules,
    (id, before): (&str, &BTreeSet<String>),
) -> Result<(), DirectoryError> {
    let after = roles_of(connection, inner, rules, id).await?;
    if *before == after {
        return Ok(());
    }
    let Some(Held { mut person, name }) = person::held(connection, inner, id).await? else {
        return Ok(());
    };
    person
        .roles
        .retain(|role| after.contains(role) || !before.contains(role));
    for role in after {
        if !person.roles.contains(&role) {
            person.roles.push(role);
        }
    }
    person.roles.sort_unstable();
    person::write(connection, change, inner, Held { person, name }).await
}
