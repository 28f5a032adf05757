//! The keys of a log: Ed25519 for every verifier there is, ML-DSA-44 against quantum computers.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::{KeyType, NoteFault, VerifierKey, signature_line};
use crate::cosignature::Cosigner;

/// Signs checkpoints and other notes of a log under its name.
pub struct Signer {
    pair: Ed25519KeyPair,
    key: VerifierKey,
    /// Signs as the log, not as a witness: its name is the origin.
    ml_dsa_44: Option<Cosigner>,
}

impl Signer {
    /// Makes the signer of the log `name` from a 32-byte Ed25519 seed.
    ///
    /// The name is also the origin line of the checkpoints; a URL without its scheme is usual,
    /// such as `hospital.example/wardgate/node-1`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteFault> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteFault::Key)?;
        let key = VerifierKey::new(name, KeyType::Ed25519, pair.public_key().as_ref())?;
        let ml_dsa_44 = None;
        Ok(Self {
            pair,
            key,
            ml_dsa_44,
        })
    }

    /// Adds an ML-DSA-44 key, so that checkpoints carry a second signature.
    pub fn with_ml_dsa_44(mut self, seed: &[u8; 32]) -> Result<Self, NoteFault> {
        self.ml_dsa_44 = Some(Cosigner::ml_dsa_44(self.key.name(), seed)?);
        Ok(self)
    }

    /// The name that stands in the signature lines and as the origin of the log.
    pub fn name(&self) -> &str {
        self.key.name()
    }

    /// The Ed25519 verifier key as text, which every verifier reads.
    pub fn vkey(&self) -> String {
        self.key.to_string()
    }

    /// All verifier keys as text, one a line, Ed25519 first.
    pub fn vkeys(&self) -> String {
        let keys = self.verifier_keys();
        keys.map(|key| format!("{key}\n")).collect()
    }

    /// The public half of the Ed25519 key.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.key
    }

    /// The public half of the ML-DSA-44 key, if the signer has one.
    pub fn ml_dsa_44_key(&self) -> Option<&VerifierKey> {
        self.ml_dsa_44.as_ref().map(Cosigner::verifier_key)
    }

    /// All public halves, Ed25519 first.
    pub fn verifier_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        std::iter::once(&self.key).chain(self.ml_dsa_44_key())
    }

    /// Signs `text`, which must end in a newline, with the Ed25519 key and returns the note.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        format!("{text}\n{}", signature_line(&self.key, signature.as_ref()))
    }

    /// Signs the text of a checkpoint with every key and returns the note.
    ///
    /// `timestamp` is in seconds since 1970, or 0 to state no time.
    pub fn sign_checkpoint(&self, text: &str, timestamp: u64) -> Result<String, NoteFault> {
        let mut note = self.sign(text);
        if let Some(key) = &self.ml_dsa_44 {
            note.push_str(&key.cosign(text, timestamp)?);
        }
        Ok(note)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("name", &self.key.name())
            .finish_non_exhaustive()
    }
}
