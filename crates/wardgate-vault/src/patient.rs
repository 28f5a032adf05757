//! Patient keys: one wrapped key file each, and its destruction.
//!
//! ```text
//! patients/<2 hex>/<handle>.key        the wrapped key
//! patients/<2 hex>/<handle>.key.old    what a rewrap has replaced and not yet overwritten
//! patients/<2 hex>/<handle>.key.new    what a rewrap is about to put in place
//! patients/<2 hex>/<handle>.shredded   tombstone: this handle never gets a key again
//! shredding/<handle>                   a shredding that has begun and not yet ended
//! ```
//!
//! A shredding begins with its entry under `shredding/`, so that one cut short by a crash is
//! finished when the vault is next opened. From the tombstone on, no process uses the key:
//! every use looks for the tombstone first, also when the key is still in memory.
//!
//! ```text
//! "WGPK" 2 | handle 16 | id of the tenant key 8 | id of the key 8 | nonce 24 | wrapped key 48 | SHA-256 32
//! ```
//!
//! Format 1 does not name the tenant key; it is read, and written anew by the next rotation.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aws_lc_rs::digest;

use crate::derive::{KEY_ID_BYTES, key_id};
use crate::envelope::SealingKey;
use crate::error::VaultError;
use crate::files;
use crate::keyring::{TENANT_BYTES, TenantKeyStatus};
use crate::keys::{Keys, Version};
use crate::secret::{Secret, random, scrub_stack};
use crate::xaes::{NONCE_BYTES, WRAPPED_BYTES};

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
}

impl PatientKeys {
    /// Opens the folder, and finishes every shredding that was cut short.
    pub(crate) fn open(dir: &Path) -> Result<Self, VaultError> {
        let keys = Self::at(dir);
        files::make_dir(&keys.dir.join("patients"))?;
        let pending = keys.dir.join("shredding");
        files::make_dir(&pending)?;
        for name in names_in(&pending)? {
            // Other names are drafts of entries that were never made.
            if let Ok(patient) = name.parse() {
                keys.shred(patient)?;
            }
        }
        Ok(keys)
    }

    /// The folder as it is.
    pub(crate) fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// Counts how many patient keys each version of the tenant key wraps. Needs no key.
    pub(crate) fn count(&self, versions: &mut [TenantKeyStatus]) -> Result<(), VaultError> {
        for folder in self.folders()? {
            for patient in self.patients_in(&folder)? {
                let path = self.key_path(patient);
                let Some(bytes) = files::read(&path, FILE_BYTES as u64)? else {
                    continue;
                };
                let file = PatientFile::read(patient, &path, &bytes)?;
                // Format 1 is of a time when there was one version.
                let version = match file.tenant_key {
                    None => versions.first_mut(),
                    Some(id) => versions.iter_mut().find(|version| version.id == id),
                };
                if let Some(version) = version {
                    version.patient_keys += 1;
                }
            }
        }
        Ok(())
    }

    /// Makes a key for a patient who has none.
    pub(crate) fn create(&self, patient: PatientHandle, keys: &Keys) -> Result<(), VaultError> {
        let _changing = self.lock()?;
        self.refuse_shredded(patient)?;
        let path = self.key_path(patient);
        if files::exists(&path)? {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            files::make_dir(folder)?;
        }
        let file = encode(patient, &Secret::random(), keys.tenant(), keys.current()?)?;
        files::create(&path, &file)?;
        Ok(())
    }

    /// Reads a patient's key. [`VaultError::OtherKey`] when it is wrapped under a tenant key
    /// that is not among the keys.
    pub(crate) fn load(
        &self,
        patient: PatientHandle,
        keys: &Keys,
    ) -> Result<SealingKey, VaultError> {
        let path = self.key_path(patient);
        let Some(bytes) = files::read(&path, FILE_BYTES as u64)? else {
            self.refuse_shredded(patient)?;
            return Err(VaultError::NoPatientKey);
        };
        self.refuse_shredded(patient)?;
        let file = PatientFile::read(patient, &path, &bytes)?;
        let key = SealingKey::new(file.open(patient, &path, keys)?);
        scrub_stack();
        Ok(key)
    }

    /// Wraps a patient's key under the current tenant key. Returns whether it was not yet.
    pub(crate) fn rewrap(&self, patient: PatientHandle, keys: &Keys) -> Result<bool, VaultError> {
        let _changing = self.lock()?;
        let path = self.key_path(patient);
        files::settle(&path)?;
        let Some(bytes) = files::read(&path, FILE_BYTES as u64)? else {
            return Ok(false);
        };
        let file = PatientFile::read(patient, &path, &bytes)?;
        let current = keys.current()?;
        if file.tenant_key == Some(current.id) || files::exists(&self.tombstone_path(patient))? {
            return Ok(false);
        }
        let key = file.open(patient, &path, keys)?;
        files::supersede(&path, &encode(patient, &key, keys.tenant(), current)?)?;
        Ok(true)
    }

    /// The folders with key files.
    pub(crate) fn folders(&self) -> Result<Vec<String>, VaultError> {
        let mut folders = names_in(&self.dir.join("patients"))?;
        folders.sort_unstable();
        Ok(folders)
    }

    /// The patients with a key file in one of the folders.
    pub(crate) fn patients_in(&self, folder: &str) -> Result<Vec<PatientHandle>, VaultError> {
        let names = names_in(&self.dir.join("patients").join(folder))?;
        let handle = |name: &String| name.strip_suffix(".key")?.parse().ok();
        Ok(names.iter().filter_map(handle).collect())
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
        let _changing = self.lock()?;
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
        // The check value outlives the key: it says which key was destroyed, and nothing else.
        let check = check_value(patient, &key).unwrap_or_default();
        files::create(&tombstone, check.as_bytes())?;
        files::destroy_all(&key)?;
        files::remove(&pending)
    }

