//! The entries as the journal has them, one segment in memory at a time.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::vec;

use super::VerifyError;
use crate::journal::frame::{self, FRAME_HEADER_BYTES, SegmentHeader};
use crate::journal::{JournalError, segment_numbers};
use crate::ledger::JOURNAL_DIRECTORY;

pub(super) struct JournalEntries {
    directory: PathBuf,
    numbers: vec::IntoIter<u64>,
    segment: u64,
    pub(super) segments: u64,
    previous_bytes: u64,
    /// The index of the next entry.
    next: u64,
    bytes: Vec<u8>,
    spans: vec::IntoIter<Range<usize>>,
    /// What the records before it were fine for, once they have been handed out.
    damage: Option<VerifyError>,
    pub(super) unfinished_bytes: u64,
}

impl JournalEntries {
    pub(super) fn new(directory: &Path) -> Result<Self, VerifyError> {
        let numbers = segment_numbers(directory).map_err(|error| match error {
            JournalError::Io { path, source, .. } => VerifyError::Io { path, source },
            _ => VerifyError::Foreign {
                file: JOURNAL_DIRECTORY.to_owned(),
            },
        })?;
        Ok(Self {
            directory: directory.to_owned(),
            segments: numbers.len() as u64,
            numbers: numbers.into_iter(),
            segment: 0,
            previous_bytes: 0,
            next: 0,
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

    fn load(&mut self, number: u64) -> Result<(), VerifyError> {
        let expected = if self.previous_bytes == 0 {
            0
        } else {
            self.segment + 1
        };
        self.segment = expected;
        if number != expected {
            return Err(self.bad("is missing"));
        }
        let path = self.directory.join(format!("{number:012}.seg"));
        self.bytes = fs::read(&path).map_err(|error| VerifyError::io(&path, error))?;
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
