//! The vault: opened once at start, shared by every thread.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::cache::KeyCache;
use crate::derive::{DerivedKey, Label, derive};
use crate::envelope::{Binding, Context, Owner, SealingKey};
use crate::error::VaultError;
use crate::keyring::{self, Keyring};
use crate::passphrase::KdfCost;
use crate::patient::{PatientHandle, PatientKeys};
use crate::secret::Secret;
use crate::xaes::WrapKey;

/// The open vault of one data folder.
#[derive(Debug)]
pub struct Vault {
    keyring: Keyring,
    sealing: SealingKey,
    patients: PatientKeys,
    cache: KeyCache,
    /// Held while a key is made or destroyed, so that the two never interleave here.
    changing: Mutex<()>,
}

impl Vault {
    /// Makes a vault in `dir`, which must exist and hold none.
    ///
    /// # Errors
    /// When there is a vault already, the passphrase is too short, the cost is outside its
    /// range, or a file cannot be written.
    pub fn init(dir: &Path, passphrase: &SecretString, cost: KdfCost) -> Result<Self, VaultError> {
        let keyring = keyring::create(&dir.join(KEY_FILE), passphrase, cost)?;
        Self::with(dir, keyring)
    }

    /// Opens the vault in `dir`, and finishes every shredding that a crash cut short.
    ///
    /// # Errors
    /// [`VaultError::Missing`] without a vault, [`VaultError::WrongPassphrase`],
    /// [`VaultError::Damaged`] when the key file is not what was written.
    pub fn open(dir: &Path, passphrase: &SecretString) -> Result<Self, VaultError> {
        let keyring = keyring::open(&dir.join(KEY_FILE), passphrase)?;
        Self::with(dir, keyring)
    }

    /// A key for one purpose, the same whenever this vault is open.
    #[must_use]
    pub fn derive(&self, label: Label) -> DerivedKey {
        derive(&self.keyring.key, &self.keyring.tenant, label)
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
        self.sealing
            .seal(self.context(Owner::Tenant, bound_to), plaintext)
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
        self.sealing
            .open(self.context(Owner::Tenant, bound_to), sealed)
    }

    /// Makes a key for a patient; a patient who has one keeps it.
    ///
    /// # Errors
    /// [`VaultError::Shredded`] when this handle's key was destroyed: handles are not reused.
    pub fn create_patient_key(&self, patient: PatientHandle) -> Result<(), VaultError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.patients.create(patient)
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
            .seal(self.context(owner, bound_to), plaintext)
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
            .open(self.context(owner, bound_to), sealed)
    }

    /// Destroys a patient's key for good. Repeating it is harmless.
    ///
    /// # Errors
    /// [`VaultError::Io`]; the shredding is then finished when the vault is next opened, or
    /// by calling this again.
    pub fn shred_patient(&self, patient: PatientHandle) -> Result<(), VaultError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
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

    fn with(dir: &Path, keyring: Keyring) -> Result<Self, VaultError> {
        let key = |label| derive(&keyring.key, &keyring.tenant, label);
        let sealing = SealingKey::new(&Secret::new(*key(Label::Seal).expose()))?;
        let wrap = WrapKey::new(&Secret::new(*key(Label::PatientWrap).expose()))?;
        let patients = PatientKeys::open(dir, keyring.tenant, wrap)?;
        Ok(Self {
            keyring,
            sealing,
            patients,
            cache: KeyCache::new(),
            changing: Mutex::new(()),
        })
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
        let key = Arc::new(self.patients.load(patient)?);
        self.cache.keep(patient, Arc::clone(&key));
        Ok(key)
    }

    fn context<'a>(&self, owner: Owner, binding: &'a Binding<'a>) -> Context<'a> {
        Context {
            tenant: self.keyring.tenant,
            owner,
            binding,
        }
    }
}

const KEY_FILE: &str = "keys.json";
