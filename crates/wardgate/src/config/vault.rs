//! Where the passphrase of the vault is.

use std::path::PathBuf;

use super::fields::Reader;

/// Where the passphrase of the vault is.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    /// Readable by its owner only.
    pub(crate) passphrase_file: PathBuf,
}

pub(super) fn read(reader: &Reader) -> Option<Vault> {
    let section = reader.section("vault");
    let passphrase_file = section.path(
        "passphrase_file",
        "passphrase",
        "File whose first line opens the vault. Only its owner may be able to read it (mode 0600).",
    );
    section.end();
    Some(Vault {
        passphrase_file: passphrase_file?,
    })
}
