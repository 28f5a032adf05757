//! The manifest of an export: a signed list of all its files, so that none changes unnoticed.

use std::collections::BTreeMap;
use std::fmt::Write;

use thiserror::Error;

use crate::checkpoint::parse_size;
use crate::note::{KeyType, Note, NoteFault, Signer, VerifierKey};
use crate::tree::{Digest, Hash};

/// What an export holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The identity of the log.
    pub origin: String,
    /// The index below which entries have been pruned; 0 when none have.
    pub minimum: u64,
    /// The SHA-256 of each file but the manifest itself, by its path.
    pub files: BTreeMap<String, Hash>,
}

impl Manifest {
    /// Reads the text of a manifest, in the one spelling that is written.
    pub fn parse(text: &str) -> Result<Self, ManifestFault> {
        let lines = text.strip_suffix('\n').ok_or(ManifestFault::Malformed)?;
        let mut lines = lines.split('\n');
        let (first, origin, minimum) = (lines.next(), lines.next(), lines.next());
        let minimum = minimum.and_then(|line| line.strip_prefix("minimum "));
        let (Some(FIRST_LINE), Some(origin), Some(minimum)) =
            (first, origin, minimum.and_then(parse_size))
        else {
            return Err(ManifestFault::Malformed);
        };
        let mut manifest = Self {
            origin: origin.to_owned(),
            minimum,
            files: BTreeMap::new(),
        };
        for line in lines {
            let (hash, path) = line.split_once("  ").ok_or(ManifestFault::Malformed)?;
            let hash = parse_hex(hash).ok_or(ManifestFault::Malformed)?;
            let last = manifest.files.last_key_value();
            let sorted = last.is_none_or(|(last, _)| last.as_bytes() < path.as_bytes());
            if !sorted || !is_path(path) {
                return Err(ManifestFault::Malformed);
            }
            manifest.files.insert(path.to_owned(), hash);
        }
        Ok(manifest)
    }

    /// Opens a signed manifest with the Ed25519 keys among `keys`, of which one must have signed.
    pub fn open<'k>(
        note: &[u8],
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Self, ManifestFault> {
        if note.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestFault::Note(NoteFault::TooLong));
        }
        let note = Note::parse_long(note)?;
        let mut signers = Vec::new();
        for key in keys {
            if key.key_type() == KeyType::Ed25519 && note.signed_by(key)?.is_some() {
                signers.push(key);
            }
        }
        if signers.is_empty() {
            return Err(ManifestFault::Note(NoteFault::NotSigned));
        }
        let manifest = Self::parse(note.unchecked_text())?;
        if signers.iter().any(|key| key.name() == manifest.origin) {
            Ok(manifest)
        } else {
            Err(ManifestFault::Origin)
        }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n{}\nminimum {}\n", self.origin, self.minimum);
        for (path, hash) in &self.files {
            for byte in hash {
                // Writing to a string does not fail.
                let _ = write!(text, "{byte:02x}");
            }
            text.push_str("  ");
            text.push_str(path);
            text.push('\n');
        }
        text
    }

    /// The signed note: Ed25519 alone, which every verifier of notes checks.
    ///
    /// Refuses when a path cannot stand in a manifest.
    pub fn sign(&self, signer: &Signer) -> Result<String, ManifestFault> {
        let text = self.text();
        if Self::parse(&text).as_ref() != Ok(self) {
            return Err(ManifestFault::Malformed);
        }
        Ok(signer.sign(&text))
    }
}

/// The SHA-256 of a file's bytes.
pub fn file_hash(bytes: &[u8]) -> Hash {
    let mut digest = Digest::new();
    digest.update(bytes);
    digest.finish()
}

/// What is wrong with a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ManifestFault {
    /// The text is not a manifest.
    #[error("the text is not the manifest of an export")]
    Malformed,
    /// The manifest is of another log.
    #[error("the manifest is of another log")]
    Origin,
    /// The note around it is wrong.
    #[error(transparent)]
    Note(#[from] NoteFault),
}

/// Whether a path is relative, in one spelling, and not the manifest itself.
fn is_path(path: &str) -> bool {
    path != MANIFEST_FILE
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Reads 64 lower-case digits.
fn parse_hex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
    }
    Some(hash)
}

fn hex_digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

/// The file of the manifest within an export.
pub const MANIFEST_FILE: &str = "MANIFEST";

/// The longest manifest that is read: some hundred bytes for every 256 entries.
pub const MANIFEST_BYTES_MAX: usize = 1 << 28;

const FIRST_LINE: &str = "wardgate-export/v1";

#[cfg(test)]
mod tests;
