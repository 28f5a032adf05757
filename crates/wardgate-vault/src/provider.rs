//! Key providers: whoever wraps the root key of a vault with a key that is kept elsewhere.

mod aws_kms;
mod fault;
mod gcp_kms;
mod https;
pub(crate) mod passphrase;
mod pkcs11;
mod remote;
mod secret_file;
mod sigv4;
mod transit;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;
use zeroize::Zeroizing;

pub use aws_kms::{AwsKmsProvider, AwsKmsSettings};
pub use gcp_kms::{GcpKmsProvider, GcpKmsSettings};
pub use https::HttpsSettings;
pub use pkcs11::{Pkcs11Provider, Pkcs11Settings, TokenName};
pub use transit::{TransitLogin, TransitProvider, TransitSettings};

/// Wraps and unwraps the root key. Blocking; called at start, at rotation and by health checks.
pub trait KeyProvider: Send + Sync + fmt::Debug {
    /// Kind and key reference as they stand in the key file and in reports; never a secret.
    fn describe(&self) -> String;

    /// Wraps a root key. `context` must be given again to unwrap it.
    ///
    /// # Errors
    /// [`ProviderError`].
    fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError>;

    /// Unwraps what [`KeyProvider::wrap`] made for the same context.
    ///
    /// # Errors
    /// [`ProviderError`].
    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProviderError>;
}

/// Says what time it is, to providers whose requests are signed with the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why a provider does not wrap or unwrap. Holds no secret.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It can not be reached, or is sealed or overloaded: trying again later may help.
    #[error("{provider} can not be reached: {what}")]
    Unavailable {
        /// Which provider, as it describes itself.
        provider: String,
        /// What happened.
        what: String,
    },
    /// It answered no: credentials, permission, or a key that is disabled or gone.
    #[error("{provider} refused: {what}")]
    Refused {
        /// Which provider, as it describes itself.
        provider: String,
        /// What it said, without secrets.
        what: String,
    },
    /// What was wrapped is not from this key, or was altered.
    #[error("{provider} does not open the wrapped root key")]
    Rejected {
        /// Which provider, as it describes itself.
        provider: String,
    },
    /// Its answer or its settings make no sense.
    #[error("{provider} can not be used: {what}")]
    Unusable {
        /// Which provider, as it describes itself.
        provider: String,
        /// What is wrong.
        what: String,
    },
}

impl ProviderError {
    /// What the reader of this error can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => {
                "check that the key provider runs and can be reached from here"
            }
            Self::Refused { .. } => {
                "check the credentials, the permission and the state of the key"
            }
            Self::Rejected { .. } => {
                "check which key or passphrase belongs to this data folder; without it the data cannot be read"
            }
            Self::Unusable { .. } => "correct the settings of the key provider",
        }
    }
}
