//! Opening a ledger after whatever happened to it.

use std::fs;
use std::path::Path;

use wardgate_ledger::journal::frame::{MARK_BYTES, SEGMENT_HEADER_BYTES, scan};
use wardgate_ledger::{Health, Ledger, LedgerError, Options, Signer, verify};

use crate::log::{
    append, assert_holds, closed, copy, entry, extend, files, last_segment, open, patient, run,
    signer,
};

const SEGMENT: &str = "journal/000000000000.seg";

#[test]
fn a_closed_ledger_goes_on() {
    let directory = closed(10, &patient());
    let (ledger, recovery) = Ledger::open(directory.path(), signer(), &patient()).unwrap();
    assert_eq!(
        (recovery.size, recovery.replayed, recovery.dropped_bytes),
        (10, 0, 0)
    );
    append(&ledger, 10);
    assert_holds(&ledger, 11);
    assert_eq!(ledger.health(), Health::Good);
    let clone = ledger.clone();
    ledger.close().unwrap();
    assert_eq!(clone.health(), Health::Closed);
    assert!(matches!(
        run(clone.append([0; 32], vec![])),
        Err(LedgerError::Closed)
    ));
    assert_holds(&clone, 11);
}

/// The directory as a crash would leave it at every length of the last segment: what the
/// checkpoint covers must be there, whole batches beyond it stay, a torn batch goes.
#[test]
fn the_last_segment_may_be_cut_anywhere_behind_the_checkpoint() {
    let mut published = files(closed(5, &patient()).path());
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), &patient()).unwrap();
    let mut ends = Vec::new();
    for index in 0..9 {
        append(&ledger, index);
        ends.push(end_of_batches(directory.path()));
    }
    let ends = ends.split_off(4);
    let mut whole = fs::read(directory.path().join(SEGMENT)).unwrap();
    // Some of the room that the writer has taken is kept, without the mark.
    whole.truncate(ends[4]);
    whole.resize(ends[4] + 20, 0);
    published.remove(Path::new(SEGMENT)).unwrap();
    for length in SEGMENT_HEADER_BYTES..=whole.len() {
        let crashed = copy(&published);
        fs::write(crashed.path().join(SEGMENT), &whole[..length]).unwrap();
        let opened = Ledger::open(crashed.path(), signer(), &patient());
        if length < ends[0] {
            let error = opened.err().unwrap();
            assert!(
                matches!(error, LedgerError::Smaller { published: 5, .. }),
                "{error}"
            );
            let left = fs::read(crashed.path().join(SEGMENT)).unwrap();
            assert_eq!(left, &whole[..length], "refusing changes nothing");
            continue;
        }
        let (ledger, recovery) = opened.unwrap();
        let batches = ends.iter().filter(|end| **end <= length).count() as u64 - 1;
        assert_eq!((recovery.size, recovery.replayed), (5 + batches, batches));
        // Zeros at the end may as well be reserved room.
        let torn = &whole[ends[batches as usize]..length];
        let torn = torn
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        assert_eq!(recovery.dropped_bytes, torn as u64);
        assert_holds(&ledger, 5 + batches);
        append(&ledger, 5 + batches);
        ledger.close().unwrap();
        let verified = verify(crashed.path(), &signer().vkey()).unwrap();
        assert_eq!((verified.size, verified.unfinished_bytes), (6 + batches, 0));
    }
}

/// Without opening it again, a crashed directory verifies as far as it was published, and says
/// how much lies behind.
#[test]
fn a_crashed_directory_verifies_as_it_is() {
    let directory = closed(300, &patient());
    let (ledger, _) = Ledger::open(directory.path(), signer(), &patient()).unwrap();
    extend(&ledger, 310);
    let mut crashed = files(directory.path());
    let end = end_of_batches(directory.path());
    let segment = crashed.get_mut(&last_segment(directory.path())).unwrap();
    segment[end..end + MARK_BYTES].fill(0);
    segment[end..end + 3].copy_from_slice(&[1, 2, 3]);
    let crashed = copy(&crashed);
    let verified = verify(crashed.path(), &signer().vkey()).unwrap();
    assert_eq!(
        (
            verified.size,
            verified.unpublished,
            verified.unfinished_bytes
        ),
        (300, 10, 3)
    );
    drop(open(crashed.path()));
    let verified = verify(crashed.path(), &signer().vkey()).unwrap();
    assert_eq!(
        (
            verified.size,
            verified.unpublished,
            verified.unfinished_bytes
        ),
        (310, 0, 0)
    );
}

#[test]
fn a_damaged_acknowledged_entry_refuses_to_open() {
    let directory = closed(3, &patient());
    let (ledger, _) = Ledger::open(directory.path(), signer(), &patient()).unwrap();
    let end = end_of_batches(directory.path());
    append(&ledger, 3);
    append(&ledger, 4);
    let mut crashed = files(directory.path());
    let last = last_segment(directory.path());
    // In the batch of entry 3; that of entry 4 shows that 3 had been acknowledged.
    crashed.get_mut(&last).unwrap()[end + 40] ^= 1;
    let crashed_directory = copy(&crashed);
    let error = Ledger::open(crashed_directory.path(), signer(), &patient())
        .err()
        .unwrap();
    assert!(error.to_string().contains("record 3 is damaged"), "{error}");
    assert!(
        error.hint().contains("keep the directory"),
        "{}",
        error.hint()
    );
    assert_eq!(files(crashed_directory.path())[&last], crashed[&last]);
    let error = verify(crashed_directory.path(), &signer().vkey()).unwrap_err();
    assert_eq!(error.index(), Some(3), "{error}");
}

