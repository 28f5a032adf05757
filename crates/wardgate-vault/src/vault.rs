//! The vault: opened once at start, shared by every thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::age::Identity;
use crate::cache::KeyCache;
use crate::derive::{DerivedKey, Label};
use crate::envelope::{Binding, Context, Owner, SealingKey};
use crate::error::VaultError;
use crate::keyring::{Keyring, KeyringFile, VaultStatus};
use crate::keys::Keys;
use crate::patient::{PatientHandle, PatientKeys};
use crate::provider::KeyProvider;
use crate::recovery::Recovery;

/// The open vault of one data folder.
#[derive(Debug)]
pub struct Vault {
    pub(crate) dir: PathBuf,
    pub(crate) file: KeyringFile,
    keys: RwLock<Arc<Keys>>,
    /// Who gave the root key; asked again when the key file changes. Held during a change of
    /// the keys in memory.
    provider: Mutex<Option<Arc<dyn KeyProvider>>>,
    pub(crate) patients: PatientKeys,
    cache: KeyCache,
}

impl Vault {
    /// Makes a vault in `dir`, which must exist and hold none.
    ///
    /// # Errors
    /// When there is a vault already, the provider or the recovery does not wrap the root key,
    /// or a file cannot be written.
    pub fn init(
        dir: &Path,
        provider: Arc<dyn KeyProvider>,
        recovery: &Recovery,
    ) -> Result<Self, VaultError> {
        let file = KeyringFile::of(dir);
        let keyring = file.create(&*provider, recovery)?;
        Self::with(dir, file, keyring, Some(provider))
    }

    /// Opens the vault in `dir`, and finishes every shredding that a crash cut short.
    ///
    /// # Errors
    /// [`VaultError::Missing`] without a vault, [`VaultError::Provider`] when the provider does
    /// not give the root key, [`VaultError::OtherRoot`] when it gives another,
    /// [`VaultError::Damaged`] when the key file is not what was written.
    pub fn open(dir: &Path, provider: Arc<dyn KeyProvider>) -> Result<Self, VaultError> {
        let file = KeyringFile::of(dir);
        let keyring = file.open(&*provider)?;
        Self::with(dir, file, keyring, Some(provider))
    }

    /// Opens the vault in `dir` without its provider.
    ///
    /// # Errors
    /// As [`Vault::open`]; [`VaultError::NoRecovery`] and [`VaultError::WrongIdentity`] when
    /// the identity does not help.
    pub fn recover(dir: &Path, identity: &Identity) -> Result<Self, VaultError> {
        let file = KeyringFile::of(dir);
        let keyring = file.recover(identity)?;
        Self::with(dir, file, keyring, None)
    }

    /// What the key file in `dir` tells without any key.
    ///
    /// # Errors
    /// [`VaultError::Missing`], [`VaultError::Damaged`].
    pub fn status(dir: &Path) -> Result<VaultStatus, VaultError> {
        let mut status = KeyringFile::of(dir).status()?;
        PatientKeys::at(dir).count(&mut status.tenant_keys)?;
        Ok(status)
    }

    /// Opens the keys of some patients, the first `max` by their handles, and checks them.
    /// Returns how many were opened.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] for the first key that does not open.
    pub fn check_patient_keys(&self, max: u64) -> Result<u64, VaultError> {
        let mut checked = 0;
        for folder in self.patients.folders()? {
            for patient in self.patients.patients_in(&folder)? {
                if checked == max {
                    return Ok(checked);
                }
                match self.patients.load(patient, &self.keys()) {
                    // Shredded or rewrapped since the folder was listed.
                    Err(VaultError::Shredded | VaultError::NoPatientKey) => {}
                    loaded => {
                        loaded?;
                        checked += 1;
                    }
                }
            }
        }
        Ok(checked)
    }

    /// Takes up keys that another process has made since. Returns whether there were any.
    ///
    /// # Errors
    /// As [`Vault::open`]; the keys in memory stay.
    pub fn refresh(&self) -> Result<bool, VaultError> {
        let provider = self.provider.lock().unwrap_or_else(PoisonError::into_inner);
        if self.file.generation()? == self.keys().generation() {
            return Ok(false);
        }
        let Some(provider) = provider.as_deref() else {
            return Ok(false);
        };
        self.take_up(self.file.open(provider)?);
        Ok(true)
    }

    /// Proves that a provider gives the root key, and uses it from now on.
    ///
    /// # Errors
    /// As [`Vault::open`]; the keys in memory and the provider before stay.
    pub fn prove(&self, provider: Arc<dyn KeyProvider>) -> Result<(), VaultError> {
        let mut current = self.provider.lock().unwrap_or_else(PoisonError::into_inner);
        if self.file.generation()? == self.keys().generation() {
            self.file.check(&*provider)?;
        } else {
            self.take_up(self.file.open(&*provider)?);
        }
        *current = Some(provider);
        Ok(())
    }

    /// A key for one purpose, the same whenever this vault is open.
    #[must_use]
    pub fn derive(&self, label: Label) -> DerivedKey {
        self.keys().derive(label)
    }

