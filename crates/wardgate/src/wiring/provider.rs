//! The key provider that the configuration names.

use std::path::Path;
use std::sync::Arc;

use wardgate_vault::{
    AwsKmsProvider, GcpKmsProvider, KdfCost, KeyProvider, PassphraseProvider, Pkcs11Provider,
    TransitProvider, VaultError,
};

use super::clock;
use crate::config::Provider;
use crate::failure::Failure;

/// Makes the provider. Nothing is asked of it yet.
pub(crate) fn key_provider(provider: &Provider) -> Result<Arc<dyn KeyProvider>, Failure> {
    Ok(match provider {
        Provider::Passphrase(file) => return passphrase_provider(file),
        Provider::Pkcs11(settings) => Arc::new(Pkcs11Provider::new(settings.clone())),
        Provider::Transit(settings) => Arc::new(TransitProvider::new(settings.clone())),
        Provider::AwsKms(settings) => Arc::new(AwsKmsProvider::new(settings.clone(), clock())),
        Provider::GcpKms(settings) => Arc::new(GcpKmsProvider::new(settings.clone(), clock())),
    })
}

/// Makes the wrapping key where that is for us to make: on a hardware token. Returns whether it
/// was made now. Elsewhere the key is made by whoever keeps it.
pub(crate) fn make_key(provider: &Provider) -> Result<bool, Failure> {
    let Provider::Pkcs11(settings) = provider else {
        return Ok(false);
    };
    let made = Pkcs11Provider::new(settings.clone()).create_key();
    made.map_err(|error| Failure::from(VaultError::from(error)))
}

/// The provider that takes the first line of a file as its passphrase.
pub(crate) fn passphrase_provider(file: &Path) -> Result<Arc<dyn KeyProvider>, Failure> {
    let passphrase = wardgate_vault::read_passphrase(file)?;
    let cost = KdfCost::default();
    Ok(Arc::new(PassphraseProvider::new(passphrase, cost)))
}
