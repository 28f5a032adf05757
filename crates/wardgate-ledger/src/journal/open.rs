//! Creating a journal, and opening one after whatever happened to it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use super::fence::{EPOCH_FILE, Fence};
use super::frame::{self, Scan, SegmentHeader};
use super::queue::Queue;
use super::reserve::{RESERVE_FILE, Reserve};
use super::segments::{self, Segment, segment_path, segments};
use super::writer::{OnDurable, Place, Writer};
use super::{Inner, Journal, JournalError, JournalOptions, JournalRecovery, Running, queue_limits};
use crate::disk::{Disk, FileSystem};
use crate::file::{self, Pending};
use crate::incident::{Incident, Incidents};

/// What the owner of a journal knows about it before it is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenFor {
    /// How many records are known to have been acknowledged.
    pub(crate) expected: u64,
    /// From which record on the owner wants to see them again.
    pub(crate) replay_from: u64,
    /// Whether the records are read and checked, and not handed out.
    pub(crate) checked_only: bool,
}

impl OpenFor {
    /// For an owner who needs none of the records: all that have not been dropped are checked.
    fn everything(directory: &Path) -> Result<Self, JournalError> {
        let found = segments(directory)?;
        let first = found.first();
        Ok(Self {
            replay_from: first.map_or(0, |first| first.header.first_ordinal),
            checked_only: true,
            ..Self::default()
        })
    }
}

/// What the owner gets to see, and may refuse, before anything is changed.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) recovery: JournalRecovery,
    /// The records from `replay_from` on, or from an earlier one.
    pub(crate) records: Vec<(u64, Vec<u8>)>,
}

/// What belongs to a journal beside its own directory.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// The edge to the disk.
    pub(crate) disk: Arc<dyn Disk>,
    /// The directory of the epoch and of the reserve.
    pub(crate) directory: PathBuf,
    /// The size of the reserve; 0 for none.
    pub(crate) reserve_bytes: u64,
}

impl Home {
    /// A journal that keeps its epoch itself and has no reserve.
    fn of(directory: &Path) -> Self {
        Self {
            disk: Arc::new(FileSystem),
            directory: directory.to_owned(),
            reserve_bytes: 0,
        }
    }

    fn fence(&self, above: u64) -> Result<Arc<Fence>, JournalError> {
        let path = self.directory.join(EPOCH_FILE);
        let fence = Fence::take(&*self.disk, &path, above);
        let fence = fence.map_err(|source| JournalError::io("raising the epoch in", &path, source));
        Ok(Arc::new(fence?))
    }
}

impl Journal {
    /// Starts a journal in a directory that has none; creates the directory.
    pub fn create(directory: &Path, options: &JournalOptions) -> Result<Self, JournalError> {
        Self::create_for(directory, options, Home::of(directory), Box::new(|_| {}))
    }

    /// Opens a journal, cutting off the tail of a write that was never acknowledged.
    ///
    /// Refuses, and changes no record, when one is damaged that had been acknowledged. Whoever
    /// had the journal open before, past the lock, acknowledges nothing more.
    pub fn open(
        directory: &Path,
        options: &JournalOptions,
    ) -> Result<(Self, JournalRecovery), JournalError> {
        let (journal, replayed) = Self::open_for(
            directory,
            options,
            Home::of(directory),
            (lock(directory)?, OpenFor::everything(directory)?),
            |_| Ok(Box::new(|_| {})),
        )?;
        Ok((journal, replayed.recovery))
    }

    pub(crate) fn create_for(
        directory: &Path,
        options: &JournalOptions,
        home: Home,
        on_durable: OnDurable,
    ) -> Result<Self, JournalError> {
        let failed = |source| JournalError::io("creating", directory, source);
        let mut pending = Pending::default();
        pending
            .create_directory(&*home.disk, directory)
            .map_err(failed)?;
        let lock = lock(directory)?;
        if !segments::all_numbers(directory)?.is_empty() {
            return Err(JournalError::Exists {
                directory: directory.to_owned(),
            });
        }
        pending.sync(&*home.disk).map_err(failed)?;
        let fence = home.fence(0)?;
        let end = Scan {
            end: 0,
            last_batch: 0,
            next_ordinal: 0,
            tail: None,
            tail_bytes: 0,
        };
        let tail = Tail {
            number: None,
            end,
            replaces: false,
        };
        start(directory, options, home, (lock, fence, on_durable), tail)
    }

