//! Creating a journal, and opening one after whatever happened to it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::disk::{Disk, FileSystem, SegmentFile};
use super::frame::{self, SEGMENT_HEADER_BYTES, Scan, SegmentHeader};
use super::queue::Queue;
use super::writer::{OnDurable, Writer};
use super::{
    Inner, Journal, JournalError, JournalOptions, JournalRecovery, Running, SEGMENT_EXTENSION,
    queue_limits, segment_path,
};
use crate::file::{self, Pending};

/// What the owner of a journal knows about it before it is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenFor {
    /// How many records are known to have been acknowledged.
    pub(crate) expected: u64,
    /// From which record on the owner wants to see them again.
    pub(crate) replay_from: u64,
}

/// What the owner gets to see, and may refuse, before anything is changed.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) recovery: JournalRecovery,
    /// The records from `replay_from` on, or from an earlier one.
    pub(crate) records: Vec<(u64, Vec<u8>)>,
}

/// A segment, as its header and its length tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    pub(crate) bytes: u64,
}

impl Journal {
    pub(crate) fn create_for(
        directory: &Path,
        options: &JournalOptions,
        on_durable: OnDurable,
    ) -> Result<Self, JournalError> {
        Self::create_on(directory, options, on_durable, Box::new(FileSystem))
    }

    pub(super) fn create_on(
        directory: &Path,
        options: &JournalOptions,
        on_durable: OnDurable,
        mut disk: Box<dyn Disk>,
    ) -> Result<Self, JournalError> {
        let failed = |source| JournalError::io("creating", directory, source);
        let mut pending = Pending::default();
        pending.create_directory(directory).map_err(failed)?;
        let lock = lock(directory)?;
        if !segment_numbers(directory)?.is_empty() {
            return Err(JournalError::Exists {
                directory: directory.to_owned(),
            });
        }
        pending.sync().map_err(failed)?;
        let header = SegmentHeader {
            number: 0,
            first_ordinal: 0,
            previous_bytes: 0,
        };
        let path = segment_path(directory, 0);
        let segment = disk
            .create(&path, header)
            .map_err(|source| JournalError::io("creating", &path, source))?;
        let end = Scan {
            end: SEGMENT_HEADER_BYTES as u64,
            last_batch: SEGMENT_HEADER_BYTES as u64,
            next_ordinal: 0,
            tail: None,
            tail_bytes: 0,
        };
        start(
            directory,
            options,
            lock,
            on_durable,
            Tail {
                disk,
                segment,
                header,
                end,
            },
        )
    }

    /// Opens a journal for an owner, who sees the replayed records before anything is changed.
    pub(crate) fn open_for(
        directory: &Path,
        options: &JournalOptions,
        (lock, known): (File, OpenFor),
        owner: impl FnOnce(&mut Replayed) -> Result<OnDurable, JournalError>,
    ) -> Result<(Self, Replayed), JournalError> {
        let segments = segments(directory)?;
        let Some(last) = segments.last() else {
            return Err(JournalError::Missing {
                directory: directory.to_owned(),
            });
        };
        let (bytes, end, mut replayed) = replay(directory, &segments, last, known)?;
        if replayed.recovery.records < known.expected {
            return Err(JournalError::Short {
                records: replayed.recovery.records,
                expected: known.expected,
            });
        }
        let on_durable = owner(&mut replayed)?;
        let path = segment_path(directory, last.header.number);
        let segment = settle(&path, &bytes, end)
            .map_err(|source| JournalError::io("recovering", &path, source))?;
        file::remove_temporaries(directory)
            .map_err(|source| JournalError::io("cleaning", directory, source))?;
        let tail = Tail {
            disk: Box::new(FileSystem),
            segment: Box::new(segment),
            header: last.header,
            end,
        };
        let journal = start(directory, options, lock, on_durable, tail)?;
        Ok((journal, replayed))
    }
}

