//! C2SP tlog-proof: one text that proves offline that an entry is in a witnessed log.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::checkpoint::parse_size;
use crate::note::NOTE_BYTES_MAX;
use crate::policy::{Accepted, Policy, Rejection};
use crate::tree::{Hash, check_inclusion, leaf_hash};

/// A proof that an entry has been logged. Nothing of it counts before it has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Data beside the proof that nothing authenticates.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry.
    pub index: u64,
    /// The neighbours on the way from the leaf to the root.
    pub path: Vec<Hash>,
    /// The signed checkpoint, as the log and its witnesses made it.
    pub checkpoint: String,
}

impl Proof {
    /// Reads a proof, in the one spelling that is written.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFault> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(ProofFault::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ProofFault::Malformed)?;
        let rest = text.strip_prefix(FIRST_LINE).ok_or(ProofFault::Malformed)?;
        let (head, checkpoint) = rest.split_once("\n\n").ok_or(ProofFault::Malformed)?;
        let mut lines = head.split('\n').peekable();
        let extra = lines.peek().and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|extra| STANDARD.decode(extra)).transpose();
        let extra = extra.map_err(|_| ProofFault::Malformed)?;
        if extra.is_some() {
            lines.next();
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(parse_size).ok_or(ProofFault::Malformed)?;
        let path: Option<Vec<Hash>> = lines.map(parse_hash).collect();
        let path = path.ok_or(ProofFault::Malformed)?;
        if path.len() > PATH_HASHES_MAX {
            return Err(ProofFault::TooLong);
        }
        Ok(Self {
            extra,
            index,
            path,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Checks that `entry` is in a tree whose checkpoint the policy accepts.
    pub fn check(&self, entry: &[u8], policy: &Policy) -> Result<Accepted, ProofFault> {
        self.check_leaf(&leaf_hash(entry), policy)
    }

    /// Checks that the entry with this leaf hash is in a tree whose checkpoint the policy accepts.
    pub fn check_leaf(&self, leaf: &Hash, policy: &Policy) -> Result<Accepted, ProofFault> {
        let accepted = policy.check(self.checkpoint.as_bytes())?;
        let tree = &accepted.checkpoint;
        if self.index >= tree.size {
            return Err(ProofFault::Outside {
                index: self.index,
                size: tree.size,
            });
        }
        if check_inclusion(leaf, self.index, tree.size, &self.path, &tree.root) {
            Ok(accepted)
        } else {
            Err(ProofFault::NotIncluded { index: self.index })
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FIRST_LINE)?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofFault {
    /// Not in the form of a proof.
    #[error("not a proof of the form c2sp.org/tlog-proof@v1")]
    Malformed,
    /// Longer than a verifier accepts.
    #[error("the proof has more than {PROOF_BYTES_MAX} bytes or {PATH_HASHES_MAX} hashes")]
    TooLong,
    /// The policy does not accept the checkpoint.
    #[error("the checkpoint of the proof does not count: {0}")]
    Checkpoint(#[from] Rejection),
    /// The tree has no such index.
    #[error("the proof is of entry {index}, but the tree has only {size}")]
    Outside {
        /// The index that the proof names.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The way from the entry does not lead to the signed root.
    #[error("the entry is not the one at index {index} of the signed tree")]
    NotIncluded {
        /// The index that the proof names.
        index: u64,
    },
}

impl ProofFault {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Malformed | Self::TooLong => "check that the file is a whole proof",
            Self::Checkpoint(rejection) => rejection.hint(),
            Self::Outside { .. } | Self::NotIncluded { .. } => {
                "check that the entry has the exact bytes that were logged, and is of this proof"
            }
        }
    }
}

/// Reads one hash in base64.
pub(crate) fn parse_hash(line: &str) -> Option<Hash> {
    STANDARD.decode(line).ok()?.try_into().ok()
}

/// The longest proof that is read: a checkpoint, 63 hashes and extra data.
pub const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + (1 << 18);

/// A tree of 2^64 leaves has no longer way to its root.
pub const PATH_HASHES_MAX: usize = 64;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1\n";

#[cfg(test)]
mod tests;
