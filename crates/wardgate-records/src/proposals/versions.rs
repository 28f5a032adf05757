//! Every set of policies that was ever in force, and the way back to one.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};
use wardgate_authz::Policies;

use super::make::check_active;
use super::{LISTED_MAX, ProposalFault};
use crate::RecordId;
use crate::apply::{self, policies_of, stored_policies};
use crate::documents::Documents;
use crate::error::RecordsError;
use crate::events::{Event, PolicyRolledBack, RollbackReviewed, Token};
use crate::record::PolicyFile;
use crate::store::rows::{Change, count, micros, timestamp};
use crate::store::{Inner, Store};

/// A set of policies that was in force from some time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its number, from 1.
    pub version: u64,
    /// The hash of the set, as decisions in the ledger name it.
    pub hash: [u8; 32],
    /// How it came to be.
    pub origin: VersionOrigin,
    /// Whether it was the set that ships with Wardgate.
    pub built_in: bool,
    /// Its files, in the order in which they are asked.
    pub files: Vec<PolicyFile>,
    /// Since when it was in force.
    pub made_at: Timestamp,
    /// The proposal that it was made from.
    pub proposal: Option<RecordId>,
    /// Who proposed it, or rolled back to it.
    pub proposed_by: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// The version whose policies it put into force again.
    pub rollback_of: Option<u64>,
    /// Who reviewed the rollback, and when.
    pub reviewed: Option<(String, Timestamp)>,
}

/// How a version of the policies came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionOrigin {
    /// It is what this build found or brought.
    Build,
    /// Files were applied while the hospital was set up.
    Files,
    /// A proposal was approved.
    Proposal,
    /// One person went back to an earlier version.
    Rollback,
}

impl VersionOrigin {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Files => "files",
            Self::Proposal => "proposal",
            Self::Rollback => "rollback",
        }
    }
}

impl PolicyVersion {
    /// Whether it is a rollback that a second person has yet to look at.
    #[must_use]
    pub fn awaits_review(&self) -> bool {
        self.rollback_of.is_some() && self.reviewed.is_none()
    }
}

/// Who made a version.
pub(crate) struct Made<'a> {
    pub(crate) origin: VersionOrigin,
    pub(crate) proposal: Option<RecordId>,
    pub(crate) proposed_by: Option<&'a str>,
    pub(crate) approved_by: Option<&'a str>,
    pub(crate) rollback_of: Option<u64>,
}

impl Made<'_> {
    pub(crate) const fn by(origin: VersionOrigin) -> Self {
        Self {
            origin,
            proposal: None,
            proposed_by: None,
            approved_by: None,
            rollback_of: None,
        }
    }
}

