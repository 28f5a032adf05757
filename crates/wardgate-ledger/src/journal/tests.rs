use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::disk::FileSystem;
use crate::disk::fake::{Count, EIO, ENOSPC, FakeDisk, Op, When};
use crate::incident::Incident;
use crate::journal::segments::segment_path;

/// The operations on the way of an append, each failing once at every place where it is done.
///
/// What was acknowledged is there; a segment that failed is never written or synced again; the
/// journal goes on by itself.
#[test]
fn after_a_fault_the_journal_goes_on_in_a_new_segment() {
    for op in [
        Op::Write,
        Op::SyncData,
        Op::SyncAll,
        Op::SetLength,
        Op::Create,
        Op::Link,
        Op::Open,
        Op::SyncDirectory,
        Op::ReadAt,
    ] {
        let mut nth = 1;
        while one_fault(op, nth) {
            nth += 1;
        }
        assert!(nth > 1, "{op:?} is never done");
    }
}

/// Runs a journal on which the `nth` operation fails; whether there were so many.
fn one_fault(op: Op, nth: usize) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        segment_bytes: 300,
        ..JournalOptions::default()
    };
    drop(Journal::create(directory.path(), &options).unwrap());
    let armed = Arc::new(AtomicBool::new(false));
    let count = Arc::new(Count::default());
    let failed: Arc<Mutex<Option<PathBuf>>> = Arc::default();
    let touched_again = Arc::new(AtomicBool::new(false));
    let touched = Arc::clone(&touched_again);
    let watched = (Arc::clone(&armed), Arc::clone(&count), Arc::clone(&failed));
    let disk = FakeDisk::new(move |when, did, path| {
        let (armed, count, failed) = &watched;
        if when == When::After || !armed.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut failed = failed.lock().unwrap();
        let is_write = matches!(did, Op::Write | Op::SyncData | Op::SyncAll);
        if is_write
            && path.extension().is_some_and(|end| end == "seg")
            && failed.as_deref() == Some(path)
        {
            touched.store(true, Ordering::SeqCst);
        }
        if did == op && count.strikes(nth, 1) {
            if is_write {
                *failed = Some(path.to_owned());
            }
            return Err(io::Error::from_raw_os_error(EIO));
        }
        Ok(())
    });
    let (journal, _) = open_on(directory.path(), &options, disk).unwrap();
    armed.store(true, Ordering::SeqCst);
    let mut acknowledged = BTreeMap::new();
    for index in 0..12u8 {
        loop {
            match run(journal.append(vec![index; 50])) {
                Ok(position) => {
                    acknowledged.insert(position, vec![index; 50]);
                    break;
                }
                Err(JournalError::Failing { reason }) => {
                    assert!(reason.contains("hint: "), "{reason}");
                    until_healthy(&journal);
                }
                Err(other) => panic!("{op:?} {nth}: {other}"),
            }
        }
    }
    let fired = count.get() >= nth;
    assert!(!touched_again.load(Ordering::SeqCst), "{op:?} {nth}");
    let mut incidents = journal.incidents().take().into_iter();
    if let Some(first) = incidents.next() {
        assert!(matches!(first, Incident::StorageFault { .. }));
        // Behind the last append a fault of its mark may just be under way.
        let second = incidents.next();
        assert!(second.is_none_or(|second| matches!(second, Incident::Resumed { .. })));
        assert!(incidents.next().is_none());
    }
    armed.store(false, Ordering::SeqCst);
    journal.close();
    let (journal, recovery) = Journal::open(directory.path(), &options).unwrap();
    // What was refused is not there; what was acknowledged is, once.
    assert_eq!((recovery.records, acknowledged.len()), (12, 12));
    for (position, payload) in &acknowledged {
        assert_eq!(&journal.read(*position).unwrap(), payload);
    }
    let read = journal.records(None).map(|record| record.unwrap().position);
    assert!(read.eq(acknowledged.keys().copied()));
    fired
}

fn open_on(
    directory: &Path,
    options: &JournalOptions,
    disk: FakeDisk,
) -> Result<(Journal, Replayed), JournalError> {
    let home = Home {
        disk: Arc::new(disk),
        directory: directory.to_owned(),
        reserve_bytes: 64 << 10,
    };
    let known = (lock(directory).unwrap(), OpenFor::default());
    Journal::open_for(directory, options, home, known, |_| Ok(Box::new(|_| {})))
}

