//! Users of the directory.

use jiff::Timestamp;
use serde_json::{Map, Value};
use sqlx::SqliteConnection;
use zeroize::Zeroizing;

use super::person::{self, Held};
use super::{
    DirectoryError, DirectoryRules, RESOURCES_MAX, USER_OBJECT, Words, digest, folded, membership,
    open, refuse_taken, seal,
};
use crate::error::RecordsError;
use crate::record::{Person, PersonIdentity, PersonState};
use crate::store::rows::{Change, count, micros, timestamp};
use crate::store::{Inner, Store};

/// A user of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryUser {
    /// The person's id in the records.
    pub person: String,
    /// Whether the person may act.
    pub active: bool,
    /// What the directory itself last wanted. An administrator may have suspended the person since.
    pub(crate) ordered_active: bool,
    /// What the directory calls the person.
    pub user_name: String,
    /// What the directory knows the person by.
    pub external_id: Option<String>,
    /// Names and addresses, as the directory writes them.
    pub attributes: Map<String, Value>,
    /// The person's groups: id and name.
    pub groups: Vec<(String, String)>,
    /// How often it was changed, from 1.
    pub version: u64,
    /// Since when the directory has the person.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A user as the directory wants it.
#[derive(Clone, Debug)]
pub struct UserWrite<'a> {
    /// What the directory calls the person.
    pub user_name: &'a str,
    /// What the directory knows the person by.
    pub external_id: Option<&'a str>,
    /// Whether the person may act.
    pub active: bool,
    /// The name that people read.
    pub shown: Option<&'a str>,
    /// Names and addresses.
    pub attributes: &'a Map<String, Value>,
    /// The application that writes.
    pub source: &'a str,
}

/// Which users are asked for: all that fit every condition.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// By the person's id.
    pub id: Option<String>,
    /// By the user name, in any case.
    pub user_name: Option<String>,
    /// By the external id.
    pub external_id: Option<String>,
}

