//! The data directory: what lies where.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A data directory, made by `wardgate init`.
#[derive(Debug, Clone)]
pub(crate) struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The directory at a path, which need not exist yet.
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// A directory that was set up.
    pub(crate) fn existing(root: &Path) -> Result<Self, Failure> {
        let dir = Self::at(root);
        if dir.config_file().is_file() {
            return Ok(dir);
        }
        Err(Failure::new(
            format!("`{}` is not a data directory", root.display()),
            "run `wardgate init --dir DIR` first, or name the right directory with `--dir`",
        ))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.root.join("wardgate.yaml")
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    pub(crate) fn payloads(&self) -> PathBuf {
        self.root.join("payloads")
    }

    /// The public key that verifies the ledger; hand it to auditors.
    pub(crate) fn ledger_key(&self) -> PathBuf {
        self.root.join(LEDGER_KEY_FILE)
    }

    pub(crate) fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    /// The development CA's certificate; hand it to clients.
    pub(crate) fn ca_certificate(&self) -> PathBuf {
        self.tls().join("ca.pem")
    }
}

/// The name of the file with the ledger's verifier key, beside the ledger.
pub(crate) const LEDGER_KEY_FILE: &str = "ledger.vkey";
