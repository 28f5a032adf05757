//! Checks a ledger directory offline and names the first entry that is not as it was.

mod journal;
mod tiles;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use self::journal::JournalEntries;
use self::tiles::{Auditor, Names};
use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::floor;
use crate::ledger::{CHECKPOINT_FILE, JOURNAL_DIRECTORY, MINIMUM_FILE};
use crate::note::{NoteFault, VerifierKey};
use crate::tree::Hash;

/// Verifies the ledger in `directory` with the verifier keys of its signer, one a line.
///
/// Checks that every key has signed the checkpoint, every entry against every tile on disk and against
/// the root, and, when the journal is there, every record of it against the entries. Reads
/// files only; an export without a journal verifies too.
pub fn verify(directory: &Path, vkeys: &str) -> Result<Verified, VerifyError> {
    let keys = VerifierKey::parse_list(vkeys).map_err(VerifyError::VerifierKey)?;
    let path = directory.join(CHECKPOINT_FILE);
    let note = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => VerifyError::Missing {
            directory: directory.to_owned(),
        },
        _ => VerifyError::io(&path, error),
    })?;
    let checkpoint = Checkpoint::open_all(&note, &keys).map_err(VerifyError::Checkpoint)?;
    let path = directory.join(MINIMUM_FILE);
    let minimum = floor::read(&path).map_err(|error| VerifyError::io(&path, error))?;
    if minimum > checkpoint.size {
        let (file, what) = (MINIMUM_FILE.to_owned(), "is beyond the checkpoint");
        let index = checkpoint.size;
        return Err(VerifyError::Bad { index, file, what });
    }
    let names = Names::list(directory, minimum)?;
    let journal_directory = directory.join(JOURNAL_DIRECTORY);
    let journal = match journal_directory.is_dir() {
        true => Some(JournalEntries::new(&journal_directory)?),
        false => None,
    };
    Auditor::new(directory, (checkpoint, minimum), names, journal).run()
}

/// What a ledger that verifies holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The identity of the log.
    pub origin: String,
    /// The size of the checkpoint: so many entries are covered by its signature.
    pub size: u64,
    /// The root that the signature covers.
    pub root: Hash,
    /// The index below which entries have been pruned; the tree over them is taken from what
    /// is left, and fits the root. 0 when none have.
    pub minimum: u64,
    /// How many whole entries the journal holds beyond the checkpoint.
    pub unpublished: u64,
    /// How many bytes at the end of the journal are not a whole batch.
    ///
    /// More than zero while the ledger is in use or after it was stopped hard; opening it
    /// drops them, for they were never acknowledged.
    pub unfinished_bytes: u64,
    /// How many journal segments there are; none in an export.
    pub journal_segments: u64,
}

/// Why a ledger does not verify.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The verifier key does not read.
    #[error("the verifier key does not read: {0}")]
    VerifierKey(NoteFault),
    /// No verifier key was given.
    #[error("no verifier key was given, so no checkpoint counts")]
    NoKey,
    /// There is no checkpoint.
    #[error("`{}` holds no ledger", .directory.display())]
    Missing {
        /// The directory.
        directory: PathBuf,
    },
    /// The checkpoint does not read or is not signed by the key.
    #[error("the checkpoint does not count: {0}")]
    Checkpoint(CheckpointFault),
    /// An entry, or a file that covers it, is not as it was.
    #[error("entry {index}: `{file}` {what}")]
    Bad {
        /// The first entry that is affected.
        index: u64,
        /// The file, within the directory of the ledger.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The entry has been pruned.
    #[error("entry {index} has been pruned; the log begins at {minimum}")]
    Pruned {
        /// The index that was asked for.
        index: u64,
        /// The first index that is kept.
        minimum: u64,
    },
    /// Entries and tiles fit each other, but not the signed root.
    #[error("the {size} entries and their tiles do not make the signed root")]
    Root {
        /// The size of the checkpoint.
        size: u64,
    },
    /// A file in the tile directory that does not belong there.
    #[error("`{file}` does not belong to the ledger")]
    Foreign {
        /// The file, within the directory of the ledger.
        file: String,
    },
    /// A file could not be read.
    #[error("reading `{}` failed: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: Arc<io::Error>,
    },
}

impl VerifyError {
    /// The first entry that is affected, where the fault has a place in the log.
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::Bad { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::VerifierKey(_) | Self::NoKey => {
                "pass the verifier key that was printed when the ledger was made"
            }
            Self::Missing { .. } => "check the path",
            Self::Pruned { .. } => "ask for an index that is kept, or read an export made earlier",
            Self::Checkpoint(_) => "check that the verifier key belongs to this ledger",
            Self::Io { source, .. } => crate::file::hint(source),
            _ => {
                "keep the directory for the investigation and compare it with a copy that verifies"
            }
        }
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }
}
