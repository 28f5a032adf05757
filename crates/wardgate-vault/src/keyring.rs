//! The file `keys.json`: the wrapped root key and the wrapped tenant key.
//!
//! A checksum over the whole file tells damage apart from a wrong passphrase: when the
//! checksum holds and the root key does not open, the passphrase is wrong.

use std::path::Path;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::derive::{KEY_ID_BYTES, key_id};
use crate::error::VaultError;
use crate::files;
use crate::passphrase::{self, KdfCost, SALT_BYTES};
use crate::secret::{Secret, random};
use crate::xaes::{NONCE_BYTES, WRAPPED_BYTES, WrapKey};

/// The tenant key and the name of the tenant it belongs to.
#[derive(Debug)]
pub(crate) struct Keyring {
    pub(crate) tenant: [u8; TENANT_BYTES],
    pub(crate) key: Secret,
}

/// Makes new keys and writes them to a file that must not exist.
pub(crate) fn create(
    path: &Path,
    passphrase: &SecretString,
    cost: KdfCost,
) -> Result<Keyring, VaultError> {
    passphrase::check_length(passphrase)?;
    cost.check()?;
    let tenant = random::<TENANT_BYTES>();
    let salt = random::<SALT_BYTES>();
    let root = Secret::random();
    let key = Secret::random();
    let stretched = passphrase::stretch(passphrase, &salt, cost)?;
    let file = KeyFile {
        version: VERSION,
        tenant: STANDARD.encode(tenant),
        kdf: Kdf {
            algorithm: KDF_ALGORITHM.to_owned(),
            cost,
            salt: STANDARD.encode(salt),
        },
        root: WrappedKey::seal(&stretched, &tenant, b"root", &root)?,
        tenant_key: WrappedKey::seal(&root, &tenant, b"tenant", &key)?,
    };
    if !files::create(path, &file.encode()?)? {
        return Err(VaultError::AlreadyExists {
            path: path.to_owned(),
        });
    }
    Ok(Keyring { tenant, key })
}

/// Reads the file and opens its keys.
pub(crate) fn open(path: &Path, passphrase: &SecretString) -> Result<Keyring, VaultError> {
    let bytes = files::read(path, FILE_BYTES_MAX)?.ok_or_else(|| VaultError::Missing {
        path: path.parent().unwrap_or(path).to_owned(),
    })?;
    let file = KeyFile::decode(path, &bytes)?;
    let damaged = |what| VaultError::damaged(path, what);
    let tenant = decode(&file.tenant).ok_or_else(|| damaged("the tenant id does not fit"))?;
    let salt = decode(&file.kdf.salt).ok_or_else(|| damaged("the salt does not fit"))?;
    let stretched = passphrase::stretch(passphrase, &salt, file.kdf.cost)?;
    let root = file
        .root
        .open(&stretched, &tenant, b"root")
        .ok_or(VaultError::WrongPassphrase)?;
    let key = file
        .tenant_key
        .open(&root, &tenant, b"tenant")
        .ok_or_else(|| damaged("the tenant key does not open"))?;
    Ok(Keyring { tenant, key })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    tenant: String,
    kdf: Kdf,
    root: WrappedKey,
    tenant_key: WrappedKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    algorithm: String,
    cost: KdfCost,
    salt: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrappedKey {
    key_id: String,
    nonce: String,
    wrapped: String,
}

impl KeyFile {
    /// One line of JSON, then a line with its SHA-256.
    fn encode(&self) -> Result<Vec<u8>, VaultError> {
        let mut bytes = serde_json::to_vec(self).map_err(|_| VaultError::Crypto {
            what: "write the key file",
        })?;
        bytes.push(b'\n');
        let sum = STANDARD.encode(digest::digest(&digest::SHA256, &bytes));
        bytes.extend_from_slice(sum.as_bytes());
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn decode(path: &Path, bytes: &[u8]) -> Result<Self, VaultError> {
        let damaged = |what| VaultError::damaged(path, what);
        let end = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(|| damaged("it is cut short"))?;
        let (body, sum) = bytes.split_at(end + 1);
        let expected = STANDARD.encode(digest::digest(&digest::SHA256, body)) + "\n";
        if sum != expected.as_bytes() {
            return Err(damaged("its checksum does not fit"));
        }
        let version: VersionOnly =
            serde_json::from_slice(body).map_err(|_| damaged("it has no version"))?;
        if version.version != VERSION {
            return Err(VaultError::Version {
                what: "the key file",
                version: version.version,
                supported: VERSION,
            });
        }
        let file: Self =
            serde_json::from_slice(body).map_err(|_| damaged("its fields do not fit"))?;
        if file.kdf.algorithm != KDF_ALGORITHM {
            return Err(damaged("its key derivation is unknown"));
        }
        Ok(file)
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

impl WrappedKey {
    fn seal(
        with: &Secret,
        tenant: &[u8; TENANT_BYTES],
        role: &[u8],
        key: &Secret,
    ) -> Result<Self, VaultError> {
        let id = key_id(key);
        let nonce = random::<NONCE_BYTES>();
        let wrapped = WrapKey::new(with)?.wrap(nonce, &aad(tenant, role, id), key)?;
        Ok(Self {
            key_id: STANDARD.encode(id),
            nonce: STANDARD.encode(nonce),
            wrapped: STANDARD.encode(wrapped),
        })
    }

    fn open(&self, with: &Secret, tenant: &[u8; TENANT_BYTES], role: &[u8]) -> Option<Secret> {
        let id = decode::<KEY_ID_BYTES>(&self.key_id)?;
        let nonce = decode::<NONCE_BYTES>(&self.nonce)?;
        let wrapped = decode::<WRAPPED_BYTES>(&self.wrapped)?;
        let key = WrapKey::new(with)
            .ok()?
            .unwrap(nonce, &aad(tenant, role, id), wrapped)?;
        // AES-GCM does not commit to its key; the check value does.
        (key_id(&key) == id).then_some(key)
    }
}

fn aad(tenant: &[u8; TENANT_BYTES], role: &[u8], id: [u8; KEY_ID_BYTES]) -> Vec<u8> {
    [b"wardgate v1 key ".as_slice(), role, b" ", tenant, &id].concat()
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

pub(crate) const TENANT_BYTES: usize = 16;
const VERSION: u32 = 1;
const KDF_ALGORITHM: &str = "argon2id";
const FILE_BYTES_MAX: u64 = 16 * 1024;