/// The segments of a journal, checked to follow each other without a gap.
pub(crate) fn segments(directory: &Path) -> Result<Vec<Segment>, JournalError> {
    let mut found: Vec<Segment> = Vec::new();
    for (number, expected) in segment_numbers(directory)?.into_iter().zip(0u64..) {
        let broken = |segment, what| JournalError::Segments { segment, what };
        if number != expected {
            return Err(broken(expected, "is missing"));
        }
        let path = segment_path(directory, number);
        let segment =
            read_header(&path).map_err(|source| JournalError::io("reading", &path, source))?;
        let Some(segment) = segment.filter(|segment| segment.header.number == number) else {
            return Err(broken(number, "has a damaged header"));
        };
        if let Some(previous) = found.last() {
            if previous.bytes != segment.header.previous_bytes {
                return Err(broken(previous.header.number, "has lost its end"));
            }
            if previous.header.first_ordinal > segment.header.first_ordinal {
                return Err(broken(number, "does not follow the one before it"));
            }
        }
        found.push(segment);
    }
    Ok(found)
}

/// The numbers of the segment files, in order.
pub(crate) fn segment_numbers(directory: &Path) -> Result<Vec<u64>, JournalError> {
    let failed = |source| JournalError::io("reading", directory, source);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == SEGMENT_EXTENSION)
        {
            let number = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            let number = number.filter(|number| segment_path(directory, *number) == path);
            let what = "has a name that is not its number";
            numbers.push(number.ok_or(JournalError::Segments { segment: 0, what })?);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
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
        if ordinal >= known.replay_from {
            records.push((ordinal, frame.payload.to_vec()));
        }
    };
    let before = segments.len().saturating_sub(1);
    for segment in segments
        .get(wanted.unwrap_or(0)..before)
        .unwrap_or_default()
    {
        let (_, scan) = scan_segment(directory, segment.header.number, &mut keep)?;
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
    let (bytes, scan) = scan_segment(directory, last.header.number, &mut keep)?;
    let recovery = JournalRecovery {
        records: scan.next_ordinal,
        dropped_bytes: scan.tail_bytes,
    };
    Ok((bytes, scan, Replayed { recovery, records }))
}

fn scan_segment(
    directory: &Path,
    number: u64,
    mut keep: impl FnMut(u64, frame::Frame<'_>),
) -> Result<(Vec<u8>, Scan), JournalError> {
    let path = segment_path(directory, number);
    let bytes = fs::read(&path).map_err(|source| JournalError::io("reading", &path, source))?;
    let scan = frame::scan(&bytes, &mut keep).map_err(|damage| JournalError::Damaged {
        segment: number,
        damage,
    })?;
    Ok((bytes, scan))
}

/// Cuts the unacknowledged tail off and makes what stays durable.
fn settle(path: &Path, bytes: &[u8], end: Scan) -> std::io::Result<File> {
    let segment = File::options().write(true).open(path)?;
    if end.end < bytes.len() as u64 {
        segment.set_len(end.end)?;
    }
    // The sync of the last batch may have failed and left it in memory only, where the kernel
    // takes it for written. Writing the same bytes again makes them count.
    let range = usize::try_from(end.last_batch)
        .ok()
        .zip(usize::try_from(end.end).ok());
    let batch = range
        .and_then(|(from, to)| bytes.get(from..to))
        .unwrap_or_default();
    segment.write_all_at(batch, end.last_batch)?;
    segment.sync_all()?;
    Ok(segment)
}

/// What the writer goes on from.
struct Tail {
    disk: Box<dyn Disk>,
    segment: Box<dyn SegmentFile>,
    header: SegmentHeader,
    end: Scan,
}

fn start(
    directory: &Path,
    options: &JournalOptions,
    lock: File,
    on_durable: OnDurable,
    tail: Tail,
) -> Result<Journal, JournalError> {
    let queue = Arc::new(Queue::new(queue_limits(options)));
    let writer = Writer {
        directory: directory.to_owned(),
        queue: Arc::clone(&queue),
        disk: tail.disk,
        segment: tail.segment,
        number: tail.header.number,
        offset: tail.end.end,
        reserved: 0,
        next_ordinal: tail.end.next_ordinal,
        segment_bytes: options.segment_bytes,
        on_durable,
        buffer: Vec::new(),
    };
    let writer = thread::Builder::new()
        .name("journal".to_owned())
        .spawn(move || writer.run())
        .map_err(|source| JournalError::io("starting the writer of", directory, source))?;
    let inner = Inner {
        directory: directory.to_owned(),
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

fn read_header(path: &Path) -> std::io::Result<Option<Segment>> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut start = [0; SEGMENT_HEADER_BYTES];
    if bytes < start.len() as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut start, 0)?;
    Ok(SegmentHeader::parse(&start)
        .ok()
        .map(|header| Segment { header, bytes }))
}
