//! Verifier keys: name, signature type and public key, and how each type checks a signature.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, ML_DSA_44, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::NoteFault;
use crate::cosignature;

/// What a key signs and how; the byte before the public key in a verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// Ed25519 over the text of any note.
    Ed25519,
    /// A timestamped Ed25519 cosignature of a checkpoint.
    CosignatureEd25519,
    /// A timestamped ML-DSA-44 (co)signature of a checkpoint.
    MlDsa44,
}

impl KeyType {
    /// The identifier byte that C2SP signed-note assigns.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureEd25519 => 0x04,
            Self::MlDsa44 => 0x06,
        }
    }

    /// Whether its signatures carry a time and are of checkpoints only.
    pub fn is_cosignature(self) -> bool {
        self != Self::Ed25519
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::CosignatureEd25519, Self::MlDsa44]
            .into_iter()
            .find(|known| known.byte() == byte)
    }

    fn public_bytes(self) -> usize {
        match self {
            Self::Ed25519 | Self::CosignatureEd25519 => 32,
            Self::MlDsa44 => 1312,
        }
    }
}

/// The public key that a signature line is checked with.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_type: KeyType,
    id: [u8; 4],
    public: Box<[u8]>,
}

impl VerifierKey {
    /// Names a public key.
    pub fn new(name: &str, key_type: KeyType, public: &[u8]) -> Result<Self, NoteFault> {
        check_name(name)?;
        if public.len() != key_type.public_bytes() {
            return Err(NoteFault::VerifierKey);
        }
        // An ML-DSA-44 signature covers the name behind a length of one byte.
        if key_type == KeyType::MlDsa44 && name.len() > cosignature::NAME_BYTES_MAX {
            return Err(NoteFault::Name);
        }
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(name.as_bytes());
        context.update(&[b'\n', key_type.byte()]);
        context.update(public);
        let mut id = [0; 4];
        id.iter_mut()
            .zip(context.finish().as_ref())
            .for_each(|(to, from)| *to = *from);
        Ok(Self {
            name: name.to_owned(),
            key_type,
            id,
            public: public.into(),
        })
    }

    /// Reads `name+keyid+base64(type || public key)`, in the one spelling that is written.
    pub fn parse(vkey: &str) -> Result<Self, NoteFault> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(blob)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteFault::VerifierKey);
        };
        if blob.len() > VKEY_BLOB_CHARS_MAX {
            return Err(NoteFault::VerifierKey);
        }
        let blob = STANDARD.decode(blob).map_err(|_| NoteFault::VerifierKey)?;
        let (type_byte, public) = blob.split_first().ok_or(NoteFault::VerifierKey)?;
        let key_type = KeyType::from_byte(*type_byte).ok_or(NoteFault::KeyType)?;
        let key = Self::new(name, key_type, public)?;
        if hex(key.id) == id {
            Ok(key)
        } else {
            Err(NoteFault::VerifierKey)
        }
    }

    /// Reads verifier keys one a line, as a key file holds them; blank lines are skipped.
    ///
    /// At least one key must be there, and none twice.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, NoteFault> {
        let mut keys: Vec<Self> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let key = Self::parse(line)?;
            if keys.len() == KEYS_MAX || keys.contains(&key) {
                return Err(NoteFault::VerifierKey);
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(NoteFault::VerifierKey);
        }
        Ok(keys)
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its signatures.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The key id that stands in front of its signatures.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The raw public key.
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Checks a signature, without its key id, on the text of a note.
    ///
    /// Returns the time that the signature carries, in seconds since 1970, if its type has one.
    pub fn check(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, NoteFault> {
        if self.key_type == KeyType::Ed25519 {
            self.check_raw(&ED25519, text.as_bytes(), signature)?;
            return Ok(None);
        }
        let (timestamp, raw) = cosignature::split(signature).ok_or(NoteFault::Signature)?;
        let message = cosignature::message(self, timestamp, text)?;
        match self.key_type {
            KeyType::MlDsa44 => self.check_raw(&ML_DSA_44, &message, raw)?,
            _ => self.check_raw(&ED25519, &message, raw)?,
        }
        Ok(Some(timestamp))
    }

    fn check_raw(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), NoteFault> {
        UnparsedPublicKey::new(algorithm, &self.public)
            .verify(message, signature)
            .map_err(|_| NoteFault::Signature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = vec![self.key_type.byte()];
        blob.extend_from_slice(&self.public);
        let (id, blob) = (hex(self.id), STANDARD.encode(blob));
        write!(f, "{}+{id}+{blob}", self.name)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierKey")
            .field("name", &self.name)
            .field("key_type", &self.key_type)
            .field("id", &hex(self.id))
            .finish_non_exhaustive()
    }
}

/// Key names are not empty and hold no Unicode space and no `+`; notes hold no control characters.
pub(super) fn check_name(name: &str) -> Result<(), NoteFault> {
    let bad = |letter: char| letter.is_whitespace() || letter < ' ' || letter == '+';
    if name.is_empty() || name.contains(bad) {
        Err(NoteFault::Name)
    } else {
        Ok(())
    }
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

/// How many keys one key file may hold.
pub const KEYS_MAX: usize = 16;

/// Base64 of the type byte and the longest public key.
const VKEY_BLOB_CHARS_MAX: usize = 1752;
