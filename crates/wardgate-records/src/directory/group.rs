//! Groups of the directory. A group gives the role that the operator mapped its name to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Map;
use sqlx::SqliteConnection;

use super::{
    DirectoryError, DirectoryRules, GROUP_OBJECT, RESOURCES_MAX, Words, digest, folded, membership,
    open, refuse_taken, seal,
};
use crate::RecordId;
use crate::error::RecordsError;
use crate::store::rows::{Change, count, micros, timestamp};
use crate::store::{Inner, Store};

/// A group of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryGroup {
    /// Its id.
    pub id: String,
    /// Its name, by which roles are mapped.
    pub display_name: String,
    /// What the directory knows it by.
    pub external_id: Option<String>,
    /// The ids of the people in it, in order.
    pub members: Vec<String>,
    /// How often it was changed, from 1.
    pub version: u64,
    /// Since when the directory has it.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A group as the directory wants it.
#[derive(Clone, Debug)]
pub struct GroupWrite<'a> {
    /// Its name.
    pub display_name: &'a str,
    /// What the directory knows it by.
    pub external_id: Option<&'a str>,
    /// The ids of the people in it.
    pub members: &'a BTreeSet<String>,
    /// The application that writes.
    pub source: &'a str,
}

/// Which groups are asked for: all that fit every condition.
#[derive(Clone, Debug, Default)]
pub struct GroupQuery {
    /// By the id.
    pub id: Option<String>,
    /// By the name, in any case.
    pub display_name: Option<String>,
    /// By the external id.
    pub external_id: Option<String>,
}

impl Store {
    /// Takes a new group from the directory.
    ///
    /// # Errors
    /// When the name or the external id is taken, a member is not known, a value is unfit, or the
    /// store fails.
    pub async fn create_directory_group(
        &self,
        wanted: &GroupWrite<'_>,
        rules: &DirectoryRules,
        now: Timestamp,
    ) -> Result<DirectoryGroup, DirectoryError> {
        check(wanted)?;
        let mut change = self.inner.write().await?;
        let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM directory_groups")
            .fetch_one(&mut *change)
            .await
            .map_err(RecordsError::database("count the directory"))?;
        if all >= RESOURCES_MAX {
            return Err(DirectoryError::TooMany(RESOURCES_MAX));
        }
        let id = RecordId::new(now, self.inner.vault.random()).to_string();
        let mut numbered = Change::begin(&mut change, now).await?;
        let roles = roles(&mut change, &self.inner, rules, wanted.members).await?;
        sqlx::query(
            "INSERT INTO directory_groups (id, display_name, external_id, source, version, \
             changed, created_at, changed_at, sealed) VALUES ($1, $2, $3, $4, 1, $5, $6, $6, $7)",
        )
        .bind(&id)
        .bind(name_digest(&self.inner, wanted.display_name))
        .bind(external_digest(&self.inner, wanted.external_id))
        .bind(wanted.source)
        .bind(numbered.sequence)
        .bind(micros(now))
        .bind(sealed(&self.inner, &id, wanted)?)
        .execute(&mut *change)
        .await
        .map_err(refuse_taken("write the directory", NAME_TAKEN))?;
        put_members(&mut change, &id, wanted.members).await?;
        settle(&mut change, &mut numbered, &self.inner, rules, &roles).await?;
        let group = read(&mut change, &self.inner, &id).await?;
        self.commit_directory(change, now).await?;
        Ok(group)
    }