fn until_healthy(journal: &Journal) {
    while let Err(error) = journal.health() {
        assert!(!matches!(error, JournalError::Poisoned { .. }), "{error}");
        std::thread::yield_now();
    }
}

/// A disk that has failed for good refuses for good, and says why; nothing acknowledged is lost.
#[test]
fn a_dead_disk_refuses_until_the_journal_is_opened_on_a_good_one() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions::default();
    drop(Journal::create(directory.path(), &options).unwrap());
    let dead = Arc::new(AtomicBool::new(false));
    let is_dead = Arc::clone(&dead);
    let disk = FakeDisk::new(move |_, _, _| match is_dead.load(Ordering::SeqCst) {
        true => Err(io::Error::from_raw_os_error(EIO)),
        false => Ok(()),
    });
    let (journal, _) = open_on(directory.path(), &options, disk).unwrap();
    let position = run(journal.append(vec![1; 9])).unwrap();
    dead.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let refused = run(journal.append(vec![2; 9]));
        assert!(matches!(refused, Err(JournalError::Failing { .. })));
        assert!(matches!(
            journal.append_detached(vec![3; 9]),
            Err(JournalError::Failing { .. })
        ));
    }
    journal.close();
    let (journal, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert!((1..=2).contains(&recovery.records));
    assert_eq!(journal.read(position).unwrap(), vec![1; 9]);
}

/// A disk whose room is counted: writing takes from it, removing the reserve gives back.
fn full_disk(room: &Arc<AtomicU64>) -> FakeDisk {
    let room = Arc::clone(room);
    FakeDisk::new(move |when, op, path| {
        let is_reserve = path.file_name().is_some_and(|name| name == "reserve");
        match (when, op) {
            (When::After, Op::Remove) if is_reserve => {
                room.fetch_add(3, Ordering::SeqCst);
            }
            // Room for a segment or a reserve is not there unless there is plenty.
            (When::Before, Op::Allocate | Op::Fill) if room.load(Ordering::SeqCst) < 1000 => {
                return Err(io::Error::from_raw_os_error(ENOSPC));
            }
            (When::Before, Op::Write)
                if path.extension().is_some_and(|end| end == "seg") && take(&room).is_err() =>
            {
                return Err(io::Error::from_raw_os_error(ENOSPC));
            }
            _ => {}
        }
        Ok(())
    })
}

fn take(room: &AtomicU64) -> Result<u64, u64> {
    room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |room| {
        room.checked_sub(1)
    })
}

#[test]
fn a_full_volume_takes_what_ends_something_and_resumes_when_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions::default();
    drop(Journal::create(directory.path(), &options).unwrap());
    let room = Arc::new(AtomicU64::new(1_000_000));
    let (journal, _) = open_on(directory.path(), &options, full_disk(&room)).unwrap();
    assert!(directory.path().join("reserve").exists());
    run(journal.append(vec![1; 50])).unwrap();
    room.store(0, Ordering::SeqCst);
    // The one that meets the full volume is refused, and so is all that is new from then on.
    for _ in 0..3 {
        let refused = run(journal.append(vec![2; 50]));
        assert!(matches!(refused, Err(JournalError::Full { .. })));
    }
    assert!(!directory.path().join("reserve").exists());
    let closing = |payload| run(journal.append_job(Job::new(payload, [0; 32], true)));
    closing(vec![3; 50]).unwrap();
    assert!(matches!(journal.health(), Err(JournalError::Full { .. })));
    // The room of the reserve ends too, and then nothing is taken.
    let refused = loop {
        match closing(vec![4; 50]) {
            Ok(_) => {}
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, JournalError::Failing { .. }), "{refused}");
    assert!(refused.to_string().contains("free space on the volume"));
    room.store(1_000_000, Ordering::SeqCst);
    until_healthy(&journal);
    run(journal.append(vec![5; 50])).unwrap();
    assert!(directory.path().join("reserve").exists());
    let incidents = journal.incidents().take();
    let full = |incident: &Incident| matches!(incident, Incident::StorageFull { .. });
    assert!(incidents.iter().rev().skip(1).all(full), "{incidents:?}");
    assert!(matches!(incidents.last(), Some(Incident::Resumed { .. })));
    let records: Vec<_> = journal
        .records(None)
        .map(|record| record.unwrap())
        .collect();
    journal.close();
    let firsts: Vec<_> = records.iter().map(|record| record.payload[0]).collect();
    assert!(
        firsts.starts_with(&[1, 3]) && firsts.ends_with(&[5]),
        "{firsts:?}"
    );
    let (_, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert_eq!(recovery.records, records.len() as u64);
}

