//! What can go wrong with keys, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::age::AgeError;
use crate::provider::ProviderError;

/// A failure of the vault. Never holds a key, a passphrase or patient data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no vault in this folder.
    #[error("there is no vault in `{path}`")]
    Missing {
        /// The folder that was searched.
        path: PathBuf,
    },
    /// A vault exists where a new one was to be made.
    #[error("there is already a vault in `{path}`")]
    AlreadyExists {
        /// The folder that holds it.
        path: PathBuf,
    },
    /// The provider of the root key does not give it.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider gave a root key, and it is not the one that this vault was made with.
    #[error("{provider} gives another root key than this vault has")]
    OtherRoot {
        /// Which provider, as it describes itself.
        provider: String,
    },
    /// The root key could not be wrapped for a recovery recipient.
    #[error(transparent)]
    Recipient(#[from] AgeError),
    /// The root key was wrapped for nobody but its provider.
    #[error("this vault has no recovery recipient")]
    NoRecovery,
    /// The vault was opened by its recovery, which is for looking and rotating the root only.
    #[error("the vault is open without its key provider")]
    NoProvider,
    /// Another process rotates a key.
    #[error("another process rotates a key of this vault")]
    Rotating,
    /// The root key was wrapped for other recipients.
    #[error("the identity is not one that this vault can be recovered with")]
    WrongIdentity,
    /// The tenant key was rotated as often as it can be.
    #[error("the vault has {max} versions of its tenant key, and can not have more")]
    TooManyKeys {
        /// The greatest number.
        max: usize,
    },
    /// A key file does not hold what was written to it.
    #[error("the key file `{path}` is damaged: {what}")]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// A key file or a sealed payload was made by another format version.
    #[error("{what} has format version {version}, this build reads version {supported}")]
    Version {
        /// What carries the version.
        what: &'static str,
        /// The version found.
        version: u32,
        /// The version this build reads.
        supported: u32,
    },
    /// Others than the owner can read a file with a secret.
    #[error("the secret file `{path}` can be read by others than its owner")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// No key was ever made for this patient handle.
    #[error("there is no key for this patient handle")]
    NoPatientKey,
    /// The patient's key was destroyed: what it sealed can never be read again.
    #[error("the key of this patient was destroyed")]
    Shredded,
    /// The payload was sealed under a key that this vault does not use.
    #[error("the sealed payload belongs to another key")]
    OtherKey,
    /// The payload was altered, cut, or is bound to something else.
    #[error("the sealed payload was altered or is bound to another object")]
    Rejected,
    /// The payload is larger than the vault seals in one piece.
    #[error("the payload has {bytes} bytes, at most {bytes_max} are sealed in one piece")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The greatest length.
        bytes_max: usize,
    },
    /// The cryptographic library refused an operation that cannot fail for valid keys.
    #[error("the cryptographic library refused to {what}")]
    Crypto {
        /// The operation.
        what: &'static str,
    },
    /// Reading or writing a file failed.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl VaultError {
    /// What the reader of this error can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "run `wardgate init`, or name the right data folder",
            Self::AlreadyExists { .. } => "choose another folder; a vault is never overwritten",
            Self::Provider(error) => error.hint(),
            Self::OtherRoot { .. } => {
                "check that the configuration names the key that belongs to this data folder"
            }
            Self::Recipient(error) => error.hint(),
            Self::NoRecovery => "name a recovery recipient at the next rotation of the root key",
            Self::NoProvider => "run `wardgate vault recover` first",
            Self::Rotating => "wait until it has ended",
            Self::WrongIdentity => {
                "`wardgate vault status` names the recipients; use the identity of one of them"
            }
            Self::TooManyKeys { .. } => "report this; it takes decades of rotations",
            Self::Damaged { .. } => "restore this file from a backup",
            Self::Version { .. } => "use the build that wrote it, or a newer one",
            Self::Exposed { .. } => "run `chmod 600` on this file",
            Self::NoPatientKey => "create the patient first",
            Self::Shredded => "nothing can bring the data back; this is what shredding means",
            Self::OtherKey => "check that payloads and vault come from the same data folder",
            Self::Rejected => "treat the stored bytes as damaged and restore them from a backup",
            Self::TooLarge { .. } => "split the payload",
            Self::Crypto { .. } => "report this with the version of the build",
            Self::Io { .. } => "check the file's owner, permissions and the free space of its disk",
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn damaged(path: &Path, what: &'static str) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            what,
        }
    }
}
