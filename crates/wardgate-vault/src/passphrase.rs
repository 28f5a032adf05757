//! The key that a passphrase gives: Argon2id, its cost, and the file it is read from.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::files;
use crate::secret::{KEY_BYTES, Secret};

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
    pub(crate) fn check(self) -> Result<(), VaultError> {
        let refuse = |what| Err(VaultError::Cost { what });
        if !(Self::FLOOR.memory_kib..=MEMORY_KIB_MAX).contains(&self.memory_kib) {
            return refuse("memory must be from 19456 KiB to 4194304 KiB");
        }
        if !(Self::FLOOR.passes..=PASSES_MAX).contains(&self.passes) {
            return refuse("passes must be from 2 to 64");
        }
        if !(Self::FLOOR.lanes..=LANES_MAX).contains(&self.lanes) {
            return refuse("lanes must be from 1 to 16");
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
    let metadata = std::fs::metadata(path).map_err(VaultError::io("read", path))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(VaultError::PassphraseExposed {
            path: path.to_owned(),
        });
    }
    let bytes = files::read(path, PASSPHRASE_FILE_BYTES_MAX)?
        .ok_or_else(|| VaultError::io("read", path)(io::Error::from(io::ErrorKind::NotFound)))?;
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| VaultError::damaged(path, "it is not valid UTF-8"))?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default()))
}

/// Refuses a passphrase that is too short for a new vault.
pub(crate) fn check_length(passphrase: &SecretString) -> Result<(), VaultError> {
    let bytes = passphrase.expose_secret().len();
    if bytes < PASSPHRASE_BYTES_MIN {
        return Err(VaultError::PassphraseTooShort {
            bytes,
            bytes_min: PASSPHRASE_BYTES_MIN,
        });
    }
    Ok(())
}

/// The key that wraps the root key.
pub(crate) fn stretch(
    passphrase: &SecretString,
    salt: &[u8; SALT_BYTES],
    cost: KdfCost,
) -> Result<Secret, VaultError> {
    cost.check()?;
    let failed = |_| VaultError::Crypto {
        what: "derive a key from the passphrase",
    };
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES)).map_err(failed)?;
    let mut key = Secret::new([0; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, key.bytes_mut())
        .map_err(failed)?;
    Ok(key)
}

/// The least length of a passphrase for a new vault, in bytes.
pub const PASSPHRASE_BYTES_MIN: usize = 12;
pub(crate) const SALT_BYTES: usize = 16;
const PASSPHRASE_FILE_BYTES_MAX: u64 = 4096;
const MEMORY_KIB_MAX: u32 = 4 * 1024 * 1024;
const PASSES_MAX: u32 = 64;
const LANES_MAX: u32 = 16;