    /// Opens a journal for an owner, who sees the replayed records before any is changed.
    pub(crate) fn open_for(
        directory: &Path,
        options: &JournalOptions,
        home: Home,
        (lock, known): (File, OpenFor),
        owner: impl FnOnce(&mut Replayed) -> Result<OnDurable, JournalError>,
    ) -> Result<(Self, Replayed), JournalError> {
        let missing = || JournalError::Missing {
            directory: directory.to_owned(),
        };
        // The epoch rises first: what an earlier writer acknowledged before that is seen below.
        let before = segments(directory)?;
        let epoch = before.last().ok_or_else(missing)?.header.epoch;
        let fence = home.fence(epoch)?;
        let segments = segments(directory)?;
        let last = segments.last().ok_or_else(missing)?;
        let (bytes, end, mut replayed) = replay(directory, &segments, last, known)?;
        if replayed.recovery.records < known.expected {
            return Err(JournalError::Short {
                records: replayed.recovery.records,
                expected: known.expected,
            });
        }
        let on_durable = owner(&mut replayed)?;
        let number = last.header.number;
        let path = segment_path(directory, number);
        settle(&*home.disk, &path, &bytes, end)
            .map_err(|source| JournalError::io("recovering", &path, source))?;
        clean(directory, &home)?;
        let tail = Tail {
            number: Some((number, last.header.previous_bytes)),
            end,
            // An empty segment is not worth keeping, and nobody else may write to it.
            replaces: end.end == last.header.bytes(),
        };
        let journal = start(directory, options, home, (lock, fence, on_durable), tail)?;
        Ok((journal, replayed))
    }
}

/// Scans the last segment, and those before it as far back as the owner wants to see.
fn replay(
    directory: &Path,
    segments: &[Segment],
    last: &Segment,
    known: OpenFor,
) -> Result<(Vec<u8>, Scan, Replayed), JournalError> {
    let wanted = segments
        .iter()
        .rposition(|segment| segment.header.first_ordinal <= known.replay_from);
    let mut records = Vec::new();
    let mut keep = |ordinal: u64, frame: frame::Frame<'_>| {
        if ordinal >= known.replay_from && !known.checked_only {
            records.push((ordinal, frame.payload.to_vec()));
        }
    };
    if let Some(first) = segments.first()
        && first.header.first_ordinal > known.replay_from
    {
        return Err(JournalError::Segments {
            segment: first.header.number,
            what: "starts behind a record that is still needed",
        });
    }
    let before = segments.len().saturating_sub(1);
    for segment in segments
        .get(wanted.unwrap_or(0)..before)
        .unwrap_or_default()
    {
        let number = segment.header.number;
        let (_, scan) = scan_segment(directory, (number, Some(number + 1)), &mut keep)?;
        if let Some(fault) = scan.tail {
            let damage = frame::DamagedRecord {
                ordinal: scan.next_ordinal,
                fault,
            };
            return Err(JournalError::Damaged {
                segment: segment.header.number,
                damage,
            });
        }
    }
    let (bytes, scan) = scan_segment(directory, (last.header.number, None), &mut keep)?;
    let recovery = JournalRecovery {
        records: scan.next_ordinal,
        dropped_bytes: scan.tail_bytes,
    };
    Ok((bytes, scan, Replayed { recovery, records }))
}

