//! The bytes of `keys.json`: one line of JSON, a MAC under a key of the root key, a checksum.
//!
//! The checksum tells damage apart from a key that does not fit, before any provider is asked.
//! The MAC tells damage apart from a change by someone who can mend a checksum.

use std::path::Path;

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{TENANT_BYTES, file_key};
use crate::derive::{KEY_ID_BYTES, key_id};
use crate::error::VaultError;
use crate::provider::passphrase::{self, KdfCost};
use crate::secret::{Secret, random};
use crate::xaes::{NONCE_BYTES, WRAPPED_BYTES, WrapKey};

/// What stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    pub(super) generation: u64,
    #[serde(with = "base64_text")]
    pub(super) tenant: [u8; TENANT_BYTES],
    pub(super) root: RootEntry,
    pub(super) tenant_keys: Vec<KeyEntry>,
    /// Absent in format version 1 only: there the first tenant key is the derivation key.
    pub(super) derivation: Option<KeyEntry>,
    pub(super) rewrapping: bool,
    pub(super) recovery: Vec<RecoveryEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RootEntry {
    pub(super) version: u32,
    pub(super) provider: String,
    #[serde(with = "base64_text")]
    pub(super) check: [u8; KEY_ID_BYTES],
    #[serde(with = "base64_text")]
    pub(super) wrapped: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyEntry {
    pub(super) version: u32,
    #[serde(with = "base64_text")]
    pub(super) check: [u8; KEY_ID_BYTES],
    #[serde(with = "base64_text")]
    nonce: [u8; NONCE_BYTES],
    #[serde(with = "base64_text")]
    wrapped: [u8; WRAPPED_BYTES],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecoveryEntry {
    pub(super) recipient: String,
    #[serde(with = "base64_text")]
    pub(super) wrapped: Vec<u8>,
}

/// A file as it was read: its checksum holds, its MAC waits for the root key.
pub(crate) struct Read {
    pub(super) format: u32,
    pub(super) file: KeyFile,
    /// The line and its MAC; format version 1 has none.
    proof: Option<(Vec<u8>, [u8; 32])>,
}

impl Read {
    pub(super) fn is_from_holder_of(&self, root: &Secret) -> bool {
        self.proof.as_ref().is_none_or(|(line, proof)| {
            let expected = file_key(root, &self.file.tenant).mac(line);
            constant_time::verify_slices_are_equal(&expected, proof).is_ok()
        })
    }
}

impl KeyFile {
    pub(super) fn encode(&self, root: &Secret) -> Result<Vec<u8>, VaultError> {
        #[derive(Serialize)]
        struct Versioned<'a> {
            version: u32,
            #[serde(flatten)]
            file: &'a KeyFile,
        }
        let versioned = Versioned {
            version: VERSION,
            file: self,
        };
        let mut bytes = serde_json::to_vec(&versioned).map_err(|_| VaultError::Crypto {
            what: "write the key file",
        })?;
        bytes.push(b'\n');
        let proof = file_key(root, &self.tenant).mac(&bytes);
        bytes.extend_from_slice(STANDARD.encode(proof).as_bytes());
        bytes.push(b'\n');
        let sum = checksum(&bytes);
        bytes.extend_from_slice(sum.as_bytes());
        Ok(bytes)
    }

    pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Read, VaultError> {
        let damaged = |what| VaultError::damaged(path, what);
        let (_, before) = bytes.split_last().ok_or_else(|| damaged("it is empty"))?;
        let end = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .ok_or_else(|| damaged("it is cut short"))?;
        let (body, sum) = bytes.split_at(end + 1);
        if sum != checksum(body).as_bytes() {
            return Err(damaged("its checksum does not fit"));
        }
        let end = body.iter().position(|byte| *byte == b'\n').unwrap_or(0);
        let (line, proof) = body.split_at(end + 1);
        let read: Version =
            serde_json::from_slice(line).map_err(|_| damaged("it has no version"))?;
        match (read.version, proof) {
            (1, []) => {
                let first: FirstFormat =
                    serde_json::from_slice(line).map_err(|_| damaged("its fields do not fit"))?;
                let file = first
                    .translate()
                    .ok_or_else(|| damaged("its fields do not fit"))?;
                Ok(Read {
                    format: 1,
                    file,
                    proof: None,
                })
            }
            (VERSION, [proof @ .., b'\n']) => {
                let proof = STANDARD
                    .decode(proof)
                    .ok()
                    .and_then(|proof| proof.try_into().ok());
                let proof = proof.ok_or_else(|| damaged("its proof does not fit"))?;
                let file = without_version(line).ok_or_else(|| damaged("its fields do not fit"))?;
                Ok(Read {
                    format: VERSION,
                    file,
                    proof: Some((line.to_vec(), proof)),
                })
            }
            (1 | VERSION, _) => Err(damaged("its lines do not fit")),
            (version, _) => Err(VaultError::Version {
                what: "the key file",
                version,
                supported: VERSION,
            }),
        }
    }
}

impl KeyEntry {
    pub(super) fn seal(
        version: u32,
        key: &Secret,
        root: &Secret,
        tenant: &[u8; TENANT_BYTES],
        role: &[u8],
    ) -> Result<Self, VaultError> {
        let check = key_id(key);
        let nonce = random::<NONCE_BYTES>();
        Ok(Self {
            version,
            check,
            nonce,
            wrapped: WrapKey::new(root.copy()).wrap(nonce, &aad(tenant, role, check), key)?,
        })
    }

    pub(super) fn open(
        &self,
        root: &Secret,
        tenant: &[u8; TENANT_BYTES],
        role: &[u8],
    ) -> Option<Secret> {
        let aad = aad(tenant, role, self.check);
        let key = WrapKey::new(root.copy()).unwrap(self.nonce, &aad, self.wrapped)?;
        // AES-GCM does not commit to its key; the check value does.
        (key_id(&key) == self.check).then_some(key)
    }
}

/// The file of format version 1: one passphrase, one tenant key. It is read as it stands, and
/// written as version 2 when a key is next changed: opening changes nothing, so that a copy
/// can be looked at and the build before this one can be gone back to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstFormat {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(with = "base64_text")]
    tenant: [u8; TENANT_BYTES],
    kdf: FirstKdf,
    root: FirstWrapped,
    tenant_key: FirstWrapped,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstKdf {
    algorithm: String,
    cost: KdfCost,
    #[serde(with = "base64_text")]
    salt: [u8; passphrase::SALT_BYTES],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstWrapped {
    #[serde(with = "base64_text")]
    key_id: [u8; KEY_ID_BYTES],
    #[serde(with = "base64_text")]
    nonce: [u8; NONCE_BYTES],
    #[serde(with = "base64_text")]
    wrapped: [u8; WRAPPED_BYTES],
}

impl FirstFormat {
    fn translate(self) -> Option<KeyFile> {
        if self.kdf.algorithm != "argon2id" {
            return None;
        }
        let FirstWrapped {
            key_id,
            nonce,
            wrapped,
        } = self.tenant_key;
        Some(KeyFile {
            generation: 0,
            tenant: self.tenant,
            root: RootEntry {
                version: 1,
                provider: passphrase::DESCRIPTION.to_owned(),
                check: self.root.key_id,
                wrapped: passphrase::encode(
                    self.kdf.cost,
                    &self.kdf.salt,
                    &self.root.nonce,
                    &self.root.wrapped,
                ),
            },
            tenant_keys: vec![KeyEntry {
                version: 1,
                check: key_id,
                nonce,
                wrapped,
            }],
            derivation: None,
            rewrapping: false,
            recovery: Vec::new(),
        })
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// `flatten` and `deny_unknown_fields` do not go together, so the version is taken out first.
fn without_version(line: &[u8]) -> Option<KeyFile> {
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(line).ok()?;
    fields.remove("version")?;
    serde_json::from_value(fields.into()).ok()
}

pub(super) fn aad(tenant: &[u8; TENANT_BYTES], role: &[u8], id: [u8; KEY_ID_BYTES]) -> Vec<u8> {
    [b"wardgate v1 key ".as_slice(), role, b" ", tenant, &id].concat()
}

fn checksum(bytes: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, bytes)) + "\n"
}

/// Bytes as base64 text.
mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        bytes: &impl AsRef<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        T::try_from(bytes).map_err(|_| D::Error::custom("the length does not fit"))
    }
}

const VERSION: u32 = 2;
