//! Patient keys: one wrapped key file each, and its destruction.
//!
//! ```text
//! patients/<2 hex>/<handle>.key        the wrapped key
//! patients/<2 hex>/<handle>.shredded   tombstone: this handle never gets a key again
//! shredding/<handle>                   a shredding that has begun and not yet ended
//! ```
//!
//! A shredding begins with its entry under `shredding/`, so that one cut short by a crash is
//! finished when the vault is next opened. From the tombstone on, no process uses the key:
//! every use looks for the tombstone first, also when the key is still in memory.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aws_lc_rs::digest;

use crate::derive::{KEY_ID_BYTES, key_id};
use crate::envelope::SealingKey;
use crate::error::VaultError;
use crate::files;
use crate::keyring::TENANT_BYTES;
use crate::secret::{Secret, random};
use crate::xaes::{NONCE_BYTES, WRAPPED_BYTES, WrapKey};

/// A random name for a patient. It says nothing about the person and is safe to record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatientHandle([u8; 16]);

impl PatientHandle {
    /// A new random handle.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }

    /// A handle from its stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The last byte, as a number to spread handles by.
    pub(crate) fn spread(self) -> usize {
        let [.., last] = self.0;
        usize::from(last)
    }
}

impl fmt::Display for PatientHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PatientHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PatientHandle({self})")
    }
}

/// The text is not a patient handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a patient handle has 32 lower-case hexadecimal digits")]
pub struct HandleFault;

impl FromStr for PatientHandle {
    type Err = HandleFault;

