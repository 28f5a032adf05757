//! A folder with a vault in it.

use std::fs;
use std::path::{Path, PathBuf};

use std::sync::Arc;

use secrecy::SecretString;
use tempfile::TempDir;
use wardgate_vault::{KdfCost, PassphraseProvider, Recovery, Vault};

pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn with_vault() -> (Self, Vault) {
        let folder = Self::empty();
        let vault = Vault::init(folder.path(), provider(), &Recovery::none()).unwrap();
        (folder, vault)
    }

    pub(crate) fn open(&self) -> Vault {
        Vault::open(self.path(), provider()).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Every file below, in a fixed order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_below(self.path())
    }

    /// The one file whose name ends so.
    pub(crate) fn file(&self, ending: &str) -> PathBuf {
        let mut found = self.files();
        found.retain(|path| path.to_str().unwrap().ends_with(ending));
        assert_eq!(found.len(), 1, "files ending in {ending}");
        found.remove(0)
    }

    /// The vault as the first format had it, made by the build before the second format.
    pub(crate) fn of_first_format() -> Self {
        let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/first-format");
        Self::copy_of(&made)
    }

    /// A copy of everything, made by file system means alone.
    pub(crate) fn copy(&self) -> Self {
        Self::copy_of(self.path())
    }

    fn copy_of(source: &Path) -> Self {
        let copy = Self::empty();
        for from in files_below(source) {
            let to = copy.path().join(from.strip_prefix(source).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
        copy
    }
}

fn files_below(top: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn provider() -> Arc<PassphraseProvider> {
    provider_of("a passphrase for tests")
}

pub(crate) fn provider_of(passphrase: &str) -> Arc<PassphraseProvider> {
    let passphrase = SecretString::from(passphrase);
    Arc::new(PassphraseProvider::new(passphrase, KdfCost::FLOOR))
}