    /// Random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        crate::secret::random()
    }

    /// Seals bytes that belong to no patient.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`].
    pub fn seal(&self, bound_to: &Binding<'_>, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let keys = self.keys();
        let context = context(&keys, Owner::Tenant, bound_to);
        keys.current()?.sealing.seal(context, plaintext)
    }

    /// Opens what [`Vault::seal`] made for the same binding.
    ///
    /// # Errors
    /// [`VaultError::Rejected`] when anything was altered or the binding differs,
    /// [`VaultError::OtherKey`] when another vault sealed it.
    pub fn open_sealed(
        &self,
        bound_to: &Binding<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.with_keys(|keys| {
            let context = context(keys, Owner::Tenant, bound_to);
            keys.that_sealed(sealed)?.sealing.open(context, sealed)
        })
    }

    /// Seals anew, under the current tenant key, what an older one had sealed. `None` when
    /// the current one had.
    ///
    /// # Errors
    /// As [`Vault::open_sealed`].
    pub fn reseal(
        &self,
        bound_to: &Binding<'_>,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, VaultError> {
        let keys = self.keys();
        if keys.that_sealed(sealed)?.number == keys.current()?.number {
            return Ok(None);
        }
        let plaintext = self.open_sealed(bound_to, sealed)?;
        self.seal(bound_to, &plaintext).map(Some)
    }

    /// Makes a key for a patient; a patient who has one keeps it.
    ///
    /// # Errors
    /// [`VaultError::Shredded`] when this handle's key was destroyed: handles are not reused.
    pub fn create_patient_key(&self, patient: PatientHandle) -> Result<(), VaultError> {
        self.patients.create(patient, &self.keys())
    }

    /// Seals bytes so that they die with the patient's key.
    ///
    /// # Errors
    /// [`VaultError::NoPatientKey`], [`VaultError::Shredded`], [`VaultError::TooLarge`].
    pub fn seal_for_patient(
        &self,
        patient: PatientHandle,
        bound_to: &Binding<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let owner = Owner::Patient(*patient.as_bytes());
        self.patient_key(patient)?
            .seal(context(&self.keys(), owner, bound_to), plaintext)
    }

    /// Opens what [`Vault::seal_for_patient`] made for the same patient and binding.
    ///
    /// # Errors
    /// [`VaultError::Shredded`] once the key is destroyed, [`VaultError::Rejected`] when
    /// anything was altered or the binding differs.
    pub fn open_for_patient(
        &self,
        patient: PatientHandle,
        bound_to: &Binding<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let owner = Owner::Patient(*patient.as_bytes());
        self.patient_key(patient)?
            .open(context(&self.keys(), owner, bound_to), sealed)
    }

    /// Destroys a patient's key for good. Repeating it is harmless.
    ///
    /// # Errors
    /// [`VaultError::Io`]; the shredding is then finished when the vault is next opened, or
    /// by calling this again.
    pub fn shred_patient(&self, patient: PatientHandle) -> Result<(), VaultError> {
        let shredded = self.patients.shred(patient);
        self.cache.forget(patient);
        shredded
    }

    /// Whether the patient's key was destroyed.
    ///
    /// # Errors
    /// [`VaultError::Io`] when that cannot be found out.
    pub fn is_shredded(&self, patient: PatientHandle) -> Result<bool, VaultError> {
        match self.patients.refuse_shredded(patient) {
            Ok(()) => Ok(false),
            Err(VaultError::Shredded) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The check value of a patient's key that was destroyed, in hexadecimal; every payload that
    /// it sealed carries it too. None when there was no key.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn destroyed_key_check(
        &self,
        patient: PatientHandle,
    ) -> Result<Option<String>, VaultError> {
        self.patients.destroyed_check(patient)
    }

    fn with(
        dir: &Path,
        file: KeyringFile,
        keyring: Keyring,
        provider: Option<Arc<dyn KeyProvider>>,
    ) -> Result<Self, VaultError> {
        Ok(Self {
            dir: dir.to_owned(),
            file,
            keys: RwLock::new(Arc::new(Keys::new(keyring))),
            provider: Mutex::new(provider),
            patients: PatientKeys::open(dir)?,
            cache: KeyCache::new(),
        })
    }

    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn provider(&self) -> Result<Arc<dyn KeyProvider>, VaultError> {
        let provider = self.provider.lock().unwrap_or_else(PoisonError::into_inner);
        provider.clone().ok_or(VaultError::NoProvider)
    }

    pub(crate) fn take_up(&self, keyring: Keyring) {
        let keys = Arc::new(Keys::new(keyring));
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Uses the keys; once more when another process has made the key that was not found.
    fn with_keys<T>(
        &self,
        mut using: impl FnMut(&Keys) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        match using(&self.keys()) {
            Err(VaultError::OtherKey) if self.refresh()? => using(&self.keys()),
            result => result,
        }
    }

    /// The patient's key, from memory or from its file, and never after its shredding.
    fn patient_key(&self, patient: PatientHandle) -> Result<Arc<SealingKey>, VaultError> {
        if let Some(key) = self.cache.find(patient) {
            // Another process may have shredded the key since it was read.
            if let Err(refused) = self.patients.refuse_shredded(patient) {
                self.cache.forget(patient);
                return Err(refused);
            }
            return Ok(key);
        }
        let key = Arc::new(self.with_keys(|keys| self.patients.load(patient, keys))?);
        self.cache.keep(patient, Arc::clone(&key));
        Ok(key)
    }
}

fn context<'a>(keys: &Keys, owner: Owner, binding: &'a Binding<'a>) -> Context<'a> {
    Context {
        tenant: keys.tenant(),
        owner,
        binding,
    }
}