    fn from_str(text: &str) -> Result<Self, HandleFault> {
        let canonical = text.len() == 32
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical {
            return Err(HandleFault);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| HandleFault)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// The folder with the patients' key files.
#[derive(Debug)]
pub(crate) struct PatientKeys {
    dir: PathBuf,
    tenant: [u8; TENANT_BYTES],
    wrap: WrapKey,
}

impl PatientKeys {
    /// Opens the folder, and finishes every shredding that was cut short.
    pub(crate) fn open(
        dir: &Path,
        tenant: [u8; TENANT_BYTES],
        wrap: WrapKey,
    ) -> Result<Self, VaultError> {
        let keys = Self {
            dir: dir.to_owned(),
            tenant,
            wrap,
        };
        files::make_dir(&keys.dir.join("patients"))?;
        let pending = keys.dir.join("shredding");
        files::make_dir(&pending)?;
        let entries = fs::read_dir(&pending).map_err(VaultError::io("list", &pending))?;
        for entry in entries {
            let entry = entry.map_err(VaultError::io("list", &pending))?;
            let name = entry.file_name();
            // Other names are drafts of entries that were never made.
            if let Some(patient) = name.to_str().and_then(|name| name.parse().ok()) {
                keys.shred(patient)?;
            }
        }
        Ok(keys)
    }

    /// Makes a key for a patient who has none.
    pub(crate) fn create(&self, patient: PatientHandle) -> Result<(), VaultError> {
        self.refuse_shredded(patient)?;
        let path = self.key_path(patient);
        if files::exists(&path)? {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            files::make_dir(folder)?;
        }
        files::create(&path, &self.encode(patient, &Secret::random())?)?;
        // Another process may have shredded the handle meanwhile; its tombstone wins.
        if let Err(refused) = self.refuse_shredded(patient) {
            files::destroy(&path)?;
            return Err(refused);
        }
        Ok(())
    }

    /// Reads a patient's key.
    pub(crate) fn load(&self, patient: PatientHandle) -> Result<SealingKey, VaultError> {
        let path = self.key_path(patient);
        let Some(bytes) = files::read(&path, FILE_BYTES as u64)? else {
            self.refuse_shredded(patient)?;
            return Err(VaultError::NoPatientKey);
        };
        self.refuse_shredded(patient)?;
        let key = self.decode(patient, &path, &bytes)?;
        SealingKey::new(&key)
    }

    /// Refuses a patient whose key was destroyed, or is being destroyed.
    pub(crate) fn refuse_shredded(&self, patient: PatientHandle) -> Result<(), VaultError> {
        if files::exists(&self.tombstone_path(patient))? {
            return Err(VaultError::Shredded);
        }
        Ok(())
    }

    /// Destroys a patient's key for good. Does nothing more when that has been done.
    pub(crate) fn shred(&self, patient: PatientHandle) -> Result<(), VaultError> {
        let key = self.key_path(patient);
        let tombstone = self.tombstone_path(patient);
        let pending = self.dir.join("shredding").join(patient.to_string());
        if !files::exists(&pending)? && files::exists(&tombstone)? && !files::exists(&key)? {
            return Ok(());
        }
        if let Some(folder) = key.parent() {
            files::make_dir(folder)?;
        }
        files::create(&pending, b"")?;
        files::create(&tombstone, b"")?;
        files::destroy(&key)?;
        files::remove(&pending)
    }

    fn encode(&self, patient: PatientHandle, key: &Secret) -> Result<Vec<u8>, VaultError> {
        let id = key_id(key);
        let nonce = random::<NONCE_BYTES>();
        let wrapped = self.wrap.wrap(nonce, &self.aad(patient, id), key)?;
        let mut bytes = [MAGIC.as_slice(), &patient.0, &id, &nonce, &wrapped].concat();
        let sum = digest::digest(&digest::SHA256, &bytes);
        bytes.extend_from_slice(sum.as_ref());
        Ok(bytes)
    }

    fn decode(
        &self,
        patient: PatientHandle,
        path: &Path,
        bytes: &[u8],
    ) -> Result<Secret, VaultError> {
        let damaged = |what| VaultError::damaged(path, what);
        let (body, sum) = bytes
            .split_last_chunk::<32>()
            .ok_or_else(|| damaged("it is cut short"))?;
        if digest::digest(&digest::SHA256, body).as_ref() != sum {
            return Err(damaged("its checksum does not fit"));
        }
        let read = || {
            let rest = body.strip_prefix(MAGIC.as_slice())?;
            let (handle, rest) = rest.split_first_chunk::<16>()?;
            let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
            let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>()?;
            let wrapped: &[u8; WRAPPED_BYTES] = rest.try_into().ok()?;
            Some((*handle, *id, *nonce, *wrapped))
        };
        let (handle, id, nonce, wrapped) = read().ok_or_else(|| damaged("it is no key file"))?;
        if handle != patient.0 {
            return Err(damaged("it belongs to another patient handle"));
        }
        let key = self
            .wrap
            .unwrap(nonce, &self.aad(patient, id), wrapped)
            .ok_or_else(|| damaged("it does not open with this vault's keys"))?;
        if key_id(&key) != id {
            return Err(damaged("its check value does not fit"));
        }
        Ok(key)
    }

    fn aad(&self, patient: PatientHandle, id: [u8; KEY_ID_BYTES]) -> Vec<u8> {
        [
            b"wardgate v1 patient key ".as_slice(),
            &self.tenant,
            &patient.0,
            &id,
        ]
        .concat()
    }

    fn key_path(&self, patient: PatientHandle) -> PathBuf {
        self.path(patient, "key")
    }

    fn tombstone_path(&self, patient: PatientHandle) -> PathBuf {
        self.path(patient, "shredded")
    }

    fn path(&self, patient: PatientHandle, ending: &str) -> PathBuf {
        let name = patient.to_string();
        let folder = name.get(..2).unwrap_or_default();
        let mut path = self.dir.join("patients");
        path.push(folder);
        path.push(format!("{name}.{ending}"));
        path
    }
}

const MAGIC: &[u8; 5] = b"WGPK\x01";
const FILE_BYTES: usize = MAGIC.len() + 16 + KEY_ID_BYTES + NONCE_BYTES + WRAPPED_BYTES + 32;