/// With the lock file gone both get in; only the later one acknowledges from then on.
#[test]
fn of_two_writers_past_the_lock_only_the_later_acknowledges() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions::default();
    let first = Journal::create(directory.path(), &options).unwrap();
    let mut kept = vec![run(first.append(vec![1; 20])).unwrap()];
    std::fs::remove_file(directory.path().join("lock")).unwrap();
    let (second, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert_eq!(recovery.records, 1);
    kept.push(run(second.append(vec![2; 20])).unwrap());
    let refused = run(first.append(vec![3; 20])).unwrap_err();
    assert!(matches!(refused, JournalError::Poisoned { .. }));
    assert!(
        refused
            .to_string()
            .contains("another process has taken over")
    );
    kept.push(run(second.append(vec![4; 20])).unwrap());
    first.close();
    second.close();
    let (journal, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert_eq!(recovery.records, 3);
    let read = journal.records(None).map(|record| record.unwrap().position);
    assert!(read.eq(kept));
}

/// The earlier writer stands between its write and its acknowledgement while the later one
/// opens, appends and acknowledges: what the earlier one then does harms nothing.
#[test]
fn a_writer_that_is_overtaken_during_its_sync_does_not_acknowledge() {
    for op in [Op::Write, Op::SyncData] {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions::default();
        drop(Journal::create(directory.path(), &options).unwrap());
        let gate = Arc::new(Barrier::new(2));
        let (hold, once) = (Arc::clone(&gate), Count::default());
        let disk = FakeDisk::new(move |when, did, path| {
            let is_segment = path.extension().is_some_and(|end| end == "seg");
            if when == When::Before && did == op && is_segment && once.strikes(2, 1) {
                hold.wait();
                hold.wait();
            }
            Ok(())
        });
        // Opening writes once and syncs otherwise, so the second strike is that of an append.
        let (first, _) = open_on(directory.path(), &options, disk).unwrap();
        let mut pending = None;
        if op == Op::SyncData {
            run(first.append(vec![0; 30])).unwrap();
        }
        std::thread::scope(|scope| {
            let append = scope.spawn(|| run(first.append(vec![1; 30])));
            gate.wait();
            std::fs::remove_file(directory.path().join("lock")).unwrap();
            let (second, _) = Journal::open(directory.path(), &options).unwrap();
            let position = run(second.append(vec![2; 40])).unwrap();
            gate.wait();
            let refused = append.join().unwrap().unwrap_err();
            assert!(
                matches!(refused, JournalError::Poisoned { .. }),
                "{refused}"
            );
            pending = Some((second, position));
        });
        let (second, position) = pending.unwrap();
        assert_eq!(second.read(position).unwrap(), vec![2; 40]);
        let later = run(second.append(vec![3; 40])).unwrap();
        second.close();
        first.close();
        let (journal, _) = Journal::open(directory.path(), &options).unwrap();
        assert_eq!(journal.read(position).unwrap(), vec![2; 40]);
        assert_eq!(journal.read(later).unwrap(), vec![3; 40]);
        assert!(journal.records(None).all(|record| record.is_ok()));
    }
}

/// While a sync takes its time, what waits is bounded in number and in bytes, and the rest is
/// told to come again.
#[test]
fn a_slow_disk_sheds_before_memory_grows() {
    for (records_max, bytes_max, record_bytes) in [(10, 1 << 20, 10), (1000, 10_000, 1000)] {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions {
            queue_records_max: records_max,
            queue_bytes_max: bytes_max,
            ..JournalOptions::default()
        };
        drop(Journal::create(directory.path(), &options).unwrap());
        let gate = Arc::new(Barrier::new(2));
        let (hold, slow) = (Arc::clone(&gate), Count::default());
        let disk = FakeDisk::new(move |when, op, _| {
            if (when, op) == (When::Before, Op::SyncData) && slow.strikes(1, 1) {
                hold.wait();
                hold.wait();
            }
            Ok(())
        });
        let (journal, _) = open_on(directory.path(), &options, disk).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let first = tokio::spawn({
                let journal = journal.clone();
                async move { journal.append(vec![0; record_bytes]).await }
            });
            tokio::task::yield_now().await;
            gate.wait();
            let mut flights = tokio::task::JoinSet::new();
            for _ in 0..200 {
                let journal = journal.clone();
                flights.spawn(async move { journal.append(vec![1; record_bytes]).await });
            }
            // Ten wait in the queue and ten for room in it; all others have their answer at once.
            for _ in 0..180 {
                let shed = flights.join_next().await.unwrap().unwrap();
                assert!(matches!(shed, Err(JournalError::Busy)), "{shed:?}");
            }
            assert!(flights.try_join_next().is_none());
            gate.wait();
            first.await.unwrap().unwrap();
            while let Some(taken) = flights.join_next().await {
                taken.unwrap().unwrap();
            }
        });
        journal.close();
        assert_eq!(journal.records(None).count(), 21);
    }
}

