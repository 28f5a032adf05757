//! The opened keys, made ready for use.

use crate::derive::{DerivedKey, KEY_ID_BYTES, Label, derive};
use crate::envelope::{SealingKey, tenant_key_of};
use crate::error::VaultError;
use crate::keyring::{Keyring, TENANT_BYTES};
use crate::xaes::WrapKey;

/// Every version of the tenant key, and the derivation key.
#[derive(Debug)]
pub(crate) struct Keys {
    keyring: Keyring,
    versions: Vec<Version>,
}

/// What one version of the tenant key is used for.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) number: u32,
    /// Check value of the tenant key, which patient key files name.
    pub(crate) id: [u8; KEY_ID_BYTES],
    /// Seals payloads that belong to no patient.
    pub(crate) sealing: SealingKey,
    /// Wraps patient keys.
    pub(crate) wrap: WrapKey,
}

impl Keys {
    pub(crate) fn new(keyring: Keyring) -> Self {
        let mut versions = Vec::with_capacity(keyring.tenant_keys.len());
        for tenant_key in &keyring.tenant_keys {
            let key = |label| derive(&tenant_key.key, &keyring.tenant, label).into_secret();
            versions.push(Version {
                number: tenant_key.version,
                id: tenant_key.id,
                sealing: SealingKey::new(key(Label::Seal)),
                wrap: WrapKey::new(key(Label::PatientWrap)),
            });
        }
        Self { keyring, versions }
    }

    pub(crate) fn tenant(&self) -> [u8; TENANT_BYTES] {
        self.keyring.tenant
    }

    pub(crate) fn generation(&self) -> u64 {
        self.keyring.generation
    }

    pub(crate) fn derive(&self, label: Label) -> DerivedKey {
        derive(&self.keyring.derivation, &self.keyring.tenant, label)
    }

    /// The version that seals and wraps from now on.
    pub(crate) fn current(&self) -> Result<&Version, VaultError> {
        self.versions.last().ok_or(VaultError::OtherKey)
    }

    /// The version that sealed these bytes for the tenant.
    pub(crate) fn that_sealed(&self, sealed: &[u8]) -> Result<&Version, VaultError> {
        let id = tenant_key_of(sealed)?;
        let mut versions = self.versions.iter().rev();
        versions
            .find(|version| version.sealing.id() == id)
            .ok_or(VaultError::OtherKey)
    }

    /// The version with this check value.
    pub(crate) fn version(&self, id: [u8; KEY_ID_BYTES]) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.id == id)
    }

    /// Every version, newest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().rev()
    }
}
