//! What can go wrong in the store, and what to do about it.

use std::path::PathBuf;

use wardgate_ledger::{JournalError, LedgerError};
use wardgate_vault::VaultError;

use crate::RecordId;
use crate::events::LeafTooLarge;
use crate::proposals::ProposalFault;
use crate::retention::RETENTION_DAYS_MAX;

/// A failure of the store. Never holds patient data, a key or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// There is no store where one was to be opened.
    #[error("there is no record store at `{path}`")]
    Missing {
        /// The file looked for.
        path: PathBuf,
    },
    /// There is a store where a new one was to be made.
    #[error("there is already a record store at `{path}`")]
    AlreadyExists {
        /// The file found.
        path: PathBuf,
    },
    /// The store was written by a newer program.
    #[error("the record store has schema version {found}, this build knows up to {known}")]
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest version this build knows.
        known: i64,
    },
    /// The database failed.
    #[error("cannot {action} in the record store: {source}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// Why not. Statements are fixed texts, values are bound apart and never repeated here.
        source: sqlx::Error,
    },
    /// A stored record does not have the form that this program writes.
    #[error("the stored record `{record}` is damaged: {what}")]
    Damaged {
        /// The record.
        record: String,
        /// What does not fit.
        what: &'static str,
    },
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The payload journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An event does not fit into a ledger leaf.
    #[error(transparent)]
    Leaf(#[from] LeafTooLarge),
    /// A record that is needed does not exist.
    #[error("there is no {kind} `{id}`")]
    Unknown {
        /// The kind of record.
        kind: &'static str,
        /// The id asked for.
        id: String,
    },
    /// No patient on file answers to the reference. It is not repeated: it may identify.
    #[error("no patient on file answers to this reference")]
    UnknownPatient,
    /// More than one patient answers to the reference.
    #[error("more than one patient on file answers to this reference")]
    AmbiguousPatient,
    /// An API key cannot be made as asked.
    #[error("the API key cannot be made: {why}")]
    KeyRefused {
        /// Why not.
        why: String,
    },
    /// A legal hold can not be placed or released as asked.
    #[error("the hold can not be changed so: {why}")]
    HoldRefused {
        /// Why not.
        why: String,
    },
    /// A data set or a privacy budget can not be changed as asked.
    #[error("the data set can not be recorded so: {why}")]
    DatasetRefused {
        /// Why not.
        why: String,
    },
    /// More privacy would be spent than is left.
    #[error("the privacy budget `{budget}` does not have as much left")]
    BudgetExhausted {
        /// The budget.
        budget: String,
    },
    /// Somebody else spent from the privacy budget in between.
    #[error("the privacy budget `{budget}` was spent from in between")]
    BudgetMoved {
        /// The budget.
        budget: String,
    },
    /// An account can not be changed as asked.
    #[error("the account can not be changed so: {why}")]
    AccountRefused {
        /// Why not.
        why: String,
    },
    /// A proposal can not be made or decided as asked.
    #[error("the proposal can not be made or decided so: {0}")]
    Proposal(#[from] ProposalFault),
    /// A legal hold keeps what was to be destroyed.
    #[error("legal hold `{hold}` keeps this")]
    Held {
        /// The hold.
        hold: RecordId,
    },
    /// The retention is outside what can be stated.
    #[error("a retention has 1 to {RETENTION_DAYS_MAX} days")]
    RetentionRange,
    /// The retention would become shorter.
    #[error(
        "{days} days are shorter than the {longest} days that were stated for `{class}` before"
    )]
    RetentionShorter {
        /// The class of data.
        class: &'static str,
        /// What was asked.
        days: u64,
        /// The longest that was ever stated.
        longest: u64,
    },
    /// The payload store has no payload for this record.
    #[error("there is no stored payload for this record")]
    NoPayload,
}

impl RecordsError {
    /// What the reader of this error can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "run `wardgate init`, or name the right data folder",
            Self::AlreadyExists { .. } => "choose another folder; a store is never overwritten",
            Self::NewerSchema { .. } => "use the build that wrote it, or a newer one",
            Self::Database { .. } => {
                "check the free space of the disk and the owner of the data folder"
            }
            Self::Damaged { .. } => "apply the record again, or restore the store from a backup",
            Self::Vault(error) => error.hint(),
            Self::Ledger(_) | Self::Journal(_) => "run `wardgate doctor`",
            Self::Leaf(_) => "report this with the version of the build",
            Self::Unknown { .. } => "check the spelling, or apply the record first",
            Self::UnknownPatient => {
                "check the reference, or apply the patient's FHIR resource first"
            }
            Self::AmbiguousPatient => {
                "use the reference `Patient/<id>`, or an identifier with its system"
            }
            Self::KeyRefused { .. } => "see `wardgate key create --help`",
            Self::HoldRefused { .. } => "see `wardgate hold --help`",
            Self::DatasetRefused { .. } => "see `wardgate release --help`",
            Self::BudgetExhausted { .. } => {
                "ask for less, or stop asking: what is spent stays spent"
            }
            Self::BudgetMoved { .. } => "ask again",
            Self::AccountRefused { .. } => {
                "add what is missing first, or let an administrator do it: `wardgate admin list`"
            }
            Self::Proposal(fault) => fault.hint(),
            Self::Held { .. } => {
                "another person than the one who placed it must release it first: `wardgate hold list`"
            }
            Self::RetentionRange => "say how many days, such as `--days 2192` for six years",
            Self::RetentionShorter { .. } => {
                "a retention can only become longer; state at least as many days"
            }
            Self::NoPayload => "check the record's id",
        }
    }

    pub(crate) fn database(action: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { action, source }
    }

    pub(crate) fn damaged(record: impl Into<String>, what: &'static str) -> Self {
        Self::Damaged {
            record: record.into(),
            what,
        }
    }
}
