//! The way back in when the provider is gone: the root key in an age file for each person who
//! keeps the matching identity offline.

use std::io::{Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::age::{AgeError, Identity, Recipient, decrypt, encrypt};
use crate::error::VaultError;
use crate::files;

/// For whom a root key is wrapped beside its provider.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// `None`: whoever could recover the vault before.
    recipients: Option<Vec<Recipient>>,
}

impl Recovery {
    /// Nobody: when the provider is gone, so are the data.
    #[must_use]
    pub fn none() -> Self {
        Self::to(Vec::new())
    }

    /// These recipients.
    #[must_use]
    pub fn to(recipients: Vec<Recipient>) -> Self {
        Self {
            recipients: Some(recipients),
        }
    }

    /// Those who could recover the vault before.
    #[must_use]
    pub fn unchanged() -> Self {
        Self { recipients: None }
    }

    /// The recipients, where `known` could recover the vault before.
    pub(crate) fn or_keep(&self, known: &[String]) -> Result<Vec<Recipient>, AgeError> {
        match &self.recipients {
            Some(recipients) => Ok(recipients.clone()),
            None => known.iter().map(|text| text.parse()).collect(),
        }
    }
}

/// Reads an identity file, which only its owner may be able to read.
///
/// # Errors
/// When it can not be read, is readable by others, or holds no identity.
pub fn read_identity(path: &Path) -> Result<Identity, VaultError> {
    let bytes = files::read_private(path, IDENTITY_FILE_BYTES_MAX)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| VaultError::damaged(path, "it is not valid UTF-8"))?;
    Ok(Identity::parse_file(text)?)
}

/// An age file that holds the root key.
pub(crate) fn wrap(recipient: &Recipient, root: &[u8; 32]) -> Result<Vec<u8>, AgeError> {
    let mut file = encrypt(Vec::new(), std::slice::from_ref(recipient))?;
    file.write_all(root)?;
    file.finish()
}

/// The root key, if the file is for this identity and holds nothing else.
pub(crate) fn unwrap(identity: &Identity, wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut file = decrypt(wrapped, std::slice::from_ref(identity)).ok()?;
    let mut root = Zeroizing::new([0; 32]);
    file.read_exact(root.as_mut_slice()).ok()?;
    (file.read(&mut [0]).ok()? == 0).then_some(root)
}

const IDENTITY_FILE_BYTES_MAX: u64 = 4096;