/// Older checkpoint and tiles with a newer journal is a crash; the other way round is a loss.
#[test]
fn a_tree_smaller_than_published_refuses() {
    let directory = closed(300, &patient());
    let old = files(directory.path());
    extend(&open(directory.path()), 600);
    let mut mixed = files(directory.path());
    mixed.retain(|name, _| !name.starts_with("journal"));
    for (name, bytes) in &old {
        if name.starts_with("journal") {
            mixed.insert(name.clone(), bytes.clone());
        }
    }
    let error = Ledger::open(copy(&mixed).path(), signer(), &patient())
        .err()
        .unwrap();
    assert!(
        matches!(
            error,
            LedgerError::Smaller {
                size: 300,
                published: 600
            }
        ),
        "{error}"
    );

    let mut mixed = files(directory.path());
    mixed.retain(|name, _| name.starts_with("journal"));
    mixed.extend(
        old.into_iter()
            .filter(|(name, _)| !name.starts_with("journal")),
    );
    let directory = copy(&mixed);
    let (ledger, recovery) = Ledger::open(directory.path(), signer(), &patient()).unwrap();
    assert_eq!((recovery.size, recovery.replayed), (600, 300));
    assert_holds(&ledger, 600);
}

#[test]
fn other_histories_refuse() {
    let directory = closed(5, &patient());
    let other = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(other.path(), signer(), &patient()).unwrap();
    for index in 0..5 {
        run(ledger.append([0; 32], entry(index + 1))).unwrap();
    }
    ledger.close().unwrap();
    let (one, two) = (files(directory.path()), files(other.path()));
    let refuses = |prefix: &str| {
        let mut mixed = one.clone();
        for (name, bytes) in two.iter().filter(|(name, _)| name.starts_with(prefix)) {
            mixed.insert(name.clone(), bytes.clone());
        }
        Ledger::open(copy(&mixed).path(), signer(), &patient())
            .err()
            .unwrap()
    };
    assert!(matches!(
        refuses("journal"),
        LedgerError::Inconsistent { size: 5 }
    ));
    assert!(matches!(
        refuses("checkpoint"),
        LedgerError::Inconsistent { size: 5 }
    ));
    assert!(matches!(refuses("tile/entries"), LedgerError::Tile { .. }));
    assert!(matches!(
        refuses("tile"),
        LedgerError::Inconsistent { size: 5 }
    ));
}

#[test]
fn the_wrong_signer_and_missing_files_refuse() {
    let directory = closed(5, &patient());
    for other in [
        Signer::from_seed(signer().name(), &[1; 32]).unwrap(),
        Signer::from_seed("another.example", &[42; 32]).unwrap(),
    ] {
        let error = Ledger::open(directory.path(), other, &patient())
            .err()
            .unwrap();
        assert!(matches!(error, LedgerError::Checkpoint(_)), "{error}");
    }
    let whole = files(directory.path());
    for name in [
        "checkpoint",
        "tile/0/000.p/5",
        "tile/entries/000.p/5",
        SEGMENT,
    ] {
        let mut less = whole.clone();
        less.remove(Path::new(name)).unwrap();
        let less = copy(&less);
        let error = Ledger::open(less.path(), signer(), &patient())
            .err()
            .unwrap();
        let expected = matches!(
            error,
            LedgerError::Missing { .. } | LedgerError::Tile { .. }
        );
        assert!(expected, "{name}: {error}");
    }
    let empty = tempfile::tempdir().unwrap();
    let error = Ledger::open(empty.path(), signer(), &patient())
        .err()
        .unwrap();
    assert!(matches!(error, LedgerError::Missing { .. }));
    let error = Ledger::create(directory.path(), signer(), &patient())
        .err()
        .unwrap();
    assert!(matches!(error, LedgerError::Exists { .. }));
}

#[test]
fn many_small_segments_reopen_and_a_lost_one_is_noticed() {
    let options = Options {
        segment_bytes: 1000,
        ..patient()
    };
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), &options).unwrap();
    for index in 0..200 {
        append(&ledger, index);
    }
    ledger.close().unwrap();
    let whole = files(directory.path());
    let segments = whole
        .keys()
        .filter(|name| name.extension().is_some_and(|end| end == "seg"));
    let segments: Vec<_> = segments.cloned().collect();
    assert!(segments.len() > 10);
    let verified = verify(directory.path(), &signer().vkey()).unwrap();
    assert_eq!(verified.journal_segments, segments.len() as u64);
    let (ledger, _) = Ledger::open(directory.path(), signer(), &options).unwrap();
    append(&ledger, 200);
    assert_holds(&ledger, 201);
    for lost in [0, segments.len() / 2, segments.len() - 1] {
        let mut less = whole.clone();
        less.remove(&segments[lost]).unwrap();
        let less = copy(&less);
        assert!(
            Ledger::open(less.path(), signer(), &options).is_err(),
            "{lost}"
        );
        assert!(
            verify(less.path(), &signer().vkey())
                .unwrap_err()
                .index()
                .is_some(),
            "{lost}"
        );
        let mut shorter = whole.clone();
        let short = shorter.get_mut(&segments[lost]).unwrap();
        // The last one ends with the mark, which is no record.
        let more = if lost + 1 == segments.len() {
            MARK_BYTES
        } else {
            0
        };
        short.truncate(short.len() - 1 - more);
        let shorter = copy(&shorter);
        assert!(
            Ledger::open(shorter.path(), signer(), &options).is_err(),
            "{lost}"
        );
        assert!(
            verify(shorter.path(), &signer().vkey())
                .unwrap_err()
                .index()
                .is_some(),
            "{lost}"
        );
    }
}

fn end_of_batches(directory: &Path) -> usize {
    let segment = fs::read(directory.join(last_segment(directory))).unwrap();
    scan(&segment, |_, _| {}).unwrap().end as usize
}