/// A batch that was acknowledged and then damaged is not taken for one that was torn, once its
/// mark is on disk; without the mark it is cut.
#[test]
fn the_mark_behind_the_last_batch_tells_damage_from_a_torn_write() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions::default();
    let journal = Journal::create(directory.path(), &options).unwrap();
    run(journal.append(vec![1; 100])).unwrap();
    let last = run(journal.append(vec![2; 100])).unwrap();
    journal.close();
    let path = segment_path(directory.path(), 0);
    let whole = std::fs::read(&path).unwrap();
    let end = whole.len() - frame::MARK_BYTES;
    // Every bit of the last batch, its header included.
    let start = usize::try_from(last.offset).unwrap() - frame::BATCH_HEADER_BYTES;
    for bit in start * 8..end * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &damaged).unwrap();
        let error = Journal::open(directory.path(), &options).err().unwrap();
        assert!(
            matches!(error, JournalError::Damaged { .. }),
            "{bit}: {error}"
        );
        assert_eq!(
            std::fs::read(&path).unwrap(),
            damaged,
            "refusing changes nothing"
        );
    }
    // A damaged mark proves nothing, and harms nothing.
    for bit in end * 8..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let scan = frame::scan(&damaged, |_, _| {}).unwrap();
        assert_eq!((scan.next_ordinal, scan.tail.is_some()), (2, true), "{bit}");
    }
    std::fs::write(&path, &whole[..end - 1]).unwrap();
    let (_, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert_eq!(recovery.records, 1, "a torn batch without a mark is cut");
}

