//! The segment files of a journal: which there are, how far each one counts, new ones.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::JournalError;
use super::frame::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::disk::{Disk, DiskFile};
use crate::file;
use crate::floor;

/// A segment, as its header and its length tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    /// How many of its bytes count.
    pub(crate) bytes: u64,
}

/// The segments of a journal, checked to follow each other without a gap.
pub(crate) fn segments(directory: &Path) -> Result<Vec<Segment>, JournalError> {
    let mut found: Vec<Segment> = Vec::new();
    let first = first(directory)?;
    for (number, expected) in segment_numbers(directory)?.into_iter().zip(first..) {
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
        if let Some(previous) = found.last_mut() {
            let Some(bytes) = counting(previous, &segment.header) else {
                return Err(broken(previous.header.number, "has lost its end"));
            };
            previous.bytes = bytes;
            if previous.header.first_ordinal > segment.header.first_ordinal
                || previous.header.epoch > segment.header.epoch
            {
                return Err(broken(number, "does not follow the one before it"));
            }
        }
        found.push(segment);
    }
    Ok(found)
}

/// How much of a segment counts, as the next one has it; `None` when some of that is missing.
///
/// A writer cuts a segment before it starts the next. One that takes over, from itself after a
/// fault or from another, leaves as it is what the earlier one may have written too much.
pub(crate) fn counting(segment: &Segment, next: &SegmentHeader) -> Option<u64> {
    let fits = if next.epoch > segment.header.epoch {
        segment.bytes >= next.previous_bytes
    } else {
        segment.bytes == next.previous_bytes
    };
    fits.then_some(next.previous_bytes)
}

/// Reads the bytes of a segment that count; `next` follows it, if anything does.
pub(crate) fn read_counting(
    directory: &Path,
    number: u64,
    next: Option<u64>,
) -> Result<Vec<u8>, JournalError> {
    let path = segment_path(directory, number);
    let failed = |source| JournalError::io("reading", &path, source);
    let mut bytes = fs::read(&path).map_err(failed)?;
    let Some(next) = next else {
        return Ok(bytes);
    };
    let next = read_header(&segment_path(directory, next)).map_err(failed)?;
    let own = SegmentHeader::parse(&bytes).ok();
    if let Some((header, next)) = own.zip(next) {
        let segment = Segment {
            header,
            bytes: bytes.len() as u64,
        };
        let what = "has lost its end";
        let lost = JournalError::Segments {
            segment: number,
            what,
        };
        let counting = counting(&segment, &next.header).ok_or(lost)?;
        bytes.truncate(usize::try_from(counting).unwrap_or(usize::MAX));
    }
    Ok(bytes)
}

/// The numbers of the segment files that belong to the journal, in order.
pub(crate) fn segment_numbers(directory: &Path) -> Result<Vec<u64>, JournalError> {
    let first = first(directory)?;
    let mut numbers = all_numbers(directory)?;
    numbers.retain(|number| *number >= first);
    Ok(numbers)
}

/// The numbers of all segment files, those that are being dropped included.
pub(crate) fn all_numbers(directory: &Path) -> Result<Vec<u64>, JournalError> {
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

/// The number of the first segment that has not been dropped.
pub(crate) fn first(directory: &Path) -> Result<u64, JournalError> {
    let path = directory.join(FIRST_FILE);
    floor::read(&path).map_err(|source| JournalError::io("reading", &path, source))
}

/// Creates a segment, durable with its header, and takes room for all of it.
///
/// An empty one of the same number may be replaced; else there must be none.
pub(super) fn create(
    disk: &dyn Disk,
    directory: &Path,
    header: SegmentHeader,
    (room, replaces): (u64, bool),
) -> io::Result<Box<dyn DiskFile>> {
    let path = segment_path(directory, header.number);
    if replaces {
        file::write_durably(disk, &path, &header.to_bytes())?;
    } else {
        file::write_new(disk, &path, &header.to_bytes())?;
    }
    let segment = disk.open(&path)?;
    if room > 0 {
        // Only for speed, and so that a full volume shows early: without it the file grows.
        let _ = segment.allocate(0..room);
    }
    Ok(segment)
}

pub(super) fn read_header(path: &Path) -> io::Result<Option<Segment>> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut start = [0; SEGMENT_HEADER_BYTES];
    // A header of the first version is shorter, and so may be the whole segment.
    let there = usize::try_from(bytes)
        .unwrap_or(usize::MAX)
        .min(start.len());
    let start = start.get_mut(..there).unwrap_or_default();
    file.read_exact_at(start, 0)?;
    Ok(SegmentHeader::parse(start)
        .ok()
        .map(|header| Segment { header, bytes }))
}

pub(super) fn segment_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:012}.{SEGMENT_EXTENSION}"))
}

/// The file within the directory of a journal that holds the number of its first segment.
pub(crate) const FIRST_FILE: &str = "first";

const SEGMENT_EXTENSION: &str = "seg";