impl Store {
    /// Takes a new person from the directory.
    ///
    /// # Errors
    /// When the name or the external id is taken, a value is unfit, or the store fails.
    pub async fn create_directory_user(
        &self,
        wanted: &UserWrite<'_>,
        rules: &DirectoryRules,
        now: Timestamp,
    ) -> Result<DirectoryUser, DirectoryError> {
        check(wanted)?;
        let mut change = self.inner.write().await?;
        let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM directory_users")
            .fetch_one(&mut *change)
            .await
            .map_err(RecordsError::database("count the directory"))?;
        if all >= RESOURCES_MAX {
            return Err(DirectoryError::TooMany(RESOURCES_MAX));
        }
        let id = person::new_id(&mut change, wanted.user_name).await?;
        self.check_identity(&id, wanted, rules)?;
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "INSERT INTO directory_users (person, user_name, external_id, source, version, \
             changed, created_at, changed_at, sealed) VALUES ($1, $2, $3, $4, 1, $5, $6, $6, $7)",
        )
        .bind(&id)
        .bind(name_digest(&self.inner, wanted.user_name))
        .bind(external_digest(&self.inner, wanted.external_id))
        .bind(wanted.source)
        .bind(numbered.sequence)
        .bind(micros(now))
        .bind(sealed(&self.inner, &id, wanted)?)
        .execute(&mut *change)
        .await
        .map_err(refuse_taken("write the directory", NAME_TAKEN))?;
        let mut held = Held {
            person: Person {
                id: id.clone(),
                state: PersonState::Active,
                roles: Vec::new(),
                mfa: 0,
                trainings: Vec::new(),
                break_glass: false,
                identities: Vec::new(),
            },
            name: None,
        };
        settle(&mut held, wanted, rules, None);
        person::write(&mut change, &mut numbered, &self.inner, held).await?;
        let user = read(&mut change, &self.inner, &id).await?;
        self.commit_directory(change, now).await?;
        Ok(user)
    }

    /// Makes a user be as the directory wants. `version` is the one that was read, if that matters.
    ///
    /// # Errors
    /// When there is none, it was changed meanwhile, the name or the external id is taken, a value
    /// is unfit, too few administrators would stay, or the store fails.
    pub async fn replace_directory_user(
        &self,
        id: &str,
        version: Option<u64>,
        wanted: &UserWrite<'_>,
        rules: &DirectoryRules,
        now: Timestamp,
    ) -> Result<DirectoryUser, DirectoryError> {
        check(wanted)?;
        let mut change = self.inner.write().await?;
        let before = read(&mut change, &self.inner, id).await?;
        if version.is_some_and(|version| version != before.version) {
            return Err(DirectoryError::Changed);
        }
        self.check_identity(id, wanted, rules)?;
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "UPDATE directory_users SET user_name = $1, external_id = $2, source = $3, \
             version = version + 1, changed = $4, changed_at = $5, sealed = $6 WHERE person = $7",
        )
        .bind(name_digest(&self.inner, wanted.user_name))
        .bind(external_digest(&self.inner, wanted.external_id))
        .bind(wanted.source)
        .bind(numbered.sequence)
        .bind(micros(now))
        .bind(sealed(&self.inner, id, wanted)?)
        .bind(id)
        .execute(&mut *change)
        .await
        .map_err(refuse_taken("write the directory", NAME_TAKEN))?;
        let held = person::held(&mut change, &self.inner, id).await?;
        let mut held = held.ok_or(DirectoryError::Unknown)?;
        settle(&mut held, wanted, rules, Some(&before));
        person::write(&mut change, &mut numbered, &self.inner, held).await?;
        let user = read(&mut change, &self.inner, id).await?;
        self.commit_directory(change, now).await?;
        Ok(user)
    }

    /// Removes a user: the person is suspended, leaves every group and has no session any more.
    /// What the directory said of them is forgotten. The person's id stays taken.
    ///
    /// # Errors
    /// When there is none, too few administrators would stay, or the store fails.
    pub async fn remove_directory_user(
        &self,
        id: &str,
        rules: &DirectoryRules,
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        let mut change = self.inner.write().await?;
        let user = read(&mut change, &self.inner, id).await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        let by_groups = membership::roles_of(&mut change, &self.inner, rules, id).await?;
        sqlx::query("DELETE FROM directory_members WHERE person = $1")
            .bind(id)
            .execute(&mut *change)
            .await
            .map_err(RecordsError::database("write the directory"))?;
        sqlx::query(
            "UPDATE directory_users SET user_name = NULL, external_id = NULL, sealed = NULL, \
             version = version + 1, changed = $1, changed_at = $2 WHERE person = $3",
        )
        .bind(numbered.sequence)
        .bind(micros(now))
        .bind(id)
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("write the directory"))?;
        if let Some(mut held) = person::held(&mut change, &self.inner, id).await? {
            held.person.state = PersonState::Suspended;
            held.person.roles.retain(|role| !by_groups.contains(role));
            tie(&mut held.person, rules, user.external_id.as_deref(), None);
            person::write(&mut change, &mut numbered, &self.inner, held).await?;
        }
        self.commit_directory(change, now).await
    }

    /// A user by the person's id.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn directory_user(&self, id: &str) -> Result<DirectoryUser, DirectoryError> {
        let reader = self.inner.reader.acquire().await;
        let mut reader = reader.map_err(RecordsError::database("read the directory"))?;
        read(&mut reader, &self.inner, id).await
    }

    /// How many users fit, and a page of them, in the order of their ids.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn directory_users(
        &self,
        query: &UserQuery,
        (skipped, page): (u64, u64),
    ) -> Result<(u64, Vec<DirectoryUser>), DirectoryError> {
        let reader = self.inner.reader.acquire().await;
        let mut reader = reader.map_err(RecordsError::database("read the directory"))?;
        let user_name = query.user_name.as_deref();
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT person FROM directory_users WHERE sealed IS NOT NULL \
             AND ($1 IS NULL OR person = $1) AND ($2 IS NULL OR user_name = $2) \
             AND ($3 IS NULL OR external_id = $3) ORDER BY person",
        )
        .bind(&query.id)
        .bind(user_name.map(|name| name_digest(&self.inner, name)))
        .bind(external_digest(&self.inner, query.external_id.as_deref()))
        .fetch_all(&mut *reader)
        .await
        .map_err(RecordsError::database("read the directory"))?;
        let total = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        let (skipped, page) = (usize::try_from(skipped), usize::try_from(page));
        let mut users = Vec::new();
        for id in ids
            .iter()
            .skip(skipped.unwrap_or(usize::MAX))
            .take(page.unwrap_or(0))
        {
            users.push(read(&mut reader, &self.inner, id).await?);
        }
        Ok((total, users))
    }

    /// An external id that the records tie to somebody else of the same issuer would let this
    /// person sign in as them.
    fn check_identity(
        &self,
        id: &str,
        wanted: &UserWrite<'_>,
        rules: &DirectoryRules,
    ) -> Result<(), DirectoryError> {
        let (Some(issuer), Some(subject)) = (&rules.issuer, wanted.external_id) else {
            return Ok(());
        };
        let snapshot = self.snapshot();
        let tied = snapshot.people().any(|person| {
            let mut identities = person.identities.iter();
            person.id != id
                && identities.any(|held| held.issuer == *issuer && held.subject == subject)
        });
        if tied {
            return Err(DirectoryError::Taken(NAME_TAKEN));
        }
        Ok(())
    }
}