/// Segments of the first version of the format have no epoch and are read all the same.
#[test]
fn segments_without_an_epoch_still_read() {
    let directory = tempfile::tempdir().unwrap();
    let header = frame::SegmentHeader {
        number: 0,
        first_ordinal: 0,
        previous_bytes: 0,
        epoch: 0,
    };
    let mut segment = header.to_bytes();
    assert_eq!(&segment[..8], b"wgjrnl\x00\x01");
    let place = (0, segment.len() as u64);
    let payloads: [&[u8]; 2] = [b"one", b"two"];
    let offsets = frame::write_batch(payloads.into_iter(), 0, place, &mut segment).unwrap();
    std::fs::write(segment_path(directory.path(), 0), &segment).unwrap();
    let options = JournalOptions::default();
    let (journal, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert_eq!((recovery.records, recovery.dropped_bytes), (2, 0));
    let position = run(journal.append(b"three".to_vec())).unwrap();
    assert_eq!(position.segment, 1);
    let read: Vec<_> = journal
        .records(None)
        .map(|record| record.unwrap())
        .collect();
    let payloads: Vec<_> = read
        .iter()
        .map(|record| record.payload.as_slice())
        .collect();
    assert_eq!(payloads, [b"one".as_slice(), b"two", b"three"]);
    assert_eq!(read[1].position.offset, offsets[1]);
}

/// Opening again and again without appending leaves one empty segment, not many.
#[test]
fn empty_segments_do_not_pile_up() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions::default();
    let journal = Journal::create(directory.path(), &options).unwrap();
    run(journal.append(vec![1; 10])).unwrap();
    journal.close();
    for _ in 0..5 {
        drop(Journal::open(directory.path(), &options).unwrap());
    }
    assert_eq!(segment_numbers(directory.path()).unwrap(), [0, 1]);
    let (journal, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert_eq!(recovery.records, 1);
    run(journal.append(vec![2; 10])).unwrap();
    assert_eq!(journal.records(None).count(), 2);
}

/// While the one sync runs, everything else gathers; it becomes one batch.
#[test]
fn what_waits_shares_one_sync() {
    let directory = tempfile::tempdir().unwrap();
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&batches);
    let gate = Arc::new(Barrier::new(2));
    let hold = Arc::clone(&gate);
    let on_durable: OnDurable = Box::new(move |jobs: &mut [Job]| {
        let mut seen = seen.lock().unwrap();
        seen.push(jobs.len());
        if seen.len() == 1 {
            hold.wait();
            hold.wait();
        }
    });
    let options = JournalOptions {
        queue_records_max: 20,
        ..JournalOptions::default()
    };
    let home = Home {
        disk: Arc::new(FileSystem),
        directory: directory.path().to_owned(),
        reserve_bytes: 0,
    };
    let journal = Journal::create_for(directory.path(), &options, home, on_durable).unwrap();
    journal.append_detached(vec![0]).unwrap();
    gate.wait();
    // The writer is held now. Twenty wait, as many again use the reserve, the next is refused.
    for index in 0..40 {
        journal.append_detached(vec![index]).unwrap();
    }
    assert!(matches!(
        journal.append_detached(vec![1]),
        Err(JournalError::Busy)
    ));
    gate.wait();
    journal.close();
    assert_eq!(*batches.lock().unwrap(), [1, 40]);
    assert_eq!(journal.records(None).count(), 41);
    assert!(matches!(
        journal.append_detached(vec![1]),
        Err(JournalError::Closed)
    ));
}

/// With a queue for one, many appends at once wait their turn, and some may be told to come
/// again; whoever is acknowledged stands in the journal.
#[test]
fn a_full_queue_makes_appends_wait() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        queue_records_max: 1,
        ..JournalOptions::default()
    };
    let journal = Journal::create(directory.path(), &options).unwrap();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let appends: Vec<_> = (0..8u8)
            .map(|index| {
                let journal = journal.clone();
                scope.spawn(move || (index, run(journal.append(vec![index]))))
            })
            .collect();
        appends
            .into_iter()
            .map(|append| append.join().unwrap())
            .collect()
    });
    let mut acknowledged = 0;
    for (index, answer) in answers {
        match answer {
            Ok(position) => {
                assert_eq!(journal.read(position).unwrap(), [index]);
                acknowledged += 1;
            }
            Err(error) => assert!(matches!(error, JournalError::Busy), "{error}"),
        }
    }
    assert!(acknowledged > 0);
    assert_eq!(journal.records(None).count(), acknowledged);
}

#[test]
fn an_owner_that_refuses_leaves_everything_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions::default();
    let journal = Journal::create(directory.path(), &options).unwrap();
    let last = run(journal.append(vec![1; 100])).unwrap();
    journal.close();
    let path = segment_path(directory.path(), 0);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - frame::MARK_BYTES);
    bytes.extend_from_slice(b"the torn start of a batch");
    std::fs::write(&path, &bytes).unwrap();
    let open = |expected| {
        let known = OpenFor {
            expected,
            replay_from: 0,
            ..OpenFor::default()
        };
        let lock = lock(directory.path()).unwrap();
        let home = Home {
            disk: Arc::new(FileSystem),
            directory: directory.path().to_owned(),
            reserve_bytes: 0,
        };
        Journal::open_for(
            directory.path(),
            &options,
            home,
            (lock, known),
            |replayed| {
                assert_eq!(replayed.records, [(0, vec![1; 100])]);
                Err(JournalError::Refused {
                    reason: "no".into(),
                })
            },
        )
    };
    assert!(matches!(open(1), Err(JournalError::Refused { .. })));
    assert!(matches!(
        open(2),
        Err(JournalError::Short {
            records: 1,
            expected: 2
        })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let (journal, recovery) = Journal::open(directory.path(), &options).unwrap();
    assert_eq!(
        recovery,
        JournalRecovery {
            records: 1,
            dropped_bytes: 25
        }
    );
    assert_eq!(journal.read(last).unwrap(), vec![1; 100]);
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
