//! The provider that needs nothing but a passphrase: Argon2id, its cost, and the file that the
//! passphrase is read from.
//!
//! ```text
//! "WGPP" 1 | memory KiB 4 | passes 4 | lanes 4 | salt 16 | nonce 24 | wrapped root key 48
//! ```

use std::fmt;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyProvider, ProviderError};
use crate::error::VaultError;
use crate::files;
use crate::secret::{KEY_BYTES, Secret, random};
use crate::xaes::{NONCE_BYTES, WRAPPED_BYTES, WrapKey};

/// Wraps the root key with a key that is stretched from a passphrase.
pub struct PassphraseProvider {
    passphrase: SecretString,
    cost: KdfCost,
}

impl PassphraseProvider {
    /// A provider with this passphrase. The cost is for root keys that are wrapped from now
    /// on; one that was wrapped before carries its own.
    #[must_use]
    pub fn new(passphrase: SecretString, cost: KdfCost) -> Self {
        Self { passphrase, cost }
    }
}

impl fmt::Debug for PassphraseProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassphraseProvider")
    }
}

impl KeyProvider for PassphraseProvider {
    fn describe(&self) -> String {
        DESCRIPTION.to_owned()
    }

    fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let bytes = self.passphrase.expose_secret().len();
        if bytes < PASSPHRASE_BYTES_MIN {
            return Err(unusable(format!(
                "it has {bytes} bytes, at least {PASSPHRASE_BYTES_MIN} are needed"
            )));
        }
        let (salt, nonce) = (random(), random());
        let wrapped = wrap_key(&self.passphrase, &salt, self.cost)?
            .wrap(nonce, context, &Secret::of(root))
            .map_err(|error| unusable(error.to_string()))?;
        Ok(encode(self.cost, &salt, &nonce, &wrapped))
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
        let parts = Parts::read(wrapped)
            .ok_or_else(|| unusable("what it is to unwrap is not from a passphrase".to_owned()))?;
        wrap_key(&self.passphrase, &parts.salt, parts.cost)?
            .unwrap(parts.nonce, context, parts.wrapped)
            .map(|root| Zeroizing::new(*root.bytes()))
            .ok_or_else(|| ProviderError::Rejected {
                provider: DESCRIPTION.to_owned(),
            })
    }
}

/// How much work one guess at the passphrase costs (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl KdfCost {
    /// The least cost that is accepted: 19 MiB, two passes.
    pub const FLOOR: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };

    /// Refuses costs that protect too little, and costs that no machine could pay.
    fn check(self) -> Result<(), ProviderError> {
        let refuse = |what: &str| Err(unusable(what.to_owned()));
        if !(Self::FLOOR.memory_kib..=MEMORY_KIB_MAX).contains(&self.memory_kib) {
            return refuse("its memory must be from 19456 KiB to 4194304 KiB");
        }
        if !(Self::FLOOR.passes..=PASSES_MAX).contains(&self.passes) {
            return refuse("its passes must be from 2 to 64");
        }
        if !(Self::FLOOR.lanes..=LANES_MAX).contains(&self.lanes) {
            return refuse("its lanes must be from 1 to 16");
        }
        Ok(())
    }
}

impl Default for KdfCost {
    fn default() -> Self {
        Self {
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 1,
        }
    }
}

/// Reads a passphrase file: its first line, which only its owner may be able to read.
///
/// # Errors
/// When the file is missing, not valid UTF-8, readable by others, or too large.
pub fn read_passphrase(path: &Path) -> Result<SecretString, VaultError> {
    let bytes = files::read_private(path, PASSPHRASE_FILE_BYTES_MAX)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| VaultError::damaged(path, "it is not valid UTF-8"))?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default()))
}

/// What stands in the key file.
pub(crate) fn encode(
    cost: KdfCost,
    salt: &[u8; SALT_BYTES],
    nonce: &[u8; NONCE_BYTES],
    wrapped: &[u8; WRAPPED_BYTES],
) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for number in [cost.memory_kib, cost.passes, cost.lanes] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(wrapped);
    bytes
}

struct Parts {
    cost: KdfCost,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
}

impl Parts {
    fn read(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC.as_slice())?;
        let (memory, rest) = rest.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (lanes, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        Some(Self {
            cost: KdfCost {
                memory_kib: u32::from_be_bytes(*memory),
                passes: u32::from_be_bytes(*passes),
                lanes: u32::from_be_bytes(*lanes),
            },
            salt: *salt,
            nonce: *nonce,
            wrapped: rest.try_into().ok()?,
        })
    }
}

/// The key that wraps the root key.
fn wrap_key(
    passphrase: &SecretString,
    salt: &[u8; SALT_BYTES],
    cost: KdfCost,
) -> Result<WrapKey, ProviderError> {
    cost.check()?;
    let failed = |_| unusable("the key derivation failed".to_owned());
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES)).map_err(failed)?;
    let mut key = Secret::zero();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, key.bytes_mut())
        .map_err(failed)?;
    Ok(WrapKey::new(key))
}

fn unusable(what: String) -> ProviderError {
    ProviderError::Unusable {
        provider: DESCRIPTION.to_owned(),
        what,
    }
}

/// The least length of a passphrase for a new vault, in bytes.
pub const PASSPHRASE_BYTES_MIN: usize = 12;
pub(crate) const DESCRIPTION: &str = "the passphrase";
const MAGIC: &[u8; 5] = b"WGPP\x01";
pub(crate) const SALT_BYTES: usize = 16;
const PASSPHRASE_FILE_BYTES_MAX: u64 = 4096;
const MEMORY_KIB_MAX: u32 = 4 * 1024 * 1024;
const PASSES_MAX: u32 = 64;
const LANES_MAX: u32 = 16;
