//! Tokens of 256 random bits, and what the store keeps of them.
//!
//! At rest there is only a keyed digest. A token is found by that digest, so no comparison of
//! secrets takes a time that depends on them.

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::key;
use crate::store::Inner;

/// What a secret is for. One that was made for one use never serves another.
#[derive(Clone, Copy)]
pub(crate) enum For {
    Session,
    Link,
    Challenge,
    Device,
    RecoveryCode,
    Passkey,
    ProviderSession,
    ProviderSubject,
}

impl For {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Session => b"session\0",
            Self::Link => b"link\0",
            Self::Challenge => b"challenge\0",
            Self::Device => b"device\0",
            Self::RecoveryCode => b"recovery-code\0",
            Self::Passkey => b"passkey\0",
            Self::ProviderSession => b"provider-session\0",
            Self::ProviderSubject => b"provider-subject\0",
        }
    }
}

impl Inner {
    /// A new token: 43 letters and digits.
    pub(crate) fn mint(&self) -> SecretString {
        let random = Zeroizing::new(self.vault.random::<32>());
        let mut text = Zeroizing::new(String::with_capacity(43));
        key::base62_of_256_bits(&random, &mut text);
        SecretString::from(text.as_str())
    }

    /// The keyed digest of a secret for a use.
    pub(crate) fn token_mac(&self, what: For, secret: &[u8]) -> Vec<u8> {
        let mut message = Zeroizing::new(Vec::with_capacity(secret.len() + 24));
        message.extend_from_slice(what.prefix());
        message.extend_from_slice(secret);
        self.token_key.mac(&message).to_vec()
    }
}