/// Makes the person be as the directory wants: whether they may act, their name, their identity.
///
/// Whom the directory deactivates may not act, whoever said what before. It lets only those act
/// again whom it had deactivated itself: a suspension by an administrator outlasts its next order.
fn settle(
    held: &mut Held,
    wanted: &UserWrite<'_>,
    rules: &DirectoryRules,
    before: Option<&DirectoryUser>,
) {
    if !wanted.active {
        held.person.state = PersonState::Suspended;
    } else if before.is_none_or(|before| !before.ordered_active) {
        held.person.state = PersonState::Active;
    }
    if let Some(shown) = wanted.shown {
        held.name = Some(Zeroizing::new(shown.to_owned()));
    }
    let tied = before.and_then(|before| before.external_id.as_deref());
    tie(&mut held.person, rules, tied, wanted.external_id);
}

/// Ties a person to the subject that the directory names, in place of the one that it named before.
fn tie(person: &mut Person, rules: &DirectoryRules, before: Option<&str>, after: Option<&str>) {
    let Some(issuer) = &rules.issuer else {
        return;
    };
    let named = |subject: &str| PersonIdentity {
        issuer: issuer.clone(),
        subject: subject.to_owned(),
    };
    if let Some(before) = before {
        let before = named(before);
        person.identities.retain(|identity| *identity != before);
    }
    person.identities.extend(after.map(named));
    person.identities.sort_unstable();
    person.identities.dedup();
}

fn check(wanted: &UserWrite<'_>) -> Result<(), DirectoryError> {
    let fits = |text: &str| {
        !text.trim().is_empty()
            && text.len() <= WORD_BYTES_MAX
            && !text.chars().any(char::is_control)
    };
    if !fits(wanted.user_name) {
        return Err(DirectoryError::Unfit("`userName` is empty or too long"));
    }
    if !wanted.external_id.is_none_or(fits) {
        return Err(DirectoryError::Unfit("`externalId` is empty or too long"));
    }
    Ok(())
}

pub(super) async fn read(
    connection: &mut SqliteConnection,
    inner: &Inner,
    id: &str,
) -> Result<DirectoryUser, DirectoryError> {
    let row: Option<(i64, i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT version, created_at, changed_at, sealed FROM directory_users \
         WHERE person = $1 AND sealed IS NOT NULL",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await
    .map_err(RecordsError::database("read the directory"))?;
    let (version, created_at, changed_at, sealed) = row.ok_or(DirectoryError::Unknown)?;
    let words: Words = open(inner, USER_OBJECT, id, &sealed)?;
    let held = person::held(connection, inner, id).await?;
    Ok(DirectoryUser {
        person: id.to_owned(),
        active: held.is_some_and(|held| held.person.state == PersonState::Active),
        ordered_active: words.active,
        user_name: words.name,
        external_id: words.external_id,
        attributes: words.attributes,
        groups: membership::groups_of(connection, inner, id).await?,
        version: count(version),
        created_at: timestamp(created_at)?,
        changed_at: timestamp(changed_at)?,
    })
}

fn sealed(inner: &Inner, id: &str, wanted: &UserWrite<'_>) -> Result<Vec<u8>, RecordsError> {
    let words = Words {
        name: wanted.user_name.to_owned(),
        active: wanted.active,
        external_id: wanted.external_id.map(str::to_owned),
        attributes: wanted.attributes.clone(),
    };
    seal(inner, USER_OBJECT, id, &words)
}

fn name_digest(inner: &Inner, name: &str) -> Vec<u8> {
    digest(inner, "user name", &folded(name))
}

fn external_digest(inner: &Inner, external_id: Option<&str>) -> Option<Vec<u8>> {
    external_id.map(|external_id| digest(inner, "user", external_id))
}

const WORD_BYTES_MAX: usize = 256;
const NAME_TAKEN: &str = "another person has this user name or external id";
