//! Checks a whole log or export offline: signatures, every entry, every tile, the root.
//!
//! Files come through [`Files`], so that this module does no IO of its own.

mod export;
mod pruned;
mod tiles;

use thiserror::Error;

pub use self::export::audit_export;
use self::tiles::Auditor;
use crate::checkpoint::{Checkpoint, CheckpointFault, parse_size};
use crate::manifest::{ManifestFault, file_hash};
use crate::note::{NOTE_BYTES_MAX, Note, VerifierKey};
use crate::policy::{Policy, Rejection};
use crate::tree::Hash;

/// The files of a log or export.
pub trait Files {
    /// Why a file cannot be read.
    type Fault;

    /// Reads a file whole; `None` when it is not there.
    ///
    /// A file that is longer than `bytes_max` may be cut off after one byte more.
    fn read(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, Self::Fault>;

    /// The paths of all files, with `/` between their parts.
    fn list(&mut self) -> Result<Vec<String>, Self::Fault>;

    /// The SHA-256 of a file; `None` when it is not there.
    fn hash(&mut self, path: &str) -> Result<Option<Hash>, Self::Fault> {
        let bytes = self.read(path, u64::MAX)?;
        Ok(bytes.map(|bytes| file_hash(&bytes)))
    }
}

/// Whose signatures count: keys that must all have signed, a policy that must accept, or both.
#[derive(Clone, Debug)]
pub struct Trust {
    keys: Vec<VerifierKey>,
    policy: Option<Policy>,
}

impl Trust {
    /// `None` when there is neither a key nor a log in the policy, so that nothing could count.
    ///
    /// A policy that names no log is about the log of the keys.
    pub fn new(keys: Vec<VerifierKey>, policy: Option<Policy>) -> Option<Self> {
        let policy = policy.map(|policy| policy.or_logs(&keys));
        let logs = policy.as_ref().map_or(0, |policy| policy.logs().len());
        (keys.len() + logs > 0).then_some(Self { keys, policy })
    }

    /// Every key of the log that is known.
    pub fn log_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        let logs = self.policy.iter().flat_map(Policy::logs);
        self.keys.iter().chain(logs.map(|log| &log.key))
    }

    /// Opens the checkpoint that is to be checked: all keys have signed it, or without keys
    /// a log of the policy has.
    fn open(&self, note: &[u8]) -> Result<Checkpoint, CheckpointFault> {
        if self.keys.is_empty() {
            return self.open_any(note);
        }
        // A bad signature by a log of the policy refuses too.
        self.open_any(note)?;
        Checkpoint::open_all(note, &self.keys)
    }

    /// What the policy says of a checkpoint; a bad signature of a known key is a fault.
    fn judge(&self, note: &[u8]) -> Result<Judged, Rejection> {
        let Some(policy) = &self.policy else {
            return Ok(Judged::NoPolicy);
        };
        match policy.check(note) {
            Ok(accepted) => Ok(Judged::Accepted {
                size: accepted.checkpoint.size,
            }),
            Err(Rejection::Quorum { witnesses }) => Ok(Judged::TooFew { witnesses }),
            Err(other) => Err(other),
        }
    }

    /// Opens a checkpoint that one known key of its log has signed, and none badly.
    fn open_any(&self, note: &[u8]) -> Result<Checkpoint, CheckpointFault> {
        let note = Note::parse(note)?;
        let mut signers = Vec::new();
        for key in self.log_keys() {
            signers.extend(note.signed_by(key)?.map(|_| key));
        }
        if signers.is_empty() {
            return Err(crate::note::NoteFault::NotSigned.into());
        }
        let checkpoint = Checkpoint::parse(note.unchecked_text())?;
        if signers.iter().any(|key| key.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(CheckpointFault::Origin)
        }
    }
}

/// What a policy says, from less to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Judged {
    NoPolicy,
    TooFew { witnesses: usize },
    Accepted { size: u64 },
}

/// What a log or export that verifies holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audited {
    /// The identity of the log.
    pub origin: String,
    /// The size of the checkpoint.
    pub size: u64,
    /// The root that the signatures cover.
    pub root: Hash,
    /// The index below which entries may be missing, because they have been pruned.
    pub minimum: u64,
    /// The first entry that was checked; all up to the size were.
    pub first: u64,
    /// The size up to which the policy accepts the log; `None` without a policy.
    pub accepted: Option<u64>,
    /// How many older checkpoints of the log were found and agree with the tree.
    pub older: u64,
    /// How many files the manifest covers; 0 without one.
    pub files: u64,
}

/// Checks the files of a log: `checkpoint`, everything below `tile`, older checkpoints.
///
/// Other files are left alone, and the journal of a ledger is not compared. `minimum`, if it is
/// there, is taken at its word: the caller must judge what it leaves out.
pub fn audit_log<F: Files>(files: &mut F, trust: &Trust) -> Result<Audited, AuditFault<F::Fault>> {
    let minimum = read(files, MINIMUM_FILE, NUMBER_BYTES_MAX)?;
    let minimum = match minimum {
        None => 0,
        Some(text) => parse_number_line(&text).ok_or(AuditFault::Minimum)?,
    };
    let names = files.list().map_err(AuditFault::Read)?;
    audit_tree(files, names, minimum, trust)
}

