//! C2SP signed notes with Ed25519 signatures.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Signs checkpoints: an Ed25519 key and the name it signs under.
pub struct Signer {
    pair: Ed25519KeyPair,
    key: VerifierKey,
}

impl Signer {
    /// Makes the signer of the log `name` from a 32-byte seed.
    ///
    /// The name is also the origin line of the checkpoints; a URL without its scheme is usual,
    /// such as `hospital.example/wardgate/node-1`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteFault> {
        check_name(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteFault::Key)?;
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| NoteFault::Key)?;
        let key = VerifierKey::new(name, public);
        Ok(Self { pair, key })
    }

    /// The name that stands in the signature line and as the origin of the log.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The verifier key that an auditor needs: `name+keyid+base64(0x01 || public key)`.
    pub fn vkey(&self) -> String {
        self.key.to_string()
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.key
    }

    /// Signs `text`, which must end in a newline, and returns the whole note.
    pub fn sign(&self, text: &str) -> String {
        let mut blob = self.key.id.to_vec();
        blob.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!(
            "{text}\n{SIGNATURE_START}{} {}\n",
            self.key.name,
            STANDARD.encode(blob)
        )
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("name", &self.key.name)
            .finish_non_exhaustive()
    }
}

/// The public key that a note is checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

impl VerifierKey {
    /// Reads `name+keyid+base64(0x01 || public key)`.
    pub fn parse(vkey: &str) -> Result<Self, NoteFault> {
        let mut parts = vkey.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(blob)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteFault::VerifierKey);
        };
        check_name(name)?;
        let blob = STANDARD.decode(blob).map_err(|_| NoteFault::VerifierKey)?;
        let Some((&ED25519_TYPE, public)) = blob.split_first() else {
            return Err(NoteFault::VerifierKey);
        };
        let key = Self::new(name, public.try_into().map_err(|_| NoteFault::VerifierKey)?);
        if hex(key.id) == id {
            Ok(key)
        } else {
            Err(NoteFault::VerifierKey)
        }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn new(name: &str, public: [u8; 32]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(name.as_bytes());
        context.update(&[b'\n', ED25519_TYPE]);
        context.update(&public);
        let mut id = [0; 4];
        id.iter_mut()
            .zip(context.finish().as_ref())
            .for_each(|(to, from)| *to = *from);
        Self {
            name: name.to_owned(),
            id,
            public,
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = vec![ED25519_TYPE];
        blob.extend_from_slice(&self.public);
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex(self.id),
            STANDARD.encode(blob)
        )
    }
}

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
        let mut signed = false;
        for signature in &self.signatures {
            if signature.name == key.name && signature.id == key.id {
                UnparsedPublicKey::new(&ED25519, &key.public)
                    .verify(self.text.as_bytes(), &signature.bytes)
                    .map_err(|_| NoteFault::Signature)?;
                signed = true;
            }
        }
        if signed {
            Ok(self.text)
        } else {
            Err(NoteFault::NotSigned)
        }
    }
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
    #[error("a key name must not be empty nor hold spaces, control characters or `+`")]
    Name,
    /// Not a verifier key, or the key id does not fit.
    #[error("not an Ed25519 verifier key of the form name+keyid+base64")]
    VerifierKey,
    /// The seed makes no key.
    #[error("the seed makes no Ed25519 key")]
    Key,
}

fn check_name(name: &str) -> Result<(), NoteFault> {
    let bad = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    if name.is_empty() || name.contains(bad) {
        Err(NoteFault::Name)
    } else {
        Ok(())
    }
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

/// The longest note that is read; a post-quantum signature has up to 5 kB.
pub const NOTE_BYTES_MAX: usize = 1 << 18;

const SIGNATURES_MAX: usize = 64;
const SIGNATURE_START: &str = "— ";
const ED25519_TYPE: u8 = 0x01;

#[cfg(test)]
mod tests;
