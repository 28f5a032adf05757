//! C2SP signed notes: a text and the signature lines below it.

mod key;
mod signer;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use self::key::check_name;
pub use self::key::{KEYS_MAX, KeyType, VerifierKey};
pub use self::signer::Signer;

/// A parsed note whose signatures nobody has checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<Signature<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature<'a> {
    name: &'a str,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Splits a note into its text and its signatures.
    pub fn parse(note: &'a [u8]) -> Result<Self, NoteFault> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteFault::TooLong);
        }
        Self::parse_long(note)
    }

    /// Splits a note of any length, which the caller has limited.
    pub(crate) fn parse_long(note: &'a [u8]) -> Result<Self, NoteFault> {
        let note = std::str::from_utf8(note).map_err(|_| NoteFault::Malformed)?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteFault::Malformed);
        }
        // The text keeps its last newline; the blank line belongs to neither side.
        let split = note
            .rfind("\n\n")
            .and_then(|at| note.split_at_checked(at + 1));
        let (text, lines) = split.ok_or(NoteFault::Malformed)?;
        let lines = lines
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'));
        let signatures = lines
            .ok_or(NoteFault::Malformed)?
            .split('\n')
            .map(Signature::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(NoteFault::TooLong);
        }
        Ok(Self { text, signatures })
    }

    /// The text, once a signature of `key` on it has been checked.
    ///
    /// Signatures of other keys are ignored, as the specification demands; one bad signature
    /// of this key refuses the note.
    pub fn open(&self, key: &VerifierKey) -> Result<&'a str, NoteFault> {
        self.signed_by(key)?
            .map(|_| self.text)
            .ok_or(NoteFault::NotSigned)
    }

    /// Whether `key` has signed the note, and when; a bad signature of it is a fault.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<Option<Signed>, NoteFault> {
        let mut signed = None;
        for signature in &self.signatures {
            if signature.name == key.name() && signature.id == key.id() {
                let timestamp = key.check(self.text, &signature.bytes)?;
                signed = signed.max(Some(Signed { timestamp }));
            }
        }
        Ok(signed)
    }

    /// Name and key id of each signature line, in order. Nobody has checked the signatures.
    pub fn signers(&self) -> impl Iterator<Item = (&'a str, [u8; 4])> {
        self.signatures.iter().map(|line| (line.name, line.id))
    }

    /// The text, although nobody has checked who signed it.
    pub fn unchecked_text(&self) -> &'a str {
        self.text
    }
}

/// That a key has signed a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Signed {
    /// The latest time that a signature of the key carries, if its type has one: seconds since
    /// 1970, 0 when it states no time.
    pub timestamp: Option<u64>,
}

/// The line of a signature below a note.
pub(crate) fn signature_line(key: &VerifierKey, signature: &[u8]) -> String {
    let mut blob = key.id().to_vec();
    blob.extend_from_slice(signature);
    format!(
        "{SIGNATURE_START}{} {}\n",
        key.name(),
        STANDARD.encode(blob)
    )
}

impl<'a> Signature<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteFault> {
        let rest = line
            .strip_prefix(SIGNATURE_START)
            .ok_or(NoteFault::Malformed)?;
        let (name, blob) = rest.split_once(' ').ok_or(NoteFault::Malformed)?;
        check_name(name).map_err(|_| NoteFault::Malformed)?;
        let blob = STANDARD.decode(blob).map_err(|_| NoteFault::Malformed)?;
        let (id, bytes) = blob.split_first_chunk().ok_or(NoteFault::Malformed)?;
        if bytes.is_empty() {
            return Err(NoteFault::Malformed);
        }
        Ok(Self {
            name,
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

/// What is wrong with a note or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoteFault {
    /// Not in the form of a signed note.
    #[error("not a signed note")]
    Malformed,
    /// Longer, or with more signatures, than a verifier accepts.
    #[error("the note has more than {NOTE_BYTES_MAX} bytes or {SIGNATURES_MAX} signatures")]
    TooLong,
    /// No signature of the expected key.
    #[error("the note is not signed by the expected key")]
    NotSigned,
    /// The signature of the expected key does not fit the text.
    #[error("the signature does not fit the text")]
    Signature,
    /// A name that cannot stand in a signature line.
    #[error(
        "a key name must not be empty nor hold spaces, control characters or `+`, nor be too long"
    )]
    Name,
    /// Not a verifier key, or the key id does not fit.
    #[error("not a verifier key of the form name+keyid+base64")]
    VerifierKey,
    /// A verifier key of a type that is not known here.
    #[error("the verifier key is neither Ed25519 nor ML-DSA-44")]
    KeyType,
    /// A cosignature of something that is no checkpoint, or with a time out of range.
    #[error("only a checkpoint can be cosigned, at a time below 2^63")]
    Cosigned,
    /// The seed makes no key.
    #[error("the seed makes no key")]
    Key,
}

/// The longest note that is read; a post-quantum signature has up to 5 kB.
pub const NOTE_BYTES_MAX: usize = 1 << 18;

const SIGNATURES_MAX: usize = 64;
const SIGNATURE_START: &str = "— ";

#[cfg(test)]
mod tests;
