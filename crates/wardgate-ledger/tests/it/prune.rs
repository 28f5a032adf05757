//! Pruning, and dropping segments of the journal that are in the tiles.

use std::fs;
use std::path::Path;

use wardgate_ledger::{Ledger, LedgerError, Options, Published, VerifyError, verify};

use crate::log::{append, closed, copy, entry, extend, files, open, patient, signer};

const SIZE: u64 = 1000;

fn small_segments() -> Options {
    Options {
        segment_bytes: 4000,
        ..patient()
    }
}

#[test]
fn pruning_removes_what_lies_wholly_below_and_the_rest_still_verifies() {
    for minimum in [1, 255, 256, 257, 600, 768, 999, 1000] {
        let directory = closed(SIZE, &small_segments());
        let (ledger, _) = Ledger::open(directory.path(), signer(), &small_segments()).unwrap();
        let pruned = ledger.prune(minimum).unwrap();
        let bundles = minimum / 256;
        assert_eq!((pruned.minimum, pruned.tiles), (minimum, 2 * bundles));
        assert_eq!(ledger.minimum(), minimum);
        let exists = |name: &str| directory.path().join(name).exists();
        for index in 0..3 {
            let kept = index >= bundles;
            assert_eq!(exists(&format!("tile/0/{index:03}")), kept);
            assert_eq!(exists(&format!("tile/entries/{index:03}")), kept);
        }
        assert!(exists("tile/1/000.p/3"));
        assert_kept(&ledger, minimum);
        // Lower changes nothing, beyond the checkpoint is refused.
        assert_eq!(ledger.prune(0).unwrap().minimum, minimum);
        let refused = ledger.prune(SIZE + 1).unwrap_err();
        assert!(matches!(refused, LedgerError::Prune { .. }), "{refused}");
        append(&ledger, SIZE);
        ledger.close().unwrap();
        let verified = verify(directory.path(), &signer().vkey()).unwrap();
        assert_eq!((verified.size, verified.minimum), (SIZE + 1, minimum));
        let ledger = open(directory.path());
        extend(&ledger, 1300);
        ledger.close().unwrap();
        assert_eq!(
            verify(directory.path(), &signer().vkey()).unwrap().size,
            1300
        );
        let published =
            Published::open(directory.path(), &[signer().verifier_key().clone()]).unwrap();
        assert_eq!(published.entries(..).next().unwrap().unwrap().0, minimum);
        assert!(published.prove(minimum).unwrap().unwrap().holds());
        assert!(matches!(
            published.prove(minimum - 1),
            Err(VerifyError::Pruned { .. })
        ));
    }
}

fn assert_kept(ledger: &Ledger, minimum: u64) {
    let kept = ledger.entries(..).map(|read| read.unwrap());
    assert!(kept.eq((minimum..SIZE).map(|index| (index, entry(index)))));
    let error = ledger.read(minimum - 1).unwrap_err();
    assert!(matches!(error, LedgerError::Pruned { .. }), "{error}");
}

/// Tiles above level 0 go as well once all that they cover is below the minimum.
#[test]
fn a_log_with_three_levels_is_pruned_and_goes_on() {
    let directory = closed(66_000, &patient());
    let (ledger, _) = Ledger::open(directory.path(), signer(), &patient()).unwrap();
    let pruned = ledger.prune(65_700).unwrap();
    assert_eq!(pruned.tiles, 2 * 256 + 1);
    assert!(!directory.path().join("tile/1/000").exists());
    ledger.close().unwrap();
    let verified = verify(directory.path(), &signer().vkey()).unwrap();
    assert_eq!((verified.size, verified.minimum), (66_000, 65_700));
    extend(&open(directory.path()), 66_100);
    assert!(verify(directory.path(), &signer().vkey()).is_ok());
}

/// Whatever was removed when pruning broke off, opening removes the rest, and both verify.
#[test]
fn an_interrupted_pruning_is_ended_by_opening() {
    let directory = closed(SIZE, &small_segments());
    let whole = files(directory.path());
    let ledger = open(directory.path());
    ledger.prune(800).unwrap();
    ledger.close().unwrap();
    let after = files(directory.path());
    let gone: Vec<_> = whole
        .keys()
        .filter(|name| !after.contains_key(*name))
        .collect();
    assert!(gone.len() >= 6, "{gone:?}");
    // The minimum is durable before anything goes.
    let mut begun = whole.clone();
    begun.insert("minimum".into(), b"800\n".to_vec());
    for removed in 0..=3 {
        let mut broken_off = begun.clone();
        for index in 0..removed {
            broken_off.remove(Path::new(&format!("tile/entries/{index:03}")));
        }
        let broken_off = copy(&broken_off);
        let verified = verify(broken_off.path(), &signer().vkey()).unwrap();
        assert_eq!(verified.minimum, 800);
        open(broken_off.path()).close().unwrap();
        assert!(!broken_off.path().join("tile/0/002").exists());
        assert!(verify(broken_off.path(), &signer().vkey()).is_ok());
    }
}

#[test]
fn what_is_kept_after_pruning_is_still_checked() {
    let directory = closed(SIZE, &patient());
    let ledger = open(directory.path());
    ledger.prune(600).unwrap();
    ledger.close().unwrap();
    for name in ["tile/1/000.p/3", "tile/0/002", "tile/entries/003.p/232"] {
        let path = directory.path().join(name);
        let bytes = fs::read(&path).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 4;
            fs::write(&path, &other).unwrap();
            assert!(
                verify(directory.path(), &signer().vkey()).is_err(),
                "{name}"
            );
        }
        fs::write(&path, &bytes).unwrap();
    }
    // A checkpoint older than the minimum is a rollback.
    fs::write(directory.path().join("minimum"), "1001\n").unwrap();
    assert!(verify(directory.path(), &signer().vkey()).is_err());
    let error = Ledger::open(directory.path(), signer(), &patient()).err();
    assert!(matches!(error, Some(LedgerError::Smaller { .. })));
}

/// Published segments go but for the number that is kept; entries stay in the tiles, and what
/// is left of the journal is still compared.
#[test]
fn published_segments_may_be_dropped() {
    let options = Options {
        journal_keep_segments: 2,
        ..small_segments()
    };
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), &options).unwrap();
    // Singly, so that batches are small and segments many.
    for index in 0..300 {
        append(&ledger, index);
    }
    ledger.close().unwrap();
    let names = || {
        let names = files(directory.path()).into_keys();
        let segments = names.filter(|name| name.extension().is_some_and(|end| end == "seg"));
        segments.collect::<Vec<_>>()
    };
    let before = names();
    let verified = verify(directory.path(), &signer().vkey()).unwrap();
    assert!(verified.journal_segments < 8, "{before:?}");
    let (ledger, recovery) = Ledger::open(directory.path(), signer(), &options).unwrap();
    assert_eq!((recovery.size, recovery.replayed), (300, 0));
    for index in 300..600 {
        append(&ledger, index);
    }
    ledger.close().unwrap();
    assert!(!names().contains(&before[0]));
    assert_eq!(
        verify(directory.path(), &signer().vkey()).unwrap().size,
        600
    );
    crate::log::assert_holds(&open(directory.path()), 600);
    // A segment that was not dropped is missed.
    let mut less = files(directory.path());
    less.remove(&names()[0]).unwrap();
    let less = copy(&less);
    assert!(verify(less.path(), &signer().vkey()).is_err());
    assert!(Ledger::open(less.path(), signer(), &options).is_err());
}