impl Store {
    /// The newest versions of the policies, newest first; at most [`LISTED_MAX`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn policy_versions(&self) -> Result<Vec<PolicyVersion>, RecordsError> {
        let rows: Vec<VersionRow> =
            sqlx::query_as("SELECT * FROM policy_versions ORDER BY version DESC LIMIT $1")
                .bind(i64::from(LISTED_MAX))
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read policy versions"))?;
        rows.into_iter().map(VersionRow::version).collect()
    }

    /// One version of the policies.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn policy_version(&self, version: u64) -> Result<PolicyVersion, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read policy versions"))?;
        read(&mut connection, version).await
    }

    /// Puts the policies of an earlier version into force again, at once and by one person: who
    /// finds that a change harms must not wait for a second. A second reviews it afterwards.
    ///
    /// # Errors
    /// When there is no such version, its policies are in force or not valid in this build, the
    /// person is not on file or not active, or the store fails.
    pub async fn rollback_policies(
        &self,
        to: u64,
        person: &str,
        now: Timestamp,
    ) -> Result<PolicyVersion, RecordsError> {
        let mut transaction = self.inner.write().await?;
        check_active(&mut transaction, person).await?;
        let target = read(&mut transaction, to).await?;
        if newest(&mut transaction).await?.hash == target.hash {
            return Err(ProposalFault::Unchanged.into());
        }
        let mut numbered = Change::begin(&mut transaction, now).await?;
        // The set of an older build is put into force as files: this build brings another.
        let built_in = Policies::built_in().map_err(|_| ProposalFault::Invalid)?;
        let own = target.built_in && target.hash == built_in.hash();
        let files = if own { &[][..] } else { &target.files };
        let made = Made {
            proposed_by: Some(person),
            rollback_of: Some(to),
            ..Made::by(VersionOrigin::Rollback)
        };
        let version = put(&mut transaction, &mut numbered, &self.inner, files, &made).await?;
        let event = Event::PolicyRolledBack(PolicyRolledBack {
            version,
            to_version: to,
            person: Token::or_unfit(person),
        });
        numbered
            .tell(&mut transaction, &self.inner.vault, &event)
            .await?;
        let version = read(&mut transaction, version).await?;
        transaction
            .commit()
            .await
            .map_err(RecordsError::database("roll the policies back"))?;
        self.refresh(now).await?;
        Ok(version)
    }

    /// Notes that a second person looked at a rollback.
    ///
    /// # Errors
    /// [`ProposalFault::NotForReview`] when the version is no rollback or was reviewed before,
    /// [`ProposalFault::Own`] for the person who rolled back. Or when the store fails.
    pub async fn review_rollback(
        &self,
        version: u64,
        person: &str,
        now: Timestamp,
    ) -> Result<PolicyVersion, RecordsError> {
        let mut transaction = self.inner.write().await?;
        check_active(&mut transaction, person).await?;
        let found = read(&mut transaction, version).await?;
        if !found.awaits_review() {
            return Err(ProposalFault::NotForReview.into());
        }
        if found.proposed_by.as_deref() == Some(person) {
            return Err(ProposalFault::Own.into());
        }
        let mut numbered = Change::begin(&mut transaction, now).await?;
        sqlx::query(
            "UPDATE policy_versions SET reviewed_by = $1, reviewed_at = $2 WHERE version = $3",
        )
        .bind(person)
        .bind(micros(now))
        .bind(i64::try_from(version).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await
        .map_err(RecordsError::database("review a rollback"))?;
        let event = Event::RollbackReviewed(RollbackReviewed {
            version,
            person: Token::or_unfit(person),
        });
        numbered
            .tell(&mut transaction, &self.inner.vault, &event)
            .await?;
        let reviewed = read(&mut transaction, version).await?;
        transaction
            .commit()
            .await
            .map_err(RecordsError::database("review a rollback"))?;
        Ok(reviewed)
    }

    /// Notes the policies that this build finds or brings, when they are others than last noted.
    pub(crate) async fn note_policies(&self, now: Timestamp) -> Result<(), RecordsError> {
        let hash = self.snapshot().policies().hash();
        let noted: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT hash FROM policy_versions ORDER BY version DESC LIMIT 1")
                .fetch_optional(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read policy versions"))?;
        if noted.as_deref() == Some(&hash) {
            return Ok(());
        }
        let mut transaction = self.inner.write().await?;
        note(&mut transaction, now, &Made::by(VersionOrigin::Build)).await?;
        transaction
            .commit()
            .await
            .map_err(RecordsError::database("note the policies"))
    }
}

/// Makes the policies be these files; none means the set that ships with Wardgate. Returns the
/// number of the version.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    files: &[PolicyFile],
    made: &Made<'_>,
) -> Result<u64, RecordsError> {
    let mut wanted: HashMap<String, String> = files
        .iter()
        .map(|file| (file.id.clone(), file.cedar.clone()))
        .collect();
    // A build may have brought another schema since the proposal was checked.
    policies_of(&wanted).map_err(|_| ProposalFault::Invalid)?;
    for (id, cedar) in stored_policies(connection).await? {
        // A file that is not in the set is withdrawn; the record of it stays.
        if !cedar.is_empty() {
            wanted.entry(id).or_default();
        }
    }
    let mut files: Vec<PolicyFile> = wanted
        .into_iter()
        .map(|(id, cedar)| PolicyFile { id, cedar })
        .collect();
    files.sort_unstable_by(|left, right| left.id.cmp(&right.id));
    let mut documents = Documents::default();
    for file in &files {
        documents.extend(Documents::of_record("policy", &file.id, file));
    }
    apply::put(connection, change, inner, &documents).await?;
    note(connection, change.now, made).await
}

