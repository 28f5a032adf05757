//! What can go wrong with a file in the age format.

use std::io;

use super::header::STANZAS_MAX;

/// A failure to make or open a file in the age format. Holds no key and no plaintext.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// A public key can not be used.
    #[error("this is not a recipient of the age format: {what}")]
    Recipient {
        /// What does not fit.
        what: &'static str,
    },
    /// A secret key can not be used.
    #[error("this is not an identity of the age format: {what}")]
    Identity {
        /// What does not fit.
        what: &'static str,
    },
    /// A file needs someone to open it, and not too many.
    #[error("a file is for 1 to {STANZAS_MAX} recipients, not {count}")]
    Recipients {
        /// How many were given.
        count: usize,
    },
    /// The file does not begin as the format asks.
    #[error("this is not a file of the age format: {what}")]
    Header {
        /// What does not fit.
        what: &'static str,
    },
    /// The file is for others.
    #[error("none of the identities opens this file")]
    NoMatch,
    /// The header was altered.
    #[error("the header of the file was altered")]
    Mac,
    /// The payload was altered, cut short or extended.
    #[error("the payload of the file is not what was encrypted: {what}")]
    Payload {
        /// What does not fit.
        what: &'static str,
    },
    /// The cryptographic library refused an operation that cannot fail for valid keys.
    #[error("the cryptographic library refused to {what}")]
    Crypto {
        /// The operation.
        what: &'static str,
    },
    /// Reading or writing failed.
    #[error("cannot read or write the file: {0}")]
    Io(#[from] io::Error),
}

impl AgeError {
    /// What the reader of this error can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Recipient { .. } => "a recipient is one line that starts with `age1`",
            Self::Identity { .. } => "an identity is one line that starts with `AGE-SECRET-KEY-1`",
            Self::Recipients { .. } => "name at least one recipient",
            Self::Header { .. } => "check that this is the whole file, not its armored text form",
            Self::NoMatch => "use the identity that belongs to one of the file's recipients",
            Self::Mac | Self::Payload { .. } => "use another copy of the file; trust nothing in it",
            Self::Crypto { .. } => "report this with the version of the build",
            Self::Io(_) => "check the file's owner, permissions and the free space of its disk",
        }
    }
}

impl From<AgeError> for io::Error {
    fn from(error: AgeError) -> Self {
        match error {
            AgeError::Io(error) => error,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}
