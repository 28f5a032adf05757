//! Appends from many places at once.

use std::collections::BTreeMap;

use wardgate_ledger::{Ledger, LedgerError, Options, verify};

use crate::log::{append, assert_holds, closed, entry, extend, open, patient, run, signer};

#[test]
fn every_append_gets_its_own_index_and_keeps_it() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        publish_after_ms: 5,
        segment_bytes: 20_000,
        ..Options::default()
    };
    let ledger = Ledger::create(directory.path(), signer(), &options).unwrap();
    let mut appended = BTreeMap::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let ledger = ledger.clone();
                scope.spawn(move || run(one_runtime(&ledger, thread)))
            })
            .collect();
        for thread in threads {
            for (index, entry) in thread.join().unwrap() {
                assert!(appended.insert(index, entry).is_none(), "{index} twice");
            }
        }
    });
    assert_eq!(ledger.size(), 800);
    assert!(appended.keys().copied().eq(0..800));
    for (index, entry) in &appended {
        assert_eq!(&ledger.read(*index).unwrap(), entry);
    }
    ledger.close().unwrap();
    let ledger = open(directory.path());
    let read: BTreeMap<_, _> = ledger.entries(..).map(|read| read.unwrap()).collect();
    assert_eq!(read, appended);
    assert_eq!(
        verify(directory.path(), &signer().vkey()).unwrap().size,
        800
    );
}

/// Twenty appends in flight on one current-thread runtime, five times; the appends of one task
/// stand in the order of their acknowledgements.
async fn one_runtime(ledger: &Ledger, thread: usize) -> Vec<(u64, Vec<u8>)> {
    let mut appended = Vec::new();
    let mut last = None;
    for round in 0..5 {
        let mut flights = tokio::task::JoinSet::new();
        for task in 0..20 {
            let ledger = ledger.clone();
            let entry = format!("{thread} {round} {task}").into_bytes();
            flights.spawn(async move {
                let receipt = ledger
                    .append([thread as u8; 32], entry.clone())
                    .await
                    .unwrap();
                assert_eq!(receipt.call(), &[thread as u8; 32]);
                (receipt.index(), entry)
            });
        }
        let round: Vec<_> = flights.join_all().await;
        assert!(
            round
                .iter()
                .all(|(index, _)| last.is_none_or(|last| *index > last))
        );
        last = round.iter().map(|(index, _)| *index).max();
        appended.extend(round);
    }
    appended
}

#[test]
fn entries_are_read_from_both_ends() {
    let directory = closed(600, &patient());
    let (ledger, _) = Ledger::open(directory.path(), signer(), &patient()).unwrap();
    extend(&ledger, 700);
    assert!(ledger.published() < 700);
    assert_holds(&ledger, 700);
    let backwards = ledger.entries(..).rev().map(|read| read.unwrap());
    assert!(backwards.eq((0..700).rev().map(|index| (index, entry(index)))));
    let mut both = ledger.entries(200..=650);
    assert_eq!(both.next_back().unwrap().unwrap().0, 650);
    assert_eq!(both.next().unwrap().unwrap(), (200, entry(200)));
    assert_eq!(both.next().unwrap().unwrap().0, 201);
    assert_eq!(both.next_back().unwrap().unwrap(), (649, entry(649)));
    assert_eq!(both.count(), 447);
    assert_eq!(ledger.entries(690..10_000).count(), 10);
    assert_eq!(ledger.entries(10_000..).count(), 0);
    let error = ledger.read(700).unwrap_err();
    assert!(
        matches!(
            error,
            LedgerError::NoEntry {
                index: 700,
                size: 700
            }
        ),
        "{error}"
    );
}

#[test]
fn detached_appends_arrive() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), &patient()).unwrap();
    ledger.append_detached(entry(0)).unwrap();
    ledger.append_detached(entry(1)).unwrap();
    append(&ledger, 2);
    assert_holds(&ledger, 3);
    ledger.append_detached(entry(3)).unwrap();
    ledger.close().unwrap();
    assert_holds(&open(directory.path()), 4);
}

#[test]
fn entries_have_a_length_limit() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), &patient()).unwrap();
    run(ledger.append([0; 32], vec![7; 65_535])).unwrap();
    run(ledger.append([0; 32], Vec::new())).unwrap();
    let error = run(ledger.append([0; 32], vec![7; 65_536])).unwrap_err();
    assert!(
        matches!(error, LedgerError::TooLarge { bytes: 65_536 }),
        "{error}"
    );
    assert!(ledger.append_detached(vec![7; 65_536]).is_err());
    ledger.close().unwrap();
    let ledger = open(directory.path());
    assert_eq!(ledger.read(0).unwrap(), vec![7; 65_535]);
    assert_eq!(ledger.read(1).unwrap(), b"");
    assert_eq!(verify(directory.path(), &signer().vkey()).unwrap().size, 2);
}

/// When tiles cannot be written, appends are refused until they can.
#[test]
fn failing_publication_refuses_and_heals() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        publish_after_ms: 0,
        ..Options::default()
    };
    let ledger = Ledger::create(directory.path(), signer(), &options).unwrap();
    let tiles = directory.path().join("tile");
    std::fs::write(&tiles, b"in the way").unwrap();
    append(&ledger, 0);
    let refusal = loop {
        match run(ledger.append([0; 32], entry(ledger.size()))) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refusal, LedgerError::Unpublished { .. }),
        "{refusal}"
    );
    assert!(refusal.to_string().contains("hint: "), "{refusal}");
    assert!(matches!(
        ledger.health(),
        wardgate_ledger::Health::Unpublished { .. }
    ));
    std::fs::remove_file(&tiles).unwrap();
    while ledger.health() != wardgate_ledger::Health::Good {
        std::thread::yield_now();
    }
    let size = ledger.size();
    append(&ledger, size);
    ledger.close().unwrap();
    assert_eq!(
        verify(directory.path(), &signer().vkey()).unwrap().size,
        size + 1
    );
}

#[test]
fn closing_with_failing_publication_says_so_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), &patient()).unwrap();
    append(&ledger, 0);
    let tiles = directory.path().join("tile");
    std::fs::write(&tiles, b"in the way").unwrap();
    assert!(matches!(
        ledger.close(),
        Err(LedgerError::Unpublished { .. })
    ));
    std::fs::remove_file(&tiles).unwrap();
    assert_holds(&open(directory.path()), 1);
}
