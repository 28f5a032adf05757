//! The journal on its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use wardgate_ledger::{Journal, JournalError, JournalOptions, JournalRecovery};

use crate::log::run;

/// Opens a journal that was let go of: a process that another test is just starting holds every lock of this one
/// until it runs its own program.
fn reopened(
    directory: &Path,
    options: &JournalOptions,
) -> Result<(Journal, JournalRecovery), JournalError> {
    for _ in 0..TURNS {
        match Journal::open(directory, options) {
            Err(JournalError::Locked { .. }) => {
                std::thread::park_timeout(Duration::from_millis(10))
            }
            opened => return opened,
        }
    }
    Journal::open(directory, options)
}

const TURNS: usize = 500;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn records_read_back_by_position_and_in_order(
        sessions in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..8),
            1..5,
        ),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions { segment_bytes: 10_000, ..JournalOptions::default() };
        drop(Journal::create(directory.path(), &options).unwrap());
        let mut all = BTreeMap::new();
        for payloads in sessions {
            let (journal, recovery) = reopened(directory.path(), &options).unwrap();
            prop_assert_eq!((recovery.records, recovery.dropped_bytes), (all.len() as u64, 0));
            for payload in payloads {
                let position = run(journal.append(payload.clone())).unwrap();
                prop_assert_eq!(&journal.read(position).unwrap(), &payload);
                all.insert(position, payload);
            }
            let read: BTreeMap<_, _> = journal
                .records(None)
                .map(|record| record.unwrap())
                .map(|record| (record.position, record.payload))
                .collect();
            prop_assert_eq!(&read, &all);
            let middle = *all.keys().nth(all.len() / 2).unwrap();
            let rest = journal.records(Some(middle)).map(|record| record.unwrap().position);
            prop_assert!(rest.eq(all.range(middle..).map(|(position, _)| *position)));
        }
    }
}

#[test]
fn large_records_pass_and_larger_ones_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        record_bytes_max: 3 << 20,
        segment_bytes: 1 << 20,
        ..JournalOptions::default()
    };
    let journal = Journal::create(directory.path(), &options).unwrap();
    let payload: Vec<u8> = (0..3usize << 20).map(|at| (at * 7) as u8).collect();
    let positions: Vec<_> = (0..4)
        .map(|_| run(journal.append(payload.clone())).unwrap())
        .collect();
    for position in positions {
        assert_eq!(journal.read(position).unwrap(), payload);
    }
    let error = run(journal.append(vec![0; (3 << 20) + 1])).unwrap_err();
    assert!(matches!(
        error,
        JournalError::TooLarge {
            bytes: 3_145_729,
            bytes_max: 3_145_728
        }
    ));
    assert!(journal.health().is_ok());
}

#[test]
fn wrong_positions_and_flips_do_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::create(directory.path(), &JournalOptions::default()).unwrap();
    let position = run(journal.append(b"a record that is long enough".to_vec())).unwrap();
    for offset in 0..position.offset + 40 {
        let other = wardgate_ledger::Position { offset, ..position };
        assert_eq!(journal.read(other).is_ok(), other == position, "{offset}");
    }
    let path = directory.path().join("000000000000.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[position.offset as usize + 20] ^= 0x10;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(
        journal.read(position),
        Err(JournalError::Unreadable { .. })
    ));
}

#[test]
fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions::default();
    let journal = Journal::create(directory.path(), &options).unwrap();
    let clone = journal.clone();
    assert!(matches!(
        Journal::open(directory.path(), &options),
        Err(JournalError::Locked { .. })
    ));
    assert!(matches!(
        Journal::create(directory.path(), &options),
        Err(JournalError::Locked { .. })
    ));
    drop(journal);
    assert!(matches!(
        Journal::open(directory.path(), &options),
        Err(JournalError::Locked { .. })
    ));
    clone.close();
    assert!(reopened(directory.path(), &options).is_ok());
    assert!(matches!(
        Journal::create(directory.path(), &options),
        Err(JournalError::Exists { .. })
    ));
}

/// A limit on the file size stands in for a full disk: the write that hits it fails, possibly
/// half done, and the process learns what to do.
#[test]
fn a_full_disk_stops_the_journal_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    drop(Journal::create(directory.path(), &JournalOptions::default()).unwrap());
    let test = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        // The signal that comes with the limit is ignored, so that the write fails instead.
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact journal::child_fills_the_disk --nocapture"])
        .arg(test)
        .env("WARDGATE_TEST_DIRECTORY", directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let acknowledged: u64 = text
        .split_once("acknowledged=")
        .unwrap()
        .1
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(acknowledged > 10, "{text}");
    assert!(text.contains("raise the file size limit"), "{text}");
    let (_, recovery) = reopened(directory.path(), &JournalOptions::default()).unwrap();
    assert_eq!(recovery.records, acknowledged);
    assert!(recovery.dropped_bytes > 0, "the write was half done");
    let (_, recovery) = reopened(directory.path(), &JournalOptions::default()).unwrap();
    assert_eq!(
        (recovery.records, recovery.dropped_bytes),
        (acknowledged, 0)
    );
}

/// Does its work only when [`a_full_disk_stops_the_journal_and_loses_nothing`] starts it.
#[test]
fn child_fills_the_disk() {
    let Some(directory) = std::env::var_os("WARDGATE_TEST_DIRECTORY") else {
        return;
    };
    let (journal, _) = reopened(directory.as_ref(), &JournalOptions::default()).unwrap();
    let mut acknowledged = 0;
    for _ in 0..100 {
        match run(journal.append(vec![1; 1500])) {
            Ok(_) => acknowledged += 1,
            Err(error) => println!("{error}"),
        }
    }
    println!("acknowledged={acknowledged} ");
}

#[test]
fn dropped_segments_are_gone_and_the_rest_opens_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        segment_bytes: 2_000,
        ..JournalOptions::default()
    };
    let journal = Journal::create(directory.path(), &options).unwrap();
    let mut positions = Vec::new();
    for number in 0..20_u8 {
        positions.push(run(journal.append(vec![number; 500])).unwrap());
    }
    let kept = positions[12].segment;
    assert!(kept > 0);
    assert_eq!(journal.drop_segments_before(kept).unwrap(), kept);
    assert_eq!(journal.drop_segments_before(kept).unwrap(), 0);
    assert_eq!(journal.drop_segments_before(u64::MAX).unwrap(), 0);
    journal.close();
    let (journal, _) = reopened(directory.path(), &options).unwrap();
    let first = journal.records(None).next().unwrap().unwrap();
    assert_eq!(first.position.segment, kept);
    let last = run(journal.append(vec![77; 500])).unwrap();
    assert_eq!(journal.read(last).unwrap(), vec![77; 500]);
    assert!(journal.read(positions[0]).is_err());
}
