//! C2SP tlog-witness: the messages between a log and its witnesses, as pure functions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::checkpoint::parse_size;
use crate::note::{NOTE_BYTES_MAX, Note, NoteFault, Signed, VerifierKey};
use crate::proof::parse_hash;
use crate::tree::Hash;

/// Asks a witness to cosign a checkpoint: the body of `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the tree that the witness cosigned last, 0 if none.
    pub old_size: u64,
    /// The consistency proof from that tree to the one of the checkpoint.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl AddCheckpoint {
    /// Reads the body of a request, in the one spelling that is written.
    ///
    /// The checkpoint is not looked into.
    pub fn parse(body: &[u8]) -> Result<Self, WitnessFault> {
        if body.len() > REQUEST_BYTES_MAX {
            return Err(WitnessFault::TooLong);
        }
        let text = std::str::from_utf8(body).map_err(|_| WitnessFault::Malformed)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(WitnessFault::Malformed)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old.and_then(parse_size).ok_or(WitnessFault::Malformed)?;
        let proof: Option<Vec<Hash>> = lines.map(parse_hash).collect();
        let proof = proof.ok_or(WitnessFault::Malformed)?;
        if proof.len() > PROOF_HASHES_MAX {
            return Err(WitnessFault::TooLong);
        }
        Ok(Self {
            old_size,
            proof,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// The body of the request; refuses a proof of more than 63 hashes.
    pub fn body(&self) -> Result<String, WitnessFault> {
        if self.proof.len() > PROOF_HASHES_MAX {
            return Err(WitnessFault::TooLong);
        }
        let mut body = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            body.push_str(&STANDARD.encode(hash));
            body.push('\n');
        }
        body.push('\n');
        body.push_str(&self.checkpoint);
        Ok(body)
    }
}

/// The body of a 409 answer: the size of the tree that the witness cosigned last.
pub fn conflict_body(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the body of a 409 answer.
pub fn parse_conflict(body: &[u8]) -> Result<u64, WitnessFault> {
    std::str::from_utf8(body)
        .ok()
        .and_then(|body| body.strip_suffix('\n'))
        .and_then(parse_size)
        .ok_or(WitnessFault::Malformed)
}

/// Appends to a checkpoint those lines of a witness's answer that are signed by `keys`.
///
/// Lines of other keys are ignored, and so are lines that the checkpoint has already; a bad
/// signature of one of the keys refuses the answer. Returns the longer checkpoint and which of
/// `keys` cosigned it, in their order.
pub fn add_cosignatures(
    checkpoint: &str,
    answer: &[u8],
    keys: &[VerifierKey],
) -> Result<(String, Vec<Option<Signed>>), WitnessFault> {
    if answer.len() > RESPONSE_BYTES_MAX {
        return Err(WitnessFault::TooLong);
    }
    let answer = std::str::from_utf8(answer).map_err(|_| WitnessFault::Malformed)?;
    let text = Note::parse(checkpoint.as_bytes())?.unchecked_text();
    let cosigned = format!("{text}\n{answer}");
    let note = Note::parse(cosigned.as_bytes())?;
    // A blank line in the answer would move the end of the text.
    if note.unchecked_text() != text {
        return Err(WitnessFault::Malformed);
    }
    let signed = keys.iter().map(|key| note.signed_by(key));
    let signed = signed.collect::<Result<Vec<_>, _>>()?;
    let mut longer = checkpoint.to_owned();
    for (line, signer) in answer.lines().zip(note.signers()) {
        let known = keys.iter().any(|key| signer == (key.name(), key.id()));
        if known && !checkpoint.lines().any(|there| there == line) {
            longer.push_str(line);
            longer.push('\n');
        }
    }
    Note::parse(longer.as_bytes())?;
    Ok((longer, signed))
}

/// What is wrong with a message of the witness protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WitnessFault {
    /// Not in the form of the message.
    #[error("not a message of the witness protocol")]
    Malformed,
    /// Longer, or with more proof lines, than the protocol allows.
    #[error("the message has more than {PROOF_HASHES_MAX} proof lines or is too long")]
    TooLong,
    /// A checkpoint or signature line does not read or does not fit.
    #[error(transparent)]
    Note(#[from] NoteFault),
}

impl WitnessFault {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Malformed | Self::TooLong => {
                "check that the other side speaks c2sp.org/tlog-witness"
            }
            Self::Note(_) => "check the verifier key of the witness",
        }
    }
}

/// The path of the request, below the submission prefix of the witness.
pub const ADD_CHECKPOINT: &str = "add-checkpoint";

/// The content type of a 409 answer.
pub const CONFLICT_CONTENT_TYPE: &str = "text/x.tlog.size";

/// How many lines a consistency proof may have.
pub const PROOF_HASHES_MAX: usize = 63;

/// The longest request that is read.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + (1 << 12);

/// The longest answer that is read.
pub const RESPONSE_BYTES_MAX: usize = NOTE_BYTES_MAX;

#[cfg(test)]
mod tests;
