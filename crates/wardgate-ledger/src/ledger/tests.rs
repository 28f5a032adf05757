//! Faults of the disk under a whole ledger, and the child that `cargo xtask faults` shoots at.

mod child;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::disk::fake::{Count, EIO, ENOSPC, FakeDisk, When};
use crate::note::Signer;
use crate::tree::{Frontier, root_of};
use crate::verify::verify;

fn signer() -> Signer {
    Signer::from_seed("hospital.example/wardgate/faults", &[9; 32]).unwrap()
}

fn options() -> Options {
    Options {
        publish_after_ms: 0,
        segment_bytes: 400,
        reserve_bytes: 256 << 10,
        journal_keep_segments: 2,
        ..Options::default()
    }
}

fn entry(index: u64, round: u32) -> Vec<u8> {
    let pad = "x".repeat(usize::try_from(index % 50).unwrap());
    format!("{{\"index\":{index},\"round\":{round},\"pad\":\"{pad}\"}}").into_bytes()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A disk that fails `times` operations from the `nth` on while it is armed.
fn failing(nth: usize, times: usize, errno: i32) -> (FakeDisk, Arc<AtomicBool>, Arc<Count>) {
    let (armed, count) = (Arc::new(AtomicBool::new(true)), Arc::new(Count::default()));
    let (is_armed, counted) = (Arc::clone(&armed), Arc::clone(&count));
    let disk = FakeDisk::new(move |when, _, _| {
        let strikes =
            when == When::Before && is_armed.load(Ordering::SeqCst) && counted.strikes(nth, times);
        if strikes {
            return Err(io::Error::from_raw_os_error(errno));
        }
        Ok(())
    });
    (disk, armed, count)
}

/// What a ledger acknowledged, and the checkpoints that it published on the way.
#[derive(Default)]
struct Seen {
    acknowledged: BTreeMap<u64, Vec<u8>>,
    checkpoints: Vec<Checkpoint>,
}

impl Seen {
    fn note_checkpoint(&mut self, directory: &Path) {
        // A reader may come between removal and renaming on no disk: the file is always whole.
        let note = std::fs::read(directory.join(CHECKPOINT_FILE)).unwrap();
        let checkpoint = Checkpoint::open(&note, signer().verifier_key()).unwrap();
        self.checkpoints.push(checkpoint);
    }

    /// I1 and I3: all that was acknowledged is there; the log verifies and extends every
    /// checkpoint that was ever published.
    fn check(&self, directory: &Path, context: &str) {
        let (ledger, _) = Ledger::open(directory, signer(), &options()).expect(context);
        let minimum = ledger.minimum();
        for (index, entry) in self.acknowledged.range(minimum..) {
            assert_eq!(&ledger.read(*index).expect(context), entry, "{context}");
        }
        let last = self.acknowledged.keys().next_back();
        assert!(last.is_none_or(|last| *last < ledger.size()), "{context}");
        if minimum == 0 {
            let leaves = ledger.entries(..).map(|read| leaf_hash(&read.unwrap().1));
            let mut frontier = Frontier::new();
            let mut roots = vec![frontier.root()];
            for leaf in leaves {
                frontier.push(leaf, &mut |_| {});
                roots.push(frontier.root());
            }
            for checkpoint in &self.checkpoints {
                let size = usize::try_from(checkpoint.size).unwrap();
                assert_eq!(roots.get(size), Some(&checkpoint.root), "{context}");
            }
        }
        ledger.close().expect(context);
        verify(directory, &signer().vkey()).expect(context);
    }
}

/// Every operation of journal, publisher, reserve, epoch and pruning fails once, and from there
/// on for ever, with both errors, until a whole life runs without meeting the fault.
#[test]
fn the_nth_operation_fails_for_every_n() {
    for (errno, times) in [
        (EIO, 1),
        (ENOSPC, 1),
        (EIO, usize::MAX),
        (ENOSPC, usize::MAX),
    ] {
        let mut nth = 1;
        while one_life(nth, times, errno) {
            nth += 1;
        }
        assert!(nth > 60, "errno {errno}: only {nth} operations");
    }
}

/// Opens a ledger on a failing disk, appends, prunes, closes; whether the fault was met.
fn one_life(nth: usize, times: usize, errno: i32) -> bool {
    let context = format!("errno {errno}, operation {nth}, {times} times");
    let directory = tempfile::tempdir().unwrap();
    let mut seen = Seen::default();
    let quiet = Arc::new(FakeDisk::new(|_, _, _| Ok(())));
    let ledger = Ledger::create_on(quiet, directory.path(), signer(), &options()).unwrap();
    for index in 0..3 {
        let receipt = run(ledger.append([0; 32], entry(index, 0))).unwrap();
        seen.acknowledged.insert(receipt.index(), entry(index, 0));
    }
    ledger.close().unwrap();
    seen.note_checkpoint(directory.path());
    let (disk, armed, count) = failing(nth, times, errno);
    if let Ok((ledger, _)) = Ledger::open_on(Arc::new(disk), directory.path(), signer(), &options())
    {
        append_some(&ledger, times, &mut seen);
        // One bundle at most, so pruning raises the minimum and drops segments.
        let _ = ledger.prune(1);
        seen.note_checkpoint(directory.path());
        let _ = ledger.close();
        seen.note_checkpoint(directory.path());
    }
    armed.store(false, Ordering::SeqCst);
    seen.check(directory.path(), &context);
    count.get() >= nth
}

fn append_some(ledger: &Ledger, times: usize, seen: &mut Seen) {
    for round in 1..5 {
        let entry = entry(u64::from(round), round);
        match run(ledger.append([0; 32], entry.clone())) {
            Ok(receipt) => {
                seen.acknowledged.insert(receipt.index(), entry);
            }
            // I4: every refusal has a code and a hint.
            Err(error) => {
                assert!(error.code().starts_with("ledger_") && !error.hint().is_empty());
                assert_ne!(error.code(), "ledger_refused", "{error}");
            }
        }
        // A fault that passes is overcome without help.
        while times == 1 && ledger.health() != Health::Good {
            assert!(!matches!(ledger.health(), Health::Stopped { .. }));
            std::thread::yield_now();
        }
    }
}

/// What was interrupted while a ledger was made has acknowledged nothing, and refuses or goes on.
#[test]
fn creating_fails_at_every_operation_without_a_half_made_ledger_that_opens_wrongly() {
    let mut nth = 1;
    loop {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let (disk, armed, count) = failing(nth, 1, EIO);
        let made = Ledger::create_on(Arc::new(disk), &path, signer(), &options());
        armed.store(false, Ordering::SeqCst);
        let was_made = made.is_ok();
        drop(made);
        match Ledger::open(&path, signer(), &options()) {
            Ok((ledger, recovery)) => {
                assert_eq!(recovery.size, 0);
                ledger.close().unwrap();
            }
            Err(error) => assert!(!was_made, "operation {nth}: {error}"),
        }
        if count.get() < nth {
            break;
        }
        nth += 1;
    }
    assert!(nth > 15, "only {nth} operations");
}

/// The tree that a frontier makes is the one that the whole rows make; the checks rest on it.
#[test]
fn roots_of_the_checks_are_those_of_the_rows() {
    let leaves: Vec<_> = (0..7).map(|index| leaf_hash(&entry(index, 0))).collect();
    let mut frontier = Frontier::new();
    for leaf in &leaves {
        frontier.push(*leaf, &mut |_| {});
    }
    assert_eq!(Some(frontier.root()), root_of(&leaves));
}

/// Two ledgers on one directory, the lock file gone: the earlier one publishes nothing more.
#[test]
fn a_ledger_that_was_followed_neither_acknowledges_nor_publishes() {
    let directory = tempfile::tempdir().unwrap();
    let options = options();
    let first = Ledger::create(directory.path(), signer(), &options).unwrap();
    run(first.append([0; 32], entry(0, 1))).unwrap();
    while first.published() < 1 {
        std::thread::yield_now();
    }
    std::fs::remove_file(journal_directory(directory.path()).join("lock")).unwrap();
    let (second, _) = Ledger::open(directory.path(), signer(), &options).unwrap();
    let receipt = run(second.append([0; 32], entry(1, 2))).unwrap();
    assert_eq!(receipt.index(), 1);
    let refused = run(first.append([0; 32], entry(1, 1))).unwrap_err();
    assert!(matches!(refused, LedgerError::Stopped { .. }), "{refused}");
    assert!(matches!(first.health(), Health::Stopped { .. }));
    assert!(first.close().is_err());
    second.close().unwrap();
    let (ledger, _) = Ledger::open(directory.path(), signer(), &options).unwrap();
    assert_eq!(ledger.read(1).unwrap(), entry(1, 2));
    ledger.close().unwrap();
    assert_eq!(verify(directory.path(), &signer().vkey()).unwrap().size, 2);
}

/// The path of a directory that a parent process names, if one does.
fn from_parent(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}