    /// The check value of a destroyed key, as its tombstone has it.
    pub(crate) fn destroyed_check(
        &self,
        patient: PatientHandle,
    ) -> Result<Option<String>, VaultError> {
        let path = self.tombstone_path(patient);
        let text = files::read(&path, TOMBSTONE_BYTES_MAX)?.unwrap_or_default();
        let text = String::from_utf8(text)
            .map_err(|_| VaultError::damaged(&path, "it holds no check value"))?;
        Ok((!text.is_empty()).then_some(text))
    }

    /// Held while a key file is made, replaced or destroyed, so that none of these meet.
    fn lock(&self) -> Result<files::Lock, VaultError> {
        files::Lock::take(&self.dir.join("lock"))
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

/// A patient key file whose checksum holds.
struct PatientFile {
    /// `None` in format 1.
    tenant_key: Option<[u8; KEY_ID_BYTES]>,
    id: [u8; KEY_ID_BYTES],
    nonce: [u8; NONCE_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
}

impl PatientFile {
    fn read(patient: PatientHandle, path: &Path, bytes: &[u8]) -> Result<Self, VaultError> {
        let damaged = |what| VaultError::damaged(path, what);
        let (body, sum) = bytes
            .split_last_chunk::<32>()
            .ok_or_else(|| damaged("it is cut short"))?;
        if digest::digest(&digest::SHA256, body).as_ref() != sum {
            return Err(damaged("its checksum does not fit"));
        }
        let read = || {
            let (magic, rest) = body.split_first_chunk::<5>()?;
            let (handle, rest) = rest.split_first_chunk::<16>()?;
            let (tenant_key, rest) = match magic {
                FIRST_MAGIC => (None, rest),
                MAGIC => {
                    let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
                    (Some(*id), rest)
                }
                _ => return None,
            };
            let (id, rest) = rest.split_first_chunk()?;
            let (nonce, rest) = rest.split_first_chunk()?;
            let file = Self {
                tenant_key,
                id: *id,
                nonce: *nonce,
                wrapped: rest.try_into().ok()?,
            };
            Some((*handle, file))
        };
        let (handle, file) = read().ok_or_else(|| damaged("it is no key file"))?;
        if handle != patient.0 {
            return Err(damaged("it belongs to another patient handle"));
        }
        Ok(file)
    }

    fn open(&self, patient: PatientHandle, path: &Path, keys: &Keys) -> Result<Secret, VaultError> {
        let aad = aad(keys.tenant(), patient, self.tenant_key, self.id);
        let unwrap = |version: &Version| version.wrap.unwrap(self.nonce, &aad, self.wrapped);
        let key = match self.tenant_key {
            Some(id) => unwrap(keys.version(id).ok_or(VaultError::OtherKey)?),
            None => keys.versions().find_map(unwrap),
        };
        let damaged = |what| VaultError::damaged(path, what);
        let key = key.ok_or_else(|| damaged("it does not open with this vault's keys"))?;
        if key_id(&key) != self.id {
            return Err(damaged("its check value does not fit"));
        }
        Ok(key)
    }
}

/// The check value in a key file; none when there is no whole one.
fn check_value(patient: PatientHandle, path: &Path) -> Option<String> {
    let bytes = files::read(path, FILE_BYTES as u64).ok()??;
    let file = PatientFile::read(patient, path, &bytes).ok()?;
    Some(file.id.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn encode(
    patient: PatientHandle,
    key: &Secret,
    tenant: [u8; TENANT_BYTES],
    under: &Version,
) -> Result<Vec<u8>, VaultError> {
    let id = key_id(key);
    let nonce = random::<NONCE_BYTES>();
    let aad = aad(tenant, patient, Some(under.id), id);
    let wrapped = under.wrap.wrap(nonce, &aad, key)?;
    let mut bytes = [
        MAGIC.as_slice(),
        &patient.0,
        &under.id,
        &id,
        &nonce,
        &wrapped,
    ]
    .concat();
    let sum = digest::digest(&digest::SHA256, &bytes);
    bytes.extend_from_slice(sum.as_ref());
    Ok(bytes)
}

fn aad(
    tenant: [u8; TENANT_BYTES],
    patient: PatientHandle,
    tenant_key: Option<[u8; KEY_ID_BYTES]>,
    id: [u8; KEY_ID_BYTES],
) -> Vec<u8> {
    let begin: &[u8] = match tenant_key {
        None => b"wardgate v1 patient key ",
        Some(_) => b"wardgate v2 patient key ",
    };
    let tenant_key = tenant_key.as_ref().map_or(&[][..], |id| id);
    [begin, &tenant, &patient.0, tenant_key, &id].concat()
}

/// The names in a folder that are text; none when there is no such folder.
fn names_in(folder: &Path) -> Result<Vec<String>, VaultError> {
    let listed = |error| VaultError::io("list", folder)(error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(listed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry.map_err(listed)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

const MAGIC: &[u8; 5] = b"WGPK\x02";
const FIRST_MAGIC: &[u8; 5] = b"WGPK\x01";
const FILE_BYTES: usize = MAGIC.len() + 16 + 2 * KEY_ID_BYTES + NONCE_BYTES + WRAPPED_BYTES + 32;
const TOMBSTONE_BYTES_MAX: u64 = 64;