/// Notes the policies that are stored now as a new version, unless they are those noted last.
/// Returns the number of the newest version.
pub(crate) async fn note(
    connection: &mut SqliteConnection,
    now: Timestamp,
    made: &Made<'_>,
) -> Result<u64, RecordsError> {
    let stored = stored_policies(connection).await?;
    let policies = policies_of(&stored)
        .map_err(|_| RecordsError::damaged("policy", "the stored policies are not valid"))?;
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, hash FROM policy_versions ORDER BY version DESC LIMIT 1")
            .fetch_optional(&mut *connection)
            .await
            .map_err(RecordsError::database("read policy versions"))?;
    let last = match last {
        Some((version, hash)) if hash.as_slice() == policies.hash() => return Ok(count(version)),
        Some((version, _)) => version,
        None => 0,
    };
    let files = apply::in_order(&stored);
    let built_in = files.is_empty();
    let files: Vec<PolicyFile> = if built_in {
        let files = Policies::built_in_files().iter();
        files
            .map(|(name, cedar)| policy_file(name, cedar))
            .collect()
    } else {
        let files = files.into_iter();
        files
            .map(|(name, cedar)| policy_file(name, cedar))
            .collect()
    };
    let files = serde_json::to_string(&files)
        .map_err(|_| RecordsError::damaged("policy", "its files can not be written"))?;
    sqlx::query(
        "INSERT INTO policy_versions (version, hash, origin, built_in, files, made_at, proposal, \
         proposed_by, approved_by, rollback_of, reviewed_by, reviewed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL)",
    )
    .bind(last + 1)
    .bind(policies.hash().to_vec())
    .bind(made.origin.word())
    .bind(i64::from(built_in))
    .bind(files)
    .bind(micros(now))
    .bind(made.proposal.map(|id| id.to_string()))
    .bind(made.proposed_by)
    .bind(made.approved_by)
    .bind(
        made.rollback_of
            .and_then(|version| i64::try_from(version).ok()),
    )
    .execute(connection)
    .await
    .map_err(RecordsError::database("note a policy version"))?;
    Ok(count(last + 1))
}

fn policy_file(name: &str, cedar: &str) -> PolicyFile {
    PolicyFile {
        id: name.to_owned(),
        cedar: cedar.to_owned(),
    }
}

/// The version in force.
pub(super) async fn newest(
    connection: &mut SqliteConnection,
) -> Result<PolicyVersion, RecordsError> {
    let row: VersionRow =
        sqlx::query_as("SELECT * FROM policy_versions ORDER BY version DESC LIMIT 1")
            .fetch_one(connection)
            .await
            .map_err(RecordsError::database("read policy versions"))?;
    row.version()
}

async fn read(
    connection: &mut SqliteConnection,
    version: u64,
) -> Result<PolicyVersion, RecordsError> {
    let row: Option<VersionRow> =
        sqlx::query_as("SELECT * FROM policy_versions WHERE version = $1")
            .bind(i64::try_from(version).unwrap_or(i64::MAX))
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read policy versions"))?;
    let row = row.ok_or_else(|| RecordsError::Unknown {
        kind: "policy version",
        id: version.to_string(),
    })?;
    row.version()
}

struct VersionRow {
    version: i64,
    hash: Vec<u8>,
    origin: String,
    built_in: i64,
    files: String,
    made_at: i64,
    proposal: Option<String>,
    proposed_by: Option<String>,
    approved_by: Option<String>,
    rollback_of: Option<i64>,
    reviewed: (Option<String>, Option<i64>),
}

impl<'r> FromRow<'r, SqliteRow> for VersionRow {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: row.try_get("version")?,
            hash: row.try_get("hash")?,
            origin: row.try_get("origin")?,
            built_in: row.try_get("built_in")?,
            files: row.try_get("files")?,
            made_at: row.try_get("made_at")?,
            proposal: row.try_get("proposal")?,
            proposed_by: row.try_get("proposed_by")?,
            approved_by: row.try_get("approved_by")?,
            rollback_of: row.try_get("rollback_of")?,
            reviewed: (row.try_get("reviewed_by")?, row.try_get("reviewed_at")?),
        })
    }
}

impl VersionRow {
    fn version(self) -> Result<PolicyVersion, RecordsError> {
        let damaged =
            |what| RecordsError::damaged(format!("policy version {}", self.version), what);
        let origins = [
            VersionOrigin::Build,
            VersionOrigin::Files,
            VersionOrigin::Proposal,
            VersionOrigin::Rollback,
        ];
        let origin = origins
            .into_iter()
            .find(|origin| origin.word() == self.origin);
        let reviewed = match (self.reviewed.0.clone(), self.reviewed.1) {
            (Some(person), Some(at)) => Some((person, timestamp(at)?)),
            _ => None,
        };
        let hash = self.hash.as_slice().try_into();
        let proposal = self.proposal.as_deref().map(str::parse).transpose();
        Ok(PolicyVersion {
            version: count(self.version),
            hash: hash.map_err(|_| damaged("its hash has a wrong length"))?,
            origin: origin.ok_or_else(|| damaged("its origin is not known"))?,
            built_in: self.built_in != 0,
            files: serde_json::from_str(&self.files)
                .map_err(|_| damaged("its files are not readable"))?,
            made_at: timestamp(self.made_at)?,
            proposal: proposal.map_err(|_| damaged("its proposal is not one"))?,
            rollback_of: self.rollback_of.map(count),
            reviewed,
            proposed_by: self.proposed_by,
            approved_by: self.approved_by,
        })
    }
}
