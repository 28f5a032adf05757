//! The X25519 stanza: the file key, wrapped for one recipient.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::error::AgeError;
use super::header::{FILE_KEY_BYTES, FileKey, Stanza};
use super::keys::{Identity, Recipient};
use crate::derive::hkdf;
use crate::secret::{KEY_BYTES, Secret};

/// What an X25519 stanza carries.
#[derive(Debug)]
pub(super) struct Wrapped {
    share: [u8; KEY_BYTES],
    body: [u8; BODY_BYTES],
}

impl Wrapped {
    /// Wraps the file key for a recipient under a share made for this one stanza.
    pub(super) fn new(file_key: &FileKey, recipient: &Recipient) -> Result<Self, AgeError> {
        let ephemeral = Identity::generate()?;
        let share = *ephemeral.recipient().bytes();
        let shared = ephemeral
            .agree(recipient.bytes())
            .ok_or(AgeError::Recipient {
                what: "no secret key belongs to it",
            })?;
        let failed = |_| AgeError::Crypto {
            what: "wrap a file key",
        };
        let mut body = [0; BODY_BYTES];
        let (inner, end) = body.split_at_mut(FILE_KEY_BYTES);
        inner.copy_from_slice(file_key.bytes());
        let tag = cipher(&shared, &share, recipient)?
            .seal_in_place_separate_tag(zero_nonce(), Aad::empty(), inner)
            .map_err(failed)?;
        end.copy_from_slice(tag.as_ref());
        Ok(Self { share, body })
    }

    /// Reads a stanza. `None` when it is of another kind.
    pub(super) fn read(stanza: &Stanza) -> Result<Option<Self>, AgeError> {
        let Some((KIND, arguments)) = stanza
            .arguments
            .split_first()
            .map(|(kind, rest)| (kind.as_str(), rest))
        else {
            return Ok(None);
        };
        let fault = |what| AgeError::Header { what };
        let [share] = arguments else {
            return Err(fault("an X25519 stanza has one share"));
        };
        let share = STANDARD_NO_PAD.decode(share).ok();
        let share = share
            .and_then(|share| share.try_into().ok())
            .ok_or_else(|| fault("the share of an X25519 stanza is not a key"))?;
        let body = stanza.body.as_slice().try_into();
        let body = body.map_err(|_| fault("the body of an X25519 stanza is not a wrapped key"))?;
        Ok(Some(Self { share, body }))
    }

    pub(super) fn to_stanza(&self) -> Stanza {
        Stanza {
            arguments: vec![KIND.to_owned(), STANDARD_NO_PAD.encode(self.share)],
            body: self.body.to_vec(),
        }
    }

    /// Unwraps the file key. `None` when it is for another recipient.
    pub(super) fn open(&self, identity: &Identity) -> Result<Option<FileKey>, AgeError> {
        let shared = identity.agree(&self.share).ok_or(AgeError::Header {
            what: "the share of an X25519 stanza is of low order",
        })?;
        let mut body = Zeroizing::new(self.body);
        let opened = cipher(&shared, &self.share, identity.recipient())?
            .open_in_place(zero_nonce(), Aad::empty(), body.as_mut_slice())
            .ok();
        Ok(opened.and_then(|key| FileKey::from_slice(key)))
    }
}

fn cipher(
    shared: &Secret,
    share: &[u8; KEY_BYTES],
    recipient: &Recipient,
) -> Result<LessSafeKey, AgeError> {
    let salt = [share.as_slice(), recipient.bytes()].concat();
    let key = hkdf(&salt, shared.bytes(), b"age-encryption.org/v1/X25519");
    UnboundKey::new(&CHACHA20_POLY1305, key.bytes())
        .map(LessSafeKey::new)
        .map_err(|_| AgeError::Crypto {
            what: "set up a wrapping key",
        })
}

/// Each wrapping key is used once, so its nonce is fixed.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

const KIND: &str = "X25519";
const BODY_BYTES: usize = FILE_KEY_BYTES + 16;
