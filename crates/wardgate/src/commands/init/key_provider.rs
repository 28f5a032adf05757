//! The key provider of a new data directory, named by a file of settings.

use std::path::Path;

use crate::config::{self, Provider};
use crate::failure::Failure;

/// Sections of a configuration that name a key provider, as they were written.
#[derive(Debug, Clone)]
pub(crate) struct VaultSections {
    /// YAML, with its comments.
    pub(crate) text: String,
    pub(crate) provider: Provider,
}

/// Reads the file whole. Paths in it are relative to the new directory, so they are better
/// absolute: that is still empty.
pub(super) fn read(file: &Path, root: &Path) -> Result<VaultSections, Failure> {
    let failed = |error: std::io::Error| Failure::file("read", file, &error);
    if std::fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(Failure::new(
            format!("`{}` is too large for settings", file.display()),
            "name a file with the section `vault` and that of its key provider",
        ));
    }
    let mut text = std::fs::read_to_string(file).map_err(failed)?;
    let vault = config::parse_vault(&text, file, root)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(VaultSections {
        text,
        provider: vault.provider,
    })
}

const FILE_BYTES_MAX: u64 = 64 * 1024;
