//! XAES-256-GCM (C2SP): AES-256-GCM with 192-bit nonces, for keys that wrap many things.
//!
//! The first half of the nonce derives a fresh AES-256-GCM key with CMAC (NIST SP 800-108),
//! the second half is that key's nonce. Random nonces are safe for 2^80 messages per key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cmac;

use crate::error::VaultError;
use crate::secret::{KEY_BYTES, Secret};

/// A long-lived key that wraps other keys. The library's form of it is made for each use.
pub(crate) struct WrapKey(Secret);

impl WrapKey {
    pub(crate) fn new(key: Secret) -> Self {
        Self(key)
    }

    #[cfg(test)]
    pub(crate) fn key_for_test(&self) -> &[u8; KEY_BYTES] {
        self.0.bytes()
    }

    /// Encrypts a key. Returns ciphertext and tag.
    pub(crate) fn wrap(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        key: &Secret,
    ) -> Result<[u8; WRAPPED_BYTES], VaultError> {
        let mut wrapped = [0; WRAPPED_BYTES];
        let (body, end) = wrapped.split_at_mut(KEY_BYTES);
        body.copy_from_slice(key.bytes());
        let (cipher, nonce) = self.cipher(nonce)?;
        let tag = cipher
            .seal_in_place_separate_tag(nonce, Aad::from(aad), body)
            .map_err(|_| VaultError::Crypto { what: "wrap a key" })?;
        end.copy_from_slice(tag.as_ref());
        Ok(wrapped)
    }

    /// Decrypts a key. `None` when anything at all does not fit.
    pub(crate) fn unwrap(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        wrapped: [u8; WRAPPED_BYTES],
    ) -> Option<Secret> {
        let (cipher, nonce) = self.cipher(nonce).ok()?;
        let (body, tag) = wrapped.split_first_chunk::<KEY_BYTES>()?;
        let mut key = Secret::of(body);
        cipher
            .open_separate_gather(nonce, Aad::from(aad), body, tag, key.bytes_mut())
            .ok()?;
        Some(key)
    }

    /// The library's form of the key, which it cleanses when this is dropped.
    pub(crate) fn cmac(&self) -> Result<cmac::Key, VaultError> {
        cmac::Key::new(cmac::AES_256, self.0.bytes()).map_err(|_| VaultError::Crypto {
            what: "set up a wrapping key",
        })
    }

    #[inline(never)]
    pub(crate) fn cipher(
        &self,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<(LessSafeKey, Nonce), VaultError> {
        let failed = |_| VaultError::Crypto {
            what: "derive a wrapping key",
        };
        let (salt, rest) = nonce.split_at(12);
        let from = self.cmac()?;
        let mut key = Secret::zero();
        for (counter, half) in (1..=2).zip(key.bytes_mut().chunks_exact_mut(16)) {
            let mut block = [0, counter, b'X', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            for (to, from) in block.iter_mut().skip(4).zip(salt) {
                *to = *from;
            }
            let tag = cmac::sign(&from, &block).map_err(failed)?;
            half.copy_from_slice(tag.as_ref());
        }
        let cipher = UnboundKey::new(&AES_256_GCM, key.bytes()).map_err(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(rest).map_err(failed)?;
        Ok((LessSafeKey::new(cipher), nonce))
    }
}

impl std::fmt::Debug for WrapKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WrapKey")
    }
}

pub(crate) const NONCE_BYTES: usize = 24;
pub(crate) const WRAPPED_BYTES: usize = KEY_BYTES + 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cipher_agrees_with_the_published_vector() {
        let key = WrapKey::new(Secret::new([1; 32]));
        let (cipher, nonce) = key.cipher(*b"ABCDEFGHIJKLMNOPQRSTUVWX").unwrap();
        let mut sealed = b"XAES-256-GCM".to_vec();
        cipher
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
            .unwrap();
        let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"
        );
    }

    #[test]
    fn wrapping_returns_the_same_key_and_refuses_another_nonce_or_aad() {
        let wrap = WrapKey::new(Secret::random());
        let key = Secret::random();
        let wrapped = wrap.wrap([3; 24], b"aad", &key).unwrap();
        let opened = wrap.unwrap([3; 24], b"aad", wrapped).unwrap();
        assert_eq!(opened.bytes(), key.bytes());
        assert!(wrap.unwrap([4; 24], b"aad", wrapped).is_none());
        assert!(wrap.unwrap([3; 24], b"aae", wrapped).is_none());
    }
}