fn scan_segment(
    directory: &Path,
    (number, next): (u64, Option<u64>),
    mut keep: impl FnMut(u64, frame::Frame<'_>),
) -> Result<(Vec<u8>, Scan), JournalError> {
    let bytes = segments::read_counting(directory, number, next)?;
    let scan = frame::scan(&bytes, &mut keep).map_err(|damage| JournalError::Damaged {
        segment: number,
        damage,
    })?;
    Ok((bytes, scan))
}

/// Cuts the unacknowledged tail off and makes what stays durable.
fn settle(disk: &dyn Disk, path: &Path, bytes: &[u8], end: Scan) -> io::Result<()> {
    let segment = disk.open(path)?;
    if end.end < bytes.len() as u64 {
        segment.set_length(end.end)?;
    }
    // The sync of the last batch may have failed and left it in memory only, where the kernel
    // takes it for written. Writing the same bytes again makes them count.
    let range = usize::try_from(end.last_batch)
        .ok()
        .zip(usize::try_from(end.end).ok());
    let batch = range
        .and_then(|(from, to)| bytes.get(from..to))
        .unwrap_or_default();
    segment.write_at(batch, end.last_batch)?;
    segment.sync_all()
}

/// Removes what interrupted writes and an interrupted dropping of segments left behind.
fn clean(directory: &Path, home: &Home) -> Result<(), JournalError> {
    let failed = |source| JournalError::io("cleaning", directory, source);
    file::remove_temporaries(&*home.disk, directory).map_err(failed)?;
    let first = segments::first(directory)?;
    for number in segments::all_numbers(directory)? {
        if number < first {
            let path = segment_path(directory, number);
            home.disk.remove(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// What the writer goes on from.
struct Tail {
    /// The number of the last segment, and the length of the one before it.
    number: Option<(u64, u64)>,
    end: Scan,
    /// Whether the new segment takes the place of the last one.
    replaces: bool,
}

/// Starts the writer, always in a new segment: whoever else may still write to the old one does
/// no harm there, and no sync of it is ever relied on again.
fn start(
    directory: &Path,
    options: &JournalOptions,
    home: Home,
    (lock, fence, on_durable): (File, Arc<Fence>, OnDurable),
    tail: Tail,
) -> Result<Journal, JournalError> {
    let failed = |source| JournalError::io("starting the writer of", directory, source);
    let (number, previous_bytes) = match tail.number {
        None => (0, 0),
        Some(last) if tail.replaces => last,
        Some((last, _)) => (last + 1, tail.end.end),
    };
    let header = SegmentHeader {
        number,
        first_ordinal: tail.end.next_ordinal,
        previous_bytes,
        epoch: fence.epoch(),
    };
    let room = (options.segment_bytes, tail.replaces);
    let segment = segments::create(&*home.disk, directory, header, room).map_err(failed)?;
    let mut reserve = Reserve::new(home.directory.join(RESERVE_FILE), home.reserve_bytes);
    let incidents = Arc::new(Incidents::default());
    let queue = Arc::new(Queue::new(queue_limits(options)));
    if let Err(error) = reserve.make(&*home.disk) {
        if !file::is_full(&error) {
            return Err(failed(error));
        }
        // There is no room already: only what ends something is taken until there is.
        let hint = file::hint(&error);
        let reason: Arc<str> = format!("making the reserve failed: {error}; hint: {hint}").into();
        queue.set_full(Some(Arc::clone(&reason)));
        let size = header.first_ordinal;
        incidents.add(Incident::StorageFull { size, reason });
    }
    let writer = Writer {
        directory: directory.to_owned(),
        queue: Arc::clone(&queue),
        disk: Arc::clone(&home.disk),
        fence: Arc::clone(&fence),
        reserve,
        incidents: Arc::clone(&incidents),
        place: Place {
            segment,
            number,
            offset: header.bytes(),
            filled: 0,
        },
        next_ordinal: header.first_ordinal,
        segment_bytes: options.segment_bytes,
        on_durable,
        buffer: Vec::new(),
    };
    let writer = thread::Builder::new()
        .name("journal".to_owned())
        .spawn(move || writer.run())
        .map_err(failed)?;
    let inner = Inner {
        directory: directory.to_owned(),
        disk: home.disk,
        fence,
        incidents,
        record_bytes_max: options.record_bytes_max,
        queue,
        running: Mutex::new(Some(Running { writer, lock })),
    };
    Ok(Journal {
        inner: Arc::new(inner),
    })
}

/// Takes the lock of a journal against other processes.
pub(crate) fn lock(directory: &Path) -> Result<File, JournalError> {
    if !directory.is_dir() {
        return Err(JournalError::Missing {
            directory: directory.to_owned(),
        });
    }
    let lock =
        file::lock(directory).map_err(|source| JournalError::io("locking", directory, source))?;
    lock.ok_or_else(|| JournalError::Locked {
        directory: directory.to_owned(),
    })
}
