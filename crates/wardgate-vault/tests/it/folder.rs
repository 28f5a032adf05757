//! A folder with a vault in it.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use tempfile::TempDir;
use wardgate_vault::{KdfCost, Vault};

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
        let vault = Vault::init(folder.path(), &passphrase(), KdfCost::FLOOR).unwrap();
        (folder, vault)
    }

    pub(crate) fn open(&self) -> Vault {
        Vault::open(self.path(), &passphrase()).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Every file below, in a fixed order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().to_owned()];
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

    /// The one file whose name ends so.
    pub(crate) fn file(&self, ending: &str) -> PathBuf {
        let mut found = self.files();
        found.retain(|path| path.to_str().unwrap().ends_with(ending));
        assert_eq!(found.len(), 1, "files ending in {ending}");
        found.remove(0)
    }

    /// A copy of everything, made by file system means alone.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::empty();
        for from in self.files() {
            let to = copy.path().join(from.strip_prefix(self.path()).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
        copy
    }
}

pub(crate) fn passphrase() -> SecretString {
    SecretString::from("a passphrase for tests")
}
