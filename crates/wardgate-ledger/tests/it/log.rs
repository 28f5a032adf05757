//! Ledgers to test with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wardgate_ledger::{Ledger, Options, Signer};

pub(crate) const NAME: &str = "hospital.example/wardgate/test";

pub(crate) fn signer() -> Signer {
    Signer::from_seed(NAME, &[42; 32]).unwrap()
}

/// Publishes late, so that only closing does.
pub(crate) fn patient() -> Options {
    Options {
        publish_after_ms: 3_600_000,
        segment_bytes: 1 << 20,
        reserve_bytes: 0,
        ..Options::default()
    }
}

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!(
        "{{\"index\":{index},\"pad\":\"{}\"}}",
        "x".repeat(index as usize % 50)
    )
    .into_bytes()
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) fn append(ledger: &Ledger, index: u64) {
    let receipt = run(ledger.append([3; 32], entry(index))).unwrap();
    assert_eq!((receipt.index(), receipt.call()), (index, &[3; 32]));
    assert_eq!(
        receipt.leaf_hash(),
        &wardgate_ledger::tree::leaf_hash(&entry(index))
    );
}

/// Appends without waiting for each.
pub(crate) fn extend(ledger: &Ledger, to: u64) {
    for index in ledger.size()..to.saturating_sub(1) {
        while ledger.append_detached(entry(index)).is_err() {
            std::thread::yield_now();
        }
    }
    // The last one tells that all are durable.
    if ledger.size() < to {
        append(ledger, to - 1);
    }
}

/// A closed ledger of a size.
pub(crate) fn closed(size: u64, options: &Options) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), options).unwrap();
    extend(&ledger, size);
    ledger.close().unwrap();
    directory
}

pub(crate) fn open(directory: &Path) -> Ledger {
    Ledger::open(directory, signer(), &Options::default())
        .unwrap()
        .0
}

pub(crate) fn assert_holds(ledger: &Ledger, size: u64) {
    assert_eq!(ledger.size(), size);
    let mut next = 0;
    for read in ledger.entries(..) {
        assert_eq!(read.unwrap(), (next, entry(next)));
        next += 1;
    }
    assert_eq!(next, size);
}

/// All files of the log below a directory with their contents, by relative name; what a process
/// keeps there for itself is left out.
pub(crate) fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(root: &Path, directory: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap();
            if name == "epoch" || name == "reserve" {
                continue;
            }
            if path.is_dir() {
                walk(root, &path, into);
            } else {
                let bytes = fs::read(&path).unwrap();
                into.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(directory, directory, &mut files);
    files
}

pub(crate) fn copy(files: &BTreeMap<PathBuf, Vec<u8>>) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

/// The last segment of the journal, within the directory of the ledger.
pub(crate) fn last_segment(directory: &Path) -> PathBuf {
    let names = files(directory).into_keys();
    names
        .filter(|name| name.extension().is_some_and(|end| end == "seg"))
        .max()
        .unwrap()
}
