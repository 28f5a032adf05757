//! What lies in the directory at sizes around the edges of tiles.

use std::collections::BTreeSet;

use wardgate_ledger::checkpoint::Checkpoint;
use wardgate_ledger::note::VerifierKey;
use wardgate_ledger::prove::prove;
use wardgate_ledger::tree::{Frontier, leaf_hash};
use wardgate_ledger::{Ledger, Options, verify};

use crate::log::{assert_holds, closed, entry, extend, files, open, patient, signer};

#[test]
fn tiles_are_those_that_the_size_demands() {
    let cases: [(u64, &[&str]); 6] = [
        (0, &[]),
        (1, &["tile/0/000.p/1", "tile/entries/000.p/1"]),
        (255, &["tile/0/000.p/255", "tile/entries/000.p/255"]),
        (256, &["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]),
        (
            257,
            &[
                "tile/0/000",
                "tile/0/001.p/1",
                "tile/1/000.p/1",
                "tile/entries/000",
                "tile/entries/001.p/1",
            ],
        ),
        (
            512,
            &[
                "tile/0/000",
                "tile/0/001",
                "tile/1/000.p/2",
                "tile/entries/000",
                "tile/entries/001",
            ],
        ),
    ];
    for (size, expected) in cases {
        let directory = closed(size, &patient());
        assert_eq!(
            tiles(directory.path()),
            BTreeSet::from_iter(expected.iter().map(|name| (*name).to_owned()))
        );
        assert_eq!(
            verify(directory.path(), &signer().vkey()).unwrap().size,
            size
        );
        assert_root(directory.path(), size);
        let ledger = open(directory.path());
        assert_holds(&ledger, size);
    }
}

/// More than 65,536 entries need a third level and index groups with `x`, once past 256,000.
#[test]
fn large_logs_have_a_third_level() {
    let directory = closed(65_535, &Options::default());
    let grow = |to| {
        let ledger = open(directory.path());
        extend(&ledger, to);
        ledger.close().unwrap();
        let names = tiles(directory.path());
        assert_eq!(verify(directory.path(), &signer().vkey()).unwrap().size, to);
        assert_root(directory.path(), to);
        names
    };
    let names = grow(65_536);
    assert!(names.contains("tile/1/000") && names.contains("tile/2/000.p/1"));
    assert!(!names.iter().any(|name| name.starts_with("tile/0/256")));
    let names = grow(65_537);
    assert!(names.contains("tile/0/256.p/1") && names.contains("tile/entries/256.p/1"));
    assert!(!names.iter().any(|name| name.starts_with("tile/1/001")));
    let names = grow(256_300);
    assert!(names.contains("tile/0/x001/000") && names.contains("tile/entries/x001/001.p/44"));
    assert_eq!(
        open(directory.path()).read(256_299).unwrap(),
        entry(256_299)
    );
}

#[test]
fn proofs_come_from_the_tiles() {
    for size in [1, 2, 255, 256, 257, 700] {
        let directory = closed(size, &patient());
        let vkey = signer().vkey();
        for index in [0, size / 2, size - 1] {
            let proof = prove(directory.path(), &vkey, index).unwrap().unwrap();
            assert_eq!(proof.leaf_hash, leaf_hash(&entry(index)));
            assert!(proof.holds());
        }
        assert_eq!(prove(directory.path(), &vkey, size).unwrap(), None);
    }
}

#[test]
fn an_export_without_journal_verifies() {
    let directory = closed(300, &patient());
    std::fs::remove_dir_all(directory.path().join("journal")).unwrap();
    let verified = verify(directory.path(), &signer().vkey()).unwrap();
    assert_eq!((verified.size, verified.journal_segments), (300, 0));
    assert_eq!(verified.origin, signer().name());
}

/// Checkpoints appear while the ledger runs, each one covers the one before, and older partial
/// tiles stay until the full tile is there.
#[test]
fn publishing_follows_appends() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        publish_after_ms: 0,
        ..Options::default()
    };
    let ledger = Ledger::create(directory.path(), signer(), &options).unwrap();
    for size in [3, 10, 255, 256, 300] {
        extend(&ledger, size);
        while ledger.published() < size {
            std::thread::yield_now();
        }
        assert_root(directory.path(), size);
        assert_holds(&ledger, size);
        assert_eq!(
            verify(directory.path(), &signer().vkey()).unwrap().size,
            size
        );
    }
    let names = tiles(directory.path());
    assert!(
        !names.iter().any(|name| name.starts_with("tile/0/000.p")),
        "{names:?}"
    );
}

fn tiles(directory: &std::path::Path) -> BTreeSet<String> {
    let names = files(directory)
        .into_keys()
        .map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name.starts_with("tile/")).collect()
}

fn assert_root(directory: &std::path::Path, size: u64) {
    let key = VerifierKey::parse(&signer().vkey()).unwrap();
    let checkpoint = std::fs::read(directory.join("checkpoint")).unwrap();
    let checkpoint = Checkpoint::open(&checkpoint, &key).unwrap();
    let mut frontier = Frontier::new();
    for index in 0..size {
        frontier.push(leaf_hash(&entry(index)), &mut |_| {});
    }
    assert_eq!((checkpoint.size, checkpoint.root), (size, frontier.root()));
}
