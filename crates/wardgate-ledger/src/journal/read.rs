//! Reading a journal: one record, or all from a position on.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::vec;

use super::frame::{self, DamagedRecord, FRAME_HEADER_BYTES, Frame, FrameFault};
use super::segments::{read_counting, segment_numbers, segment_path};
use super::{JournalError, Position};

/// A record and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Where the record stands.
    pub position: Position,
    /// What was appended.
    pub payload: Vec<u8>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("position", &self.position)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// The records of a journal in order, one segment in memory at a time.
///
/// A write that is not finished is not part of it. Ends after the first error.
#[derive(Debug)]
pub struct Frames {
    directory: PathBuf,
    from: Position,
    segments: Option<vec::IntoIter<u64>>,
    segment: u64,
    is_last: bool,
    bytes: Vec<u8>,
    spans: vec::IntoIter<(u64, Range<usize>)>,
}

impl Frames {
    pub(super) fn new(directory: PathBuf, from: Option<Position>) -> Self {
        Self {
            directory,
            from: from.unwrap_or(Position {
                segment: 0,
                offset: 0,
            }),
            segments: None,
            segment: 0,
            is_last: false,
            bytes: Vec::new(),
            spans: Vec::new().into_iter(),
        }
    }

    /// Loads the next segment; `false` when there is none.
    fn load(&mut self) -> Result<bool, JournalError> {
        let segments = match &mut self.segments {
            Some(segments) => segments,
            none => {
                let mut numbers = segment_numbers(&self.directory)?;
                numbers.retain(|number| *number >= self.from.segment);
                none.insert(numbers.into_iter())
            }
        };
        let Some(number) = segments.next() else {
            return Ok(false);
        };
        let next = segments.as_slice().first().copied();
        self.is_last = next.is_none();
        self.segment = number;
        self.bytes = read_counting(&self.directory, number, next)?;
        let mut spans = Vec::new();
        let scan = frame::scan(&self.bytes, |_, frame| {
            let start = usize::try_from(frame.offset)
                .unwrap_or(usize::MAX)
                .saturating_add(FRAME_HEADER_BYTES);
            spans.push((
                frame.offset,
                start..start.saturating_add(frame.payload.len()),
            ));
        });
        let scan = scan.map_err(|damage| JournalError::Damaged {
            segment: number,
            damage,
        })?;
        if let Some(fault) = scan.tail.filter(|_| !self.is_last) {
            let damage = DamagedRecord {
                ordinal: scan.next_ordinal,
                fault,
            };
            return Err(JournalError::Damaged {
                segment: number,
                damage,
            });
        }
        if number == self.from.segment {
            spans.retain(|(offset, _)| *offset >= self.from.offset);
        }
        self.spans = spans.into_iter();
        Ok(true)
    }
}

impl Iterator for Frames {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((offset, span)) = self.spans.next() {
                let payload = self.bytes.get(span).unwrap_or_default().to_vec();
                let position = Position {
                    segment: self.segment,
                    offset,
                };
                return Some(Ok(Record { position, payload }));
            }
            match self.load() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.segments = Some(Vec::new().into_iter());
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Reads one record and checks it.
pub(super) fn record(
    directory: &Path,
    position: Position,
    bytes_max: usize,
) -> Result<Vec<u8>, JournalError> {
    let path = segment_path(directory, position.segment);
    let failed = |source| JournalError::io("reading", &path, source);
    let damaged = |fault| JournalError::Unreadable {
        segment: position.segment,
        fault,
    };
    let file = File::open(&path).map_err(failed)?;
    let mut length = [0; 4];
    file.read_exact_at(&mut length, position.offset)
        .map_err(failed)?;
    let bytes = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if bytes > bytes_max {
        return Err(damaged(FrameFault {
            offset: position.offset,
            what: "no record starts",
        }));
    }
    let mut frame = vec![0; FRAME_HEADER_BYTES + bytes];
    file.read_exact_at(&mut frame, position.offset)
        .map_err(failed)?;
    Frame::parse(&frame, position.segment, position.offset).map_err(damaged)?;
    Ok(frame.split_off(FRAME_HEADER_BYTES))
}
