//! The entries as the journal has them, one segment in memory at a time.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::vec;

use super::VerifyError;
use crate::journal::frame::{self, FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::journal::{JournalError, first, read_counting, segment_numbers};
use crate::ledger::JOURNAL_DIRECTORY;

pub(super) struct JournalEntries {
    directory: PathBuf,
    numbers: vec::IntoIter<u64>,
    segment: u64,
    is_first: bool,
    pub(super) segments: u64,
    previous_bytes: u64,
    /// The index of the next entry.
    next: u64,
    /// The index of the first entry that the journal still has.
    pub(super) start: u64,
    bytes: Vec<u8>,
    spans: vec::IntoIter<Range<usize>>,
    /// What the records before it were fine for, once they have been handed out.
    damage: Option<VerifyError>,
    pub(super) unfinished_bytes: u64,
}

impl JournalEntries {
    pub(super) fn new(directory: &Path) -> Result<Self, VerifyError> {
        let numbers = segment_numbers(directory).map_err(unreadable)?;
        let first = first(directory).map_err(unreadable)?;
        let header = first_header(directory, first)?;
        let (start, previous_bytes) = header.filter(|_| first > 0).map_or((0, 0), |header| {
            (header.first_ordinal, header.previous_bytes)
        });
        Ok(Self {
            directory: directory.to_owned(),
            segments: numbers.len() as u64,
            numbers: numbers.into_iter(),
            segment: first,
            is_first: true,
            previous_bytes,
            next: start,
            start,
            bytes: Vec::new(),
            spans: Vec::new().into_iter(),
            damage: None,
            unfinished_bytes: 0,
        })
    }

    /// The name of the segment that the last entry came from.
    pub(super) fn file(&self) -> String {
        format!("{JOURNAL_DIRECTORY}/{:012}.seg", self.segment)
    }

    /// The next entry, or `None` at the end.
    pub(super) fn next_entry(&mut self) -> Result<Option<&[u8]>, VerifyError> {
        loop {
            if let Some(span) = self.spans.next() {
                self.next += 1;
                return Ok(Some(self.bytes.get(span).unwrap_or_default()));
            }
            if let Some(damage) = self.damage.take() {
                return Err(damage);
            }
            let Some(number) = self.numbers.next() else {
                return Ok(None);
            };
            self.load(number)?;
        }
    }

    /// Passes over the entries below an index.
    pub(super) fn skip_below(&mut self, index: u64) -> Result<(), VerifyError> {
        while self.next < index && self.next_entry()?.is_some() {}
        Ok(())
    }

    fn load(&mut self, number: u64) -> Result<(), VerifyError> {
        let was_first = std::mem::take(&mut self.is_first);
        let expected = self.segment + u64::from(!was_first);
        self.segment = expected;
        if number != expected {
            return Err(self.bad("is missing"));
        }
        let next = self.numbers.as_slice().first().copied();
        let read = read_counting(&self.directory, number, next);
        self.bytes = read.map_err(|error| match error {
            JournalError::Io { path, source, .. } => VerifyError::Io { path, source },
            JournalError::Segments { what, .. } => self.bad(what),
            _ => self.bad("does not read"),
        })?;
        let header = SegmentHeader::parse(&self.bytes).map_err(|fault| self.bad(fault.what))?;
        let follows = header.number == number
            && header.first_ordinal == self.next
            && header.previous_bytes == self.previous_bytes;
        if !follows {
            return Err(self.bad("does not follow the segment before it"));
        }
        self.previous_bytes = self.bytes.len() as u64;
        let mut spans = Vec::new();
        let scan = frame::scan(&self.bytes, |_, frame| {
            let start = usize::try_from(frame.offset).unwrap_or(usize::MAX);
            let start = start.saturating_add(FRAME_HEADER_BYTES);
            spans.push(start..start.saturating_add(frame.payload.len()));
        });
        self.spans = spans.into_iter();
        match scan {
            Ok(scan) if scan.tail.is_none() => {}
            Ok(scan) if self.numbers.len() == 0 => {
                self.unfinished_bytes = scan.tail_bytes;
            }
            Ok(scan) => {
                let what = scan.tail.map_or("is damaged", |fault| fault.what);
                self.damage = Some(self.bad_at(scan.next_ordinal, what));
            }
            Err(damage) => self.damage = Some(self.bad_at(damage.ordinal, damage.fault.what)),
        }
        Ok(())
    }

    fn bad(&self, what: &'static str) -> VerifyError {
        self.bad_at(self.next, what)
    }

    fn bad_at(&self, index: u64, what: &'static str) -> VerifyError {
        VerifyError::Bad {
            index,
            file: self.file(),
            what,
        }
    }
}

fn unreadable(error: JournalError) -> VerifyError {
    match error {
        JournalError::Io { path, source, .. } => VerifyError::Io { path, source },
        _ => VerifyError::Foreign {
            file: JOURNAL_DIRECTORY.to_owned(),
        },
    }
}

/// The header of the first segment, when it reads.
fn first_header(directory: &Path, number: u64) -> Result<Option<SegmentHeader>, VerifyError> {
    let path = directory.join(format!("{number:012}.seg"));
    let mut start = Vec::new();
    match File::open(&path).and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut start)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(VerifyError::io(&path, error)),
        Ok(_) => {}
    }
    Ok(SegmentHeader::parse(&start).ok())
}

const HEADER_BYTES: u64 = SEGMENT_HEADER_BYTES as u64;
