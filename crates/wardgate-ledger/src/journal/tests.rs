use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::disk::{Disk, FileSystem, SegmentFile};
use super::frame::SegmentHeader;
use super::*;

/// A disk that fails once, at the n-th operation, in one of several ways.
struct FailingDisk {
    below: FileSystem,
    fault: Arc<Fault>,
}

struct FailingSegment {
    below: Box<dyn SegmentFile>,
    fault: Arc<Fault>,
}

#[derive(Debug)]
struct Fault {
    how: How,
    /// Counts down; the operation that reaches 0 fails.
    left: AtomicUsize,
    /// How many bytes the file was asked to hold after the fault.
    writes_after: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    NoWrite,
    HalfWrite,
    NoSync,
    NoTruncate,
}

impl Fault {
    fn strikes(&self, now: bool) -> bool {
        if self.left.load(Ordering::SeqCst) == 0 {
            self.writes_after.fetch_add(1, Ordering::SeqCst);
            return false;
        }
        now && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

impl Disk for FailingDisk {
    fn create(&mut self, path: &Path, header: SegmentHeader) -> io::Result<Box<dyn SegmentFile>> {
        let below = self.below.create(path, header)?;
        Ok(Box::new(FailingSegment {
            below,
            fault: Arc::clone(&self.fault),
        }))
    }
}

impl SegmentFile for FailingSegment {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self
            .fault
            .strikes(matches!(self.fault.how, How::NoWrite | How::HalfWrite))
        {
            if self.fault.how == How::HalfWrite {
                self.below.write_at(&bytes[..bytes.len() / 2], offset)?;
            }
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.below.write_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.fault.strikes(self.fault.how == How::NoSync) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.below.sync()
    }

    fn reserve(&mut self, range: std::ops::Range<u64>) -> io::Result<()> {
        self.below.reserve(range)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        if self.fault.strikes(self.fault.how == How::NoTruncate) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.below.truncate(bytes)
    }
}

/// For every operation that can fail: what was acknowledged before is there after, nothing is
/// acknowledged or written after the fault, and the journal opens again.
#[test]
fn after_a_fault_nothing_is_acknowledged_and_nothing_is_lost() {
    for how in [How::NoWrite, How::HalfWrite, How::NoSync, How::NoTruncate] {
        for at in 1..10 {
            let directory = tempfile::tempdir().unwrap();
            let options = JournalOptions {
                segment_bytes: 200,
                ..JournalOptions::default()
            };
            let (journal, fault) = failing(directory.path(), &options, how, at);
            let mut acknowledged = BTreeMap::new();
            let mut refused = 0;
            for index in 0..20u8 {
                match run(journal.append(vec![index; 50])) {
                    Ok(position) => {
                        assert_eq!(refused, 0, "acknowledged after the fault");
                        acknowledged.insert(position, vec![index; 50]);
                    }
                    Err(JournalError::Poisoned { reason }) => {
                        assert!(reason.contains("hint: "), "{reason}");
                        refused += 1;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            // Two records fill a segment of this length.
            let expected = if how == How::NoTruncate {
                2 * at
            } else {
                at - 1
            };
            assert_eq!(
                (acknowledged.len(), refused),
                (expected, 20 - expected),
                "{how:?} at {at}"
            );
            assert_eq!(fault.writes_after.load(Ordering::SeqCst), 0);
            assert!(matches!(
                journal.health(),
                Err(JournalError::Poisoned { .. })
            ));
            assert!(matches!(
                journal.append_detached(vec![1]),
                Err(JournalError::Poisoned { .. })
            ));
            journal.close();

            let (journal, recovery) = Journal::open(directory.path(), &options).unwrap();
            // A whole batch whose sync failed may stay: it is written again and then durable.
            let kept = expected + usize::from(how == How::NoSync);
            assert_eq!(recovery.records, kept as u64);
            assert_eq!(recovery.dropped_bytes > 0, how == How::HalfWrite);
            for (position, payload) in &acknowledged {
                assert_eq!(&journal.read(*position).unwrap(), payload);
            }
            let position = run(journal.append(b"goes on".to_vec())).unwrap();
            assert_eq!(journal.read(position).unwrap(), b"goes on");
            journal.close();
            assert_eq!(
                Journal::open(directory.path(), &options).unwrap().1,
                JournalRecovery {
                    records: kept as u64 + 1,
                    dropped_bytes: 0
                }
            );
        }
    }
}

fn failing(
    directory: &Path,
    options: &JournalOptions,
    how: How,
    at: usize,
) -> (Journal, Arc<Fault>) {
    let fault = Arc::new(Fault {
        how,
        left: AtomicUsize::new(at),
        writes_after: AtomicUsize::new(0),
    });
    let below = FileSystem;
    let disk = Box::new(FailingDisk {
        below,
        fault: Arc::clone(&fault),
    });
    let journal = Journal::create_on(directory, options, Box::new(|_| {}), disk).unwrap();
    (journal, fault)
}

/// While the one sync runs, everything else gathers; it becomes one batch.
#[test]
fn what_waits_shares_one_sync() {
    let directory = tempfile::tempdir().unwrap();
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&batches);
    let gate = Arc::new(std::sync::Barrier::new(2));
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
    let journal = Journal::create_for(directory.path(), &options, on_durable).unwrap();
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
    bytes.extend_from_slice(b"the torn start of a batch");
    std::fs::write(&path, &bytes).unwrap();
    let open = |expected| {
        let known = OpenFor {
            expected,
            replay_from: 0,
        };
        let lock = lock(directory.path()).unwrap();
        Journal::open_for(directory.path(), &options, (lock, known), |replayed| {
            assert_eq!(replayed.records, [(0, vec![1; 100])]);
            Err(JournalError::Refused {
                reason: "no".into(),
            })
        })
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