fn audit_tree<F: Files>(
    files: &mut F,
    names: Vec<String>,
    minimum: u64,
    trust: &Trust,
) -> Result<Audited, AuditFault<F::Fault>> {
    let note = read(files, CHECKPOINT_FILE, NOTE_BYTES_MAX)?;
    let note = note.ok_or(AuditFault::NoCheckpoint)?;
    let checkpoint = trust.open(&note).map_err(AuditFault::Checkpoint)?;
    if minimum > checkpoint.size {
        return Err(AuditFault::Minimum);
    }
    let mut judged = trust.judge(&note).map_err(AuditFault::Policy)?;
    let mut older = Vec::new();
    for file in names.iter().filter(|name| is_older_checkpoint(name)) {
        let note = read(files, file, NOTE_BYTES_MAX)?.unwrap_or_default();
        let opened = trust.open_any(&note);
        let opened = opened.map_err(|fault| AuditFault::Older {
            file: file.clone(),
            fault,
        })?;
        if opened.origin != checkpoint.origin || opened.size > checkpoint.size {
            return Err(AuditFault::Fork { file: file.clone() });
        }
        let again = trust.judge(&note).map_err(AuditFault::Policy)?;
        judged = judged.max(again);
        older.push((opened.size, opened.root, file.clone()));
    }
    let accepted = match judged {
        Judged::NoPolicy => None,
        Judged::TooFew { witnesses } => {
            return Err(AuditFault::Policy(Rejection::Quorum { witnesses }));
        }
        Judged::Accepted { size } => Some(size),
    };
    let count = older.len() as u64;
    let auditor = Auditor::new(files, &checkpoint, names, minimum, older);
    let first = auditor.run()?;
    Ok(Audited {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
        minimum,
        first,
        accepted,
        older: count,
        files: 0,
    })
}

/// Why a log or export does not verify.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuditFault<R> {
    /// There is no checkpoint.
    #[error("there is no file `{CHECKPOINT_FILE}`")]
    NoCheckpoint,
    /// The checkpoint does not read or is not signed as it must be.
    #[error("the checkpoint does not count: {0}")]
    Checkpoint(CheckpointFault),
    /// The policy accepts neither the checkpoint nor an older one.
    #[error("the policy accepts no checkpoint of the log: {0}")]
    Policy(Rejection),
    /// An older checkpoint does not read or is not signed.
    #[error("`{file}` does not count: {fault}")]
    Older {
        /// The file.
        file: String,
        /// What is wrong with it.
        fault: CheckpointFault,
    },
    /// The log signed a checkpoint that is not of this tree.
    #[error("`{file}` is signed by the log, but not of this tree: the log has been forked")]
    Fork {
        /// The file.
        file: String,
    },
    /// An entry, or a file that covers it, is not as it was.
    #[error("entry {index}: `{file}` {what}")]
    Bad {
        /// The first entry that is affected.
        index: u64,
        /// The file.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Entries and tiles fit each other, but not the signed root.
    #[error("the {size} entries and their tiles do not make the signed root")]
    Root {
        /// The size of the checkpoint.
        size: u64,
    },
    /// A file that does not belong there.
    #[error("`{file}` does not belong to the log")]
    Foreign {
        /// The file.
        file: String,
    },
    /// The minimum index does not read or is beyond the size.
    #[error("the minimum index is no number or beyond the size of the log")]
    Minimum,
    /// There is no manifest.
    #[error("there is no file `{}`", crate::manifest::MANIFEST_FILE)]
    NoManifest,
    /// The manifest does not read or is not signed.
    #[error("the manifest does not count: {0}")]
    Manifest(ManifestFault),
    /// The manifest is of another log than the checkpoint.
    #[error("manifest and checkpoint are of different logs")]
    Origins,
    /// A file is not the one that the manifest lists.
    #[error("`{file}` is not as the manifest has it")]
    Changed {
        /// The file.
        file: String,
    },
    /// A file that the manifest lists is missing.
    #[error("`{file}` is missing, but the manifest has it")]
    Missing {
        /// The file.
        file: String,
    },
    /// A file that the manifest does not list.
    #[error("`{file}` is not in the manifest")]
    Unlisted {
        /// The file.
        file: String,
    },
    /// A file cannot be read.
    #[error("{0}")]
    Read(R),
}

impl<R> AuditFault<R> {
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
            Self::NoCheckpoint | Self::NoManifest => "check the path",
            Self::Checkpoint(_) | Self::Manifest(_) | Self::Older { .. } => {
                "check that the keys are those of this log, from a source that you trust"
            }
            Self::Policy(rejection) => rejection.hint(),
            Self::Read(_) => "check that the files can be read",
            _ => "keep the files for the investigation and compare them with a copy that verifies",
        }
    }
}

/// Reads a file and refuses one that is too long as one that is not as it was.
fn read<F: Files>(
    files: &mut F,
    path: &str,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, AuditFault<F::Fault>> {
    let bytes = files.read(path, bytes_max as u64);
    let bytes = bytes.map_err(AuditFault::Read)?;
    if bytes.as_ref().is_some_and(|bytes| bytes.len() > bytes_max) {
        return Err(AuditFault::Foreign {
            file: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Checkpoints of earlier times, kept with the cosignatures or the timestamp that they got.
fn is_older_checkpoint(path: &str) -> bool {
    let cosigned = path.strip_prefix("cosigned/");
    let stamped = path
        .strip_prefix("tsa/")
        .and_then(|name| name.strip_suffix(".checkpoint"));
    cosigned.or(stamped).and_then(parse_size).is_some()
}

fn parse_number_line(text: &[u8]) -> Option<u64> {
    parse_size(std::str::from_utf8(text).ok()?.strip_suffix('\n')?)
}

/// The file of the checkpoint within a log.
pub const CHECKPOINT_FILE: &str = "checkpoint";

/// The file of the minimum index within a pruned log.
pub const MINIMUM_FILE: &str = "minimum";

/// The digits of the largest number and the newline.
const NUMBER_BYTES_MAX: usize = 21;

#[cfg(test)]
mod tests;
