//! Witnesses: parties that saw the log grow and say so by their cosignature.
//!
//! [`judge`] decides what a witness answers, from bytes alone; [`state`] keeps what it has
//! cosigned; [`server`] is the service; [`client`] asks the witnesses of a policy.

pub mod client;
pub mod server;
pub mod state;

use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::note::{Note, VerifierKey};
use wardgate_tlog::tree::{Hash, check_consistency, empty_root};
use wardgate_tlog::witness::AddCheckpoint;

/// The head that a witness cosigned last for a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// How many entries the log had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The time of the cosignature, in seconds since 1970.
    pub time: u64,
}

impl Cosigned {
    /// What a witness knows of a log that it never cosigned.
    pub fn nothing() -> Self {
        Self {
            size: 0,
            root: empty_root(),
            time: 0,
        }
    }
}

/// What a witness answers to `add-checkpoint`, as c2sp.org/tlog-witness has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 200: it is to be recorded, then cosigned.
    Cosign(Accepted),
    /// 400: not a request, or one whose old size is above the new one.
    Malformed,
    /// 403: no trusted key of the log has signed the checkpoint.
    Unsigned,
    /// 404: nobody told the witness of this log.
    UnknownLog,
    /// 409: the old size is not the one cosigned last, or the roots of equal sizes differ.
    Conflict {
        /// The size cosigned last.
        size: u64,
    },
    /// 422: the proof does not verify.
    Inconsistent,
}

/// A checkpoint that a witness may cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The text that is cosigned.
    pub text: String,
}

impl Verdict {
    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Cosign(_) => 200,
            Self::Malformed => 400,
            Self::Unsigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent => 422,
        }
    }
}

/// Judges the body of an `add-checkpoint` request.
///
/// `logs` are the keys of the logs that the witness was told of; `last` delivers what it
/// cosigned last for an origin, and is asked for known and signed ones only.
pub fn judge<E>(
    body: &[u8],
    logs: &[VerifierKey],
    last: impl FnOnce(&str) -> Result<Cosigned, E>,
) -> Result<Verdict, E> {
    let Ok(request) = AddCheckpoint::parse(body) else {
        return Ok(Verdict::Malformed);
    };
    let Ok(note) = Note::parse(request.checkpoint.as_bytes()) else {
        return Ok(Verdict::Malformed);
    };
    let text = note.unchecked_text();
    let Ok(checkpoint) = Checkpoint::parse(text) else {
        return Ok(Verdict::Malformed);
    };
    let mut keys = logs
        .iter()
        .filter(|key| key.name() == checkpoint.origin)
        .peekable();
    if keys.peek().is_none() {
        return Ok(Verdict::UnknownLog);
    }
    // A bad signature of one trusted key does not take away the good one of another.
    if !keys.any(|key| matches!(note.signed_by(key), Ok(Some(_)))) {
        return Ok(Verdict::Unsigned);
    }
    if request.old_size > checkpoint.size {
        return Ok(Verdict::Malformed);
    }
    let last = last(&checkpoint.origin)?;
    let conflict = Verdict::Conflict { size: last.size };
    if request.old_size != last.size {
        return Ok(conflict);
    }
    if last.size == checkpoint.size && last.root != checkpoint.root {
        return Ok(conflict);
    }
    let new = (checkpoint.size, &checkpoint.root);
    if !check_consistency((last.size, &last.root), new, &request.proof) {
        return Ok(Verdict::Inconsistent);
    }
    Ok(Verdict::Cosign(Accepted {
        text: text.to_owned(),
        checkpoint,
    }))
}

#[cfg(test)]
mod tests;
