//! Keys derived from a key by a label, check values, and keyed commitments.

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;

use crate::secret::{Secret, scrub_stack};

/// What a derived key is for. One label, one key; a key is never used for two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Label {
    /// Hashing API keys at rest.
    ApiKeyPepper,
    /// Looking up sealed columns by an exact value.
    BlindIndex,
    /// Making the placeholders of de-identification.
    Placeholder,
    /// Seed of the ledger's signing key.
    LedgerSigner,
    /// Seed of the ledger's second signing key, ML-DSA-44.
    LedgerSignerMlDsa44,
    /// Seed of the development certificate authority.
    CertificateAuthority,
    /// Signing cookies, form tokens and other short-lived tokens.
    SessionToken,
    /// Shifting dates per patient.
    DateShift,
    /// Naming the objects of a backup by what they hold.
    BackupName,
    /// Seed of the key that signs access tokens of applications.
    AccessToken,
    /// Making what stands for patients and ids in records that this hospital de-identifies for others.
    ProjectKey,
    /// Proving that the key file comes from a holder of the root key. Used by the vault only.
    #[doc(hidden)]
    KeyFile,
    /// Wrapping patient keys. Used by the vault only.
    #[doc(hidden)]
    PatientWrap,
    /// Wrapping data keys of payloads that belong to no patient. Used by the vault only.
    #[doc(hidden)]
    Seal,
}

impl Label {
    fn info(self) -> &'static [u8] {
        match self {
            Self::ApiKeyPepper => b"wardgate v1 api-key-pepper",
            Self::BlindIndex => b"wardgate v1 blind-index",
            Self::Placeholder => b"wardgate v1 placeholder",
            Self::LedgerSigner => b"wardgate v1 ledger-signer",
            Self::LedgerSignerMlDsa44 => b"wardgate v1 ledger-signer ml-dsa-44",
            Self::CertificateAuthority => b"wardgate v1 certificate-authority",
            Self::SessionToken => b"wardgate v1 session-token",
            Self::DateShift => b"wardgate v1 date-shift",
            Self::BackupName => b"wardgate v1 backup-name",
            Self::AccessToken => b"wardgate v1 access-token",
            Self::ProjectKey => b"wardgate v1 project-key",
            Self::KeyFile => b"wardgate v2 key-file",
            Self::PatientWrap => b"wardgate v1 patient-wrap",
            Self::Seal => b"wardgate v1 seal",
        }
    }
}

/// A key derived from the derivation key. Wiped when dropped, never printed.
pub struct DerivedKey(Secret);

impl DerivedKey {
    /// The key bytes. Every use of them is found by searching for this name.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.bytes()
    }

    pub(crate) fn into_secret(self) -> Secret {
        self.0
    }

    /// HMAC-SHA-256 of `data` under this key.
    #[must_use]
    pub fn mac(&self, data: &[u8]) -> [u8; 32] {
        mac(self.0.bytes(), data)
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(32 bytes)")
    }
}

/// A commitment to `data` that only the holder of `blind` can open.
///
/// The blind must be random and sealed beside the data: without it, even a guess at short
/// data cannot be tested, and shredding the blind makes the commitment meaningless.
#[must_use]
pub fn commit(blind: &[u8; 32], data: &[u8]) -> [u8; 32] {
    mac(blind, data)
}

/// HKDF-SHA-256 (RFC 5869) for one output block.
pub(crate) fn derive(key: &Secret, salt: &[u8], label: Label) -> DerivedKey {
    DerivedKey(hkdf(salt, key.bytes(), label.info()))
}

/// HKDF-SHA-256 (RFC 5869) for one output block, as formats of others ask for it. The key is
/// written into its slot, without a copy of it on the way.
pub(crate) fn hkdf(salt: &[u8], input: &[u8], info: &[u8]) -> Secret {
    let mut key = Secret::zero();
    let filled = expand(salt, input, info, &mut key);
    scrub_stack();
    if filled.is_err() {
        // One block is never too long, and a key that was not derived must not be used.
        std::process::abort();
    }
    key
}

#[inline(never)]
fn expand(salt: &[u8], input: &[u8], info: &[u8], to: &mut Secret) -> Result<(), Unspecified> {
    Salt::new(HKDF_SHA256, salt)
        .extract(input)
        .expand(&[info], HKDF_SHA256)?
        .fill(to.bytes_mut())
}

/// A public name for a key that also proves that it is this key: its check value.
pub(crate) fn key_id(key: &Secret) -> [u8; KEY_ID_BYTES] {
    let mut id = [0; KEY_ID_BYTES];
    let tag = mac(key.bytes(), b"wardgate v1 key-check-value");
    for (to, from) in id.iter_mut().zip(tag) {
        *to = from;
    }
    id
}

pub(crate) fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    tag_bytes(&hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data))
}

fn tag_bytes(tag: &hmac::Tag) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    bytes
}

pub(crate) const KEY_ID_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn hkdf_agrees_with_rfc_5869() {
        // Test case 1; its first block does not depend on the length asked for.
        let salt = hex("000102030405060708090a0b0c");
        let okm = hkdf(&salt, &[0x0b; 22], &hex("f0f1f2f3f4f5f6f7f8f9"));
        assert_eq!(
            okm.bytes().to_vec(),
            hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        );
    }

    #[test]
    fn commitment_agrees_with_rfc_4231() {
        // Test case 2 has a four-byte key, so it goes through `mac`.
        assert_eq!(
            mac(b"Jefe", b"what do ya want for nothing?").to_vec(),
            hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
        assert_ne!(commit(&[1; 32], b"x"), commit(&[2; 32], b"x"));
    }

    #[test]
    fn labels_give_different_keys() {
        let key = Secret::new([7; 32]);
        let labels = [
            Label::ApiKeyPepper,
            Label::BlindIndex,
            Label::Placeholder,
            Label::LedgerSigner,
            Label::LedgerSignerMlDsa44,
            Label::CertificateAuthority,
            Label::SessionToken,
            Label::DateShift,
            Label::BackupName,
            Label::AccessToken,
            Label::ProjectKey,
            Label::KeyFile,
            Label::PatientWrap,
            Label::Seal,
        ];
        let mut keys: Vec<_> = labels
            .iter()
            .map(|label| *derive(&key, b"salt", *label).expose())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), labels.len());
    }
}
