//! A ledger that grows, for tests.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wardgate_anchor::own_tree::OwnTree;
use wardgate_ledger::{Ledger, Options, Signer};
use wardgate_tlog::note::VerifierKey;

pub(crate) struct Log {
    dir: TempDir,
    seed: u8,
    salt: u8,
}

pub(crate) const ORIGIN: &str = "hospital.example/wardgate/node-1";

impl Log {
    /// Logs with one seed have one key; the salt makes their entries differ.
    pub(crate) fn new(seed: u8, salt: u8) -> Self {
        let log = Self {
            dir: tempfile::tempdir().unwrap(),
            seed,
            salt,
        };
        let ledger = Ledger::create(&log.directory(), log.signer(), &Options::default());
        ledger.unwrap().close().unwrap();
        log
    }

    fn signer(&self) -> Signer {
        Signer::from_seed(ORIGIN, &[self.seed; 32]).unwrap()
    }

    pub(crate) fn key(&self) -> VerifierKey {
        self.signer().verifier_key().clone()
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.dir.path().join("ledger")
    }

    /// Appends entries until there are `size`, and publishes them.
    pub(crate) fn grow_to(&self, size: u64) {
        let (ledger, _) =
            Ledger::open(&self.directory(), self.signer(), &Options::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            for index in ledger.size()..size {
                let entry = format!("{{\"entry\":{index},\"salt\":{}}}", self.salt);
                ledger.append([0; 32], entry.into_bytes()).await.unwrap();
            }
        });
        ledger.close().unwrap();
    }

    pub(crate) fn tree(&self) -> OwnTree {
        OwnTree::open(&self.directory(), &[self.key()]).unwrap()
    }

    /// Puts a copy of the directory aside, or one that was put aside back.
    pub(crate) fn copy(from: &Path, to: &Path) {
        let _ = std::fs::remove_dir_all(to);
        copy_directory(from, to);
    }
}

fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
