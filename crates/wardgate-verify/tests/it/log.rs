//! Small logs and exports on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wardgate_tlog::bundle;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::manifest::{Manifest, file_hash};
use wardgate_tlog::note::Signer;
use wardgate_tlog::proof::Proof;
use wardgate_tlog::tree::{leaf_hash, node_hash};

pub(crate) const ENTRIES: [&[u8]; 3] = [b"one", b"two", b"three"];

pub(crate) fn signer() -> Signer {
    let signer = Signer::from_seed("log.example", &[7; 32]).unwrap();
    signer.with_ml_dsa_44(&[8; 32]).unwrap()
}

pub(crate) fn checkpoint() -> String {
    let [one, two, three] = ENTRIES.map(leaf_hash);
    let root = node_hash(&node_hash(&one, &two), &three);
    let checkpoint = Checkpoint {
        origin: "log.example".to_owned(),
        size: 3,
        root,
    };
    checkpoint.sign(&signer(), 77).unwrap()
}

pub(crate) fn proof() -> String {
    let proof = Proof {
        extra: None,
        index: 1,
        path: vec![leaf_hash(ENTRIES[0]), leaf_hash(ENTRIES[2])],
        checkpoint: checkpoint(),
    };
    proof.to_string()
}

/// An export of three entries; keys lie beside it.
pub(crate) fn export() -> TempDir {
    let mut bundle = Vec::new();
    for entry in ENTRIES {
        bundle::push(&mut bundle, entry).unwrap();
    }
    let files = BTreeMap::from([
        ("README.txt".to_owned(), b"hello".to_vec()),
        ("checkpoint".to_owned(), checkpoint().into_bytes()),
        ("ledger.vkey".to_owned(), signer().vkeys().into_bytes()),
        ("tile/entries/000.p/3".to_owned(), bundle),
        (
            "tile/0/000.p/3".to_owned(),
            ENTRIES.map(leaf_hash).as_flattened().to_vec(),
        ),
    ]);
    let hashed = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), file_hash(bytes));
    let manifest = Manifest {
        origin: "log.example".to_owned(),
        minimum: 0,
        files: files.iter().map(hashed).collect(),
    };
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("export");
    for (name, bytes) in &files {
        write(&root.join(name), bytes);
    }
    write(
        &root.join("MANIFEST"),
        manifest.sign(&signer()).unwrap().as_bytes(),
    );
    write(&directory.path().join("keys"), signer().vkeys().as_bytes());
    directory
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