    /// Makes a group be as the directory wants. `version` is the one that was read, if that matters.
    ///
    /// # Errors
    /// When there is none, it was changed meanwhile, the name or the external id is taken, a member
    /// is not known, too few administrators would stay, or the store fails.
    pub async fn replace_directory_group(
        &self,
        id: &str,
        version: Option<u64>,
        wanted: &GroupWrite<'_>,
        rules: &DirectoryRules,
        now: Timestamp,
    ) -> Result<DirectoryGroup, DirectoryError> {
        check(wanted)?;
        let mut change = self.inner.write().await?;
        let before = read(&mut change, &self.inner, id).await?;
        if version.is_some_and(|version| version != before.version) {
            return Err(DirectoryError::Changed);
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        let touched = before.members.iter().chain(wanted.members).cloned();
        let touched: BTreeSet<String> = touched.collect();
        let roles = roles(&mut change, &self.inner, rules, &touched).await?;
        sqlx::query(
            "UPDATE directory_groups SET display_name = $1, external_id = $2, source = $3, \
             version = version + 1, changed = $4, changed_at = $5, sealed = $6 WHERE id = $7",
        )
        .bind(name_digest(&self.inner, wanted.display_name))
        .bind(external_digest(&self.inner, wanted.external_id))
        .bind(wanted.source)
        .bind(numbered.sequence)
        .bind(micros(now))
        .bind(sealed(&self.inner, id, wanted)?)
        .bind(id)
        .execute(&mut *change)
        .await
        .map_err(refuse_taken("write the directory", NAME_TAKEN))?;
        drop_members(&mut change, id).await?;
        put_members(&mut change, id, wanted.members).await?;
        settle(&mut change, &mut numbered, &self.inner, rules, &roles).await?;
        let group = read(&mut change, &self.inner, id).await?;
        self.commit_directory(change, now).await?;
        Ok(group)
    }

    /// Removes a group: nobody has the role that it gave any more.
    ///
    /// # Errors
    /// When there is none, too few administrators would stay, or the store fails.
    pub async fn remove_directory_group(
        &self,
        id: &str,
        rules: &DirectoryRules,
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        let mut change = self.inner.write().await?;
        let before = read(&mut change, &self.inner, id).await?;
        let members: BTreeSet<String> = before.members.into_iter().collect();
        let mut numbered = Change::begin(&mut change, now).await?;
        let roles = roles(&mut change, &self.inner, rules, &members).await?;
        drop_members(&mut change, id).await?;
        sqlx::query("DELETE FROM directory_groups WHERE id = $1")
            .bind(id)
            .execute(&mut *change)
            .await
            .map_err(RecordsError::database("write the directory"))?;
        settle(&mut change, &mut numbered, &self.inner, rules, &roles).await?;
        self.commit_directory(change, now).await
    }

    /// A group by its id.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn directory_group(&self, id: &str) -> Result<DirectoryGroup, DirectoryError> {
        let reader = self.inner.reader.acquire().await;
        let mut reader = reader.map_err(RecordsError::database("read the directory"))?;
        read(&mut reader, &self.inner, id).await
    }

    /// How many groups fit, and a page of them, in the order of their ids.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn directory_groups(
        &self,
        query: &GroupQuery,
        (skipped, page): (u64, u64),
    ) -> Result<(u64, Vec<DirectoryGroup>), DirectoryError> {
        let reader = self.inner.reader.acquire().await;
        let mut reader = reader.map_err(RecordsError::database("read the directory"))?;
        let display_name = query.display_name.as_deref();
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM directory_groups WHERE ($1 IS NULL OR id = $1) \
             AND ($2 IS NULL OR display_name = $2) AND ($3 IS NULL OR external_id = $3) ORDER BY id",
        )
        .bind(&query.id)
        .bind(display_name.map(|name| name_digest(&self.inner, name)))
        .bind(external_digest(&self.inner, query.external_id.as_deref()))
        .fetch_all(&mut *reader)
        .await
        .map_err(RecordsError::database("read the directory"))?;
        let total = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        let (skipped, page) = (usize::try_from(skipped), usize::try_from(page));
        let mut groups = Vec::new();
        for id in ids
            .iter()
            .skip(skipped.unwrap_or(usize::MAX))
            .take(page.unwrap_or(0))
        {
            groups.push(read(&mut reader, &self.inner, id).await?);
        }
        Ok((total, groups))
    }

    pub(super) async fn commit_directory(
        &self,
        change: sqlx::Transaction<'_, sqlx::Sqlite>,
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        let committed = change.commit().await;
        committed.map_err(RecordsError::database("write the directory"))?;
        self.refresh(now).await?;
        Ok(())
    }
}

/// What the groups of each of these people give them before a change.
type Roles = BTreeMap<String, BTreeSet<String>>;

