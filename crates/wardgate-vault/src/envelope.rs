//! The sealed form of a payload.
//!
//! ```text
//! version 1 | kind 1 | key id 8 | wrap nonce 24 | wrapped data key 48 | ciphertext n | tag 16
//! ```
//!
//! Every payload has a data key of its own, which is why the payload's nonce can be zero:
//! no key ever encrypts twice. What a payload belongs to (tenant, patient, object, id) is not
//! stored but must be named again to open it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::derive::{KEY_ID_BYTES, key_id};
use crate::error::VaultError;
use crate::keyring::TENANT_BYTES;
use crate::secret::{Secret, random, scrub_stack};
use crate::xaes::{NONCE_BYTES, WRAPPED_BYTES, WrapKey};

/// What a sealed payload belongs to. It opens only for the same object and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<'a> {
    /// The kind of thing, such as `person.name` or `call.request`.
    pub object: &'a str,
    /// Which one, such as a record id.
    pub id: &'a [u8],
}

impl<'a> Binding<'a> {
    /// Names what a payload belongs to.
    #[must_use]
    pub fn new(object: &'a str, id: &'a [u8]) -> Self {
        Self { object, id }
    }
}

/// Who a payload is sealed for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    Tenant,
    Patient([u8; 16]),
}

/// A key that seals payloads, with its check value.
#[derive(Debug)]
pub(crate) struct SealingKey {
    id: [u8; KEY_ID_BYTES],
    wrap: WrapKey,
}

impl SealingKey {
    pub(crate) fn new(key: Secret) -> Self {
        Self {
            id: key_id(&key),
            wrap: WrapKey::new(key),
        }
    }

    pub(crate) fn id(&self) -> [u8; KEY_ID_BYTES] {
        self.id
    }

    pub(crate) fn seal(
        &self,
        context: Context<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let sealed = self.seal_once(context, plaintext);
        scrub_stack();
        sealed
    }

    pub(crate) fn open(
        &self,
        context: Context<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let opened = self.open_once(context, sealed);
        scrub_stack();
        opened
    }

    #[cfg(test)]
    pub(crate) fn data_key_for_test(
        &self,
        tenant: [u8; TENANT_BYTES],
        patient: [u8; 16],
        binding: &Binding<'_>,
        sealed: &[u8],
    ) -> Secret {
        let owner = Owner::Patient(patient);
        let context = Context {
            tenant,
            owner,
            binding,
        };
        let parts = Parts::read(sealed).unwrap();
        let aad = context.aad(self.id);
        self.wrap.unwrap(parts.nonce, &aad, parts.wrapped).unwrap()
    }

    #[cfg(test)]
    pub(crate) fn key_for_test(&self) -> &[u8; 32] {
        self.wrap.key_for_test()
    }

    #[inline(never)]
    fn seal_once(&self, context: Context<'_>, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        if plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(VaultError::TooLarge {
                bytes: plaintext.len(),
                bytes_max: PLAINTEXT_BYTES_MAX,
            });
        }
        let aad = context.aad(self.id);
        let nonce = random::<NONCE_BYTES>();
        let data_key = Secret::random();
        let wrapped = self.wrap.wrap(nonce, &aad, &data_key)?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plaintext.len() + TAG_BYTES);
        sealed.push(VERSION);
        sealed.push(context.owner.kind());
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&wrapped);
        sealed.extend_from_slice(plaintext);
        let (_, body) = sealed.split_at_mut(HEADER_BYTES);
        let tag = payload_cipher(&data_key)?
            .seal_in_place_separate_tag(zero_nonce(), Aad::from(&aad), body)
            .map_err(|_| VaultError::Crypto {
                what: "seal a payload",
            })?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    #[inline(never)]
    fn open_once(
        &self,
        context: Context<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let parts = Parts::read(sealed)?;
        if parts.kind != context.owner.kind() {
            return Err(VaultError::Rejected);
        }
        if parts.key_id != self.id {
            return Err(VaultError::OtherKey);
        }
        let aad = context.aad(self.id);
        let data_key = self
            .wrap
            .unwrap(parts.nonce, &aad, parts.wrapped)
            .ok_or(VaultError::Rejected)?;
        let mut body = Zeroizing::new(parts.body.to_vec());
        let length = payload_cipher(&data_key)?
            .open_in_place(zero_nonce(), Aad::from(&aad), &mut body)
            .map_err(|_| VaultError::Rejected)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

/// The id of the tenant's key that sealed these bytes.
pub(crate) fn tenant_key_of(sealed: &[u8]) -> Result<[u8; KEY_ID_BYTES], VaultError> {
    let parts = Parts::read(sealed)?;
    if parts.kind != Owner::Tenant.kind() {
        return Err(VaultError::Rejected);
    }
    Ok(parts.key_id)
}

/// Everything outside the payload that its sealing depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) tenant: [u8; TENANT_BYTES],
    pub(crate) owner: Owner,
    pub(crate) binding: &'a Binding<'a>,
}

impl Context<'_> {
    /// Associated data; every part has a fixed or a stated length, so no two contexts agree.
    fn aad(&self, key_id: [u8; KEY_ID_BYTES]) -> Vec<u8> {
        let Binding { object, id } = self.binding;
        let mut aad = Vec::with_capacity(96 + object.len() + id.len());
        aad.extend_from_slice(b"wardgate v1 sealed");
        aad.extend_from_slice(&[VERSION, self.owner.kind()]);
        aad.extend_from_slice(&self.tenant);
        if let Owner::Patient(handle) = self.owner {
            aad.extend_from_slice(&handle);
        }
        aad.extend_from_slice(&key_id);
        aad.extend_from_slice(&(object.len() as u64).to_le_bytes());
        aad.extend_from_slice(object.as_bytes());
        aad.extend_from_slice(id);
        aad
    }
}

impl Owner {
    fn kind(self) -> u8 {
        match self {
            Self::Tenant => 1,
            Self::Patient(_) => 2,
        }
    }
}

struct Parts<'a> {
    kind: u8,
    key_id: [u8; KEY_ID_BYTES],
    nonce: [u8; NONCE_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(sealed: &'a [u8]) -> Result<Self, VaultError> {
        let (version, rest) = sealed.split_first().ok_or(VaultError::Rejected)?;
        if *version != VERSION {
            return Err(VaultError::Version {
                what: "the sealed payload",
                version: u32::from(*version),
                supported: u32::from(VERSION),
            });
        }
        let read = || {
            let (kind, rest) = rest.split_first()?;
            let (key_id, rest) = rest.split_first_chunk()?;
            let (nonce, rest) = rest.split_first_chunk()?;
            let (wrapped, body) = rest.split_first_chunk()?;
            Some(Self {
                kind: *kind,
                key_id: *key_id,
                nonce: *nonce,
                wrapped: *wrapped,
                body,
            })
        };
        read().ok_or(VaultError::Rejected)
    }
}

pub(crate) fn payload_cipher(data_key: &Secret) -> Result<LessSafeKey, VaultError> {
    UnboundKey::new(&AES_256_GCM, data_key.bytes())
        .map(LessSafeKey::new)
        .map_err(|_| VaultError::Crypto {
            what: "set up a data key",
        })
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// The largest payload sealed in one piece.
pub const PLAINTEXT_BYTES_MAX: usize = 64 * 1024 * 1024;
const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 2 + KEY_ID_BYTES + NONCE_BYTES + WRAPPED_BYTES;
