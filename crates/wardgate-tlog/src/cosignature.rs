//! C2SP tlog-cosignature: timestamped signatures of checkpoints, Ed25519 and ML-DSA-44.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair};

use crate::checkpoint::Checkpoint;
use crate::note::{KeyType, NoteFault, VerifierKey, signature_line};

/// Cosigns checkpoints under a name: a witness, or a log that signs with ML-DSA-44.
pub struct Cosigner {
    pair: Pair,
    key: VerifierKey,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    MlDsa44(PqdsaKeyPair),
}

impl Cosigner {
    /// Makes an Ed25519 cosigner from a 32-byte seed.
    ///
    /// The signature does not cover the name: no two cosigners may share the seed.
    pub fn ed25519(name: &str, seed: &[u8; 32]) -> Result<Self, NoteFault> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteFault::Key)?;
        let public = pair.public_key().as_ref();
        let key = VerifierKey::new(name, KeyType::CosignatureEd25519, public)?;
        let pair = Pair::Ed25519(pair);
        Ok(Self { pair, key })
    }

    /// Makes an ML-DSA-44 cosigner from a 32-byte seed.
    pub fn ml_dsa_44(name: &str, seed: &[u8; 32]) -> Result<Self, NoteFault> {
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).map_err(|_| NoteFault::Key)?;
        let key = VerifierKey::new(name, KeyType::MlDsa44, pair.public_key().as_ref())?;
        let pair = Pair::MlDsa44(pair);
        Ok(Self { pair, key })
    }

    /// The name that stands in the signature line.
    pub fn name(&self) -> &str {
        self.key.name()
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.key
    }

    /// Cosigns the text of a checkpoint note and returns the signature line.
    ///
    /// `timestamp` is in seconds since 1970. An ML-DSA-44 cosigner may state none with 0.
    pub fn cosign(&self, text: &str, timestamp: u64) -> Result<String, NoteFault> {
        let message = message(&self.key, timestamp, text)?;
        let mut signature = timestamp.to_be_bytes().to_vec();
        match &self.pair {
            Pair::Ed25519(pair) => signature.extend_from_slice(pair.sign(&message).as_ref()),
            Pair::MlDsa44(pair) => {
                let mut raw = vec![0; ML_DSA_44_SIGNING.signature_len()];
                pair.sign(&message, &mut raw).map_err(|_| NoteFault::Key)?;
                signature.append(&mut raw);
            }
        }
        Ok(signature_line(&self.key, &signature))
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cosigner")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Splits a timestamped signature into its time and the raw signature.
pub(crate) fn split(signature: &[u8]) -> Option<(u64, &[u8])> {
    let (timestamp, raw) = signature.split_first_chunk()?;
    Some((u64::from_be_bytes(*timestamp), raw))
}

/// What a cosigner signs for the text of a checkpoint note.
pub(crate) fn message(key: &VerifierKey, timestamp: u64, text: &str) -> Result<Vec<u8>, NoteFault> {
    let checkpoint = Checkpoint::parse(text).map_err(|_| NoteFault::Cosigned)?;
    if timestamp > TIMESTAMP_MAX {
        return Err(NoteFault::Cosigned);
    }
    match key.key_type() {
        KeyType::MlDsa44 => cosigned_message(key.name(), timestamp, &checkpoint),
        _ => Ok(format!("cosignature/v1\ntime {timestamp}\n{text}").into_bytes()),
    }
}

/// The `cosigned_message` structure for a whole tree.
fn cosigned_message(
    cosigner: &str,
    timestamp: u64,
    checkpoint: &Checkpoint,
) -> Result<Vec<u8>, NoteFault> {
    let mut message = LABEL.to_vec();
    push_name(&mut message, cosigner)?;
    message.extend_from_slice(&timestamp.to_be_bytes());
    push_name(&mut message, &checkpoint.origin)?;
    // A checkpoint is the subtree from leaf 0 to its size.
    message.extend_from_slice(&0u64.to_be_bytes());
    message.extend_from_slice(&checkpoint.size.to_be_bytes());
    message.extend_from_slice(&checkpoint.root);
    Ok(message)
}

fn push_name(message: &mut Vec<u8>, name: &str) -> Result<(), NoteFault> {
    let length = u8::try_from(name.len()).map_err(|_| NoteFault::Name)?;
    message.push(length);
    message.extend_from_slice(name.as_bytes());
    Ok(())
}

/// The longest name of an ML-DSA-44 cosigner or of a log that it cosigns.
pub const NAME_BYTES_MAX: usize = u8::MAX as usize;

/// The latest time that a cosignature may carry.
pub const TIMESTAMP_MAX: u64 = i64::MAX as u64;

const LABEL: &[u8; 12] = b"subtree/v1\n\0";

#[cfg(test)]
mod tests;
