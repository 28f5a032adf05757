//! The key hierarchy: seals, opens, and destroys a patient's key.
//!
//! ```text
//! provider --wraps--> root key --wraps--> derivation key --HKDF--> derived keys (peppers, indexes, signers)
//!                              --wraps--> tenant key, one per version
//!                                         --HKDF--> sealing key  --wraps--> data key of one payload
//!                                         --HKDF--> patient wrap --wraps--> patient key (one file each)
//!                                                                           --wraps--> data key of one payload
//! ```
//!
//! A payload is sealed with AES-256-GCM under a data key of its own. Data keys, patient keys
//! and the tenant key are wrapped with XAES-256-GCM, whose 192-bit random nonces allow one
//! long-lived key to wrap as many payloads as a hospital will ever have.
//!
//! Destroying a patient's key file makes everything sealed for that patient unreadable,
//! while every ledger proof about it still verifies: the ledger holds commitments
//! ([`commit`]) that can no longer be opened.
//!
//! ```
//! use std::sync::Arc;
//!
//! use wardgate_vault::{Binding, KdfCost, PassphraseProvider, PatientHandle, Recovery, Vault, VaultError};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = tempfile::tempdir()?;
//! let provider = PassphraseProvider::new("correct horse battery staple".into(), KdfCost::FLOOR);
//! let vault = Vault::init(dir.path(), Arc::new(provider), &Recovery::none())?;
//! let patient = PatientHandle::random();
//! vault.create_patient_key(patient)?;
//!
//! let what = Binding::new("call.request", b"42");
//! let sealed = vault.seal_for_patient(patient, &what, b"the note")?;
//! assert_eq!(*vault.open_for_patient(patient, &what, &sealed)?, b"the note");
//!
//! vault.shred_patient(patient)?;
//! let gone = vault.open_for_patient(patient, &what, &sealed);
//! assert!(matches!(gone, Err(VaultError::Shredded)));
//! # Ok(())
//! # }
//! ```
//!
//! What this crate does not do: it does not protect against someone who holds both a backup
//! of a patient's key file and the way to the root key, and overwriting a file does not reach blocks
//! that a flash controller or a copy-on-write file system has moved away.
#![deny(missing_docs)]

pub mod age;
mod cache;
mod derive;
mod envelope;
mod error;
mod files;
mod keyring;
mod keys;
#[cfg(test)]
mod memory_scan;
mod patient;
mod provider;
mod recovery;
mod rotation;
mod secret;
mod vault;
#[cfg(test)]
mod vectors;
mod xaes;

pub use derive::{DerivedKey, Label, commit};
pub use envelope::{Binding, PLAINTEXT_BYTES_MAX};
pub use error::VaultError;
pub use keyring::{TenantKeyStatus, VaultStatus};
pub use patient::{HandleFault, PatientHandle};
pub use provider::passphrase::{
    KdfCost, PASSPHRASE_BYTES_MIN, PassphraseProvider, read_passphrase,
};
pub use provider::{
    AwsKmsProvider, AwsKmsSettings, Clock, GcpKmsProvider, GcpKmsSettings, HttpsSettings,
    KeyProvider, Pkcs11Provider, Pkcs11Settings, ProviderError, TokenName, TransitLogin,
    TransitProvider, TransitSettings,
};
pub use recovery::{Recovery, read_identity};
pub use rotation::TenantRotation;
pub use secret::{keys_are_locked, random};
pub use vault::Vault;