async fn roles(
    connection: &mut SqliteConnection,
    inner: &Inner,
    rules: &DirectoryRules,
    people: &BTreeSet<String>,
) -> Result<Roles, RecordsError> {
    let mut roles = Roles::new();
    for person in people {
        let given = membership::roles_of(connection, inner, rules, person).await?;
        roles.insert(person.clone(), given);
    }
    Ok(roles)
}

async fn settle(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    rules: &DirectoryRules,
    before: &Roles,
) -> Result<(), DirectoryError> {
    for (person, roles) in before {
        membership::settle_roles(connection, change, inner, rules, (person, roles)).await?;
    }
    Ok(())
}

async fn put_members(
    connection: &mut SqliteConnection,
    id: &str,
    members: &BTreeSet<String>,
) -> Result<(), DirectoryError> {
    for person in members {
        let known: Option<i64> = sqlx::query_scalar(
            "SELECT version FROM directory_users WHERE person = $1 AND sealed IS NOT NULL",
        )
        .bind(person)
        .fetch_optional(&mut *connection)
        .await
        .map_err(RecordsError::database("read the directory"))?;
        if known.is_none() {
            return Err(DirectoryError::Unfit(
                "a member is not a user of the directory",
            ));
        }
        sqlx::query("INSERT INTO directory_members (group_id, person) VALUES ($1, $2)")
            .bind(id)
            .bind(person)
            .execute(&mut *connection)
            .await
            .map_err(RecordsError::database("write the directory"))?;
    }
    Ok(())
}

async fn drop_members(connection: &mut SqliteConnection, id: &str) -> Result<(), RecordsError> {
    sqlx::query("DELETE FROM directory_members WHERE group_id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map_err(RecordsError::database("write the directory"))?;
    Ok(())
}

fn check(wanted: &GroupWrite<'_>) -> Result<(), DirectoryError> {
    let fits = |text: &str| {
        !text.trim().is_empty()
            && text.len() <= WORD_BYTES_MAX
            && !text.chars().any(char::is_control)
    };
    if !fits(wanted.display_name) {
        return Err(DirectoryError::Unfit("`displayName` is empty or too long"));
    }
    if !wanted.external_id.is_none_or(fits) {
        return Err(DirectoryError::Unfit("`externalId` is empty or too long"));
    }
    if wanted.members.len() > MEMBERS_MAX {
        return Err(DirectoryError::Unfit("a group has too many members"));
    }
    Ok(())
}

async fn read(
    connection: &mut SqliteConnection,
    inner: &Inner,
    id: &str,
) -> Result<DirectoryGroup, DirectoryError> {
    let row: Option<(i64, i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT version, created_at, changed_at, sealed FROM directory_groups WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await
    .map_err(RecordsError::database("read the directory"))?;
    let (version, created_at, changed_at, sealed) = row.ok_or(DirectoryError::Unknown)?;
    let members: Vec<String> = sqlx::query_scalar(
        "SELECT person FROM directory_members WHERE group_id = $1 ORDER BY person",
    )
    .bind(id)
    .fetch_all(connection)
    .await
    .map_err(RecordsError::database("read the directory"))?;
    let words: Words = open(inner, GROUP_OBJECT, id, &sealed)?;
    Ok(DirectoryGroup {
        id: id.to_owned(),
        display_name: words.name,
        external_id: words.external_id,
        members,
        version: count(version),
        created_at: timestamp(created_at)?,
        changed_at: timestamp(changed_at)?,
    })
}

fn sealed(inner: &Inner, id: &str, wanted: &GroupWrite<'_>) -> Result<Vec<u8>, RecordsError> {
    let words = Words {
        name: wanted.display_name.to_owned(),
        active: true,
        external_id: wanted.external_id.map(str::to_owned),
        attributes: Map::new(),
    };
    seal(inner, GROUP_OBJECT, id, &words)
}

fn name_digest(inner: &Inner, name: &str) -> Vec<u8> {
    digest(inner, "group name", &folded(name))
}

fn external_digest(inner: &Inner, external_id: Option<&str>) -> Option<Vec<u8>> {
    external_id.map(|external_id| digest(inner, "group", external_id))
}

const WORD_BYTES_MAX: usize = 256;
const MEMBERS_MAX: usize = 10_000;
const NAME_TAKEN: &str = "another group has this name or external id";
