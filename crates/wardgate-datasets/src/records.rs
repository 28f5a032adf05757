//! A file of many records: cleaned on all cores, a group at a time, written in order.
//!
//! Now and then what was written is brought to the disk and noted in the journal, so that a run that is
//! interrupted goes on from there.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};

use wardgate_deid::{Found as Residue, RecordFault, Tally};

use crate::digest::Digest;
use crate::fault::DatasetFault;
use crate::file::{Work, fault_of_the_program, stopped};
use crate::format::{Format, Position, Settler};
use crate::order::{Panicked, in_order};
use crate::pending::Pending;
use crate::pieces::Group;
use crate::reached::Reached;
use crate::report::FileReport;
use crate::run::ALONE_BYTES;

/// What cleaning some records gave.
#[derive(Default)]
struct Cleaned {
    bytes: Vec<u8>,
    /// Where each record ends in them, where anybody asks.
    ends: Vec<usize>,
    tally: Tally,
    records: u64,
    refused: Vec<(u64, u64, RecordFault)>,
    residue: Residue,
    read_bytes: u64,
    /// Where the next records begin in the input.
    next: Position,
}

/// What was written of a file so far, besides what its report says.
pub(crate) struct SoFar<'r> {
    /// Up to where the input is done.
    at: Position,
    written_bytes: u64,
    written: Digest,
    tally: Tally,
    residue: Residue,
    settler: Option<Box<dyn Settler + 'r>>,
    /// Where the input was when the journal was told last.
    noted: u64,
}

impl<'r> SoFar<'r> {
    /// Nothing yet.
    pub(crate) fn nothing(format: &'r dyn Format) -> Self {
        Self {
            at: Position::default(),
            written_bytes: 0,
            written: Digest::new(),
            tally: Tally::default(),
            residue: Residue::default(),
            settler: format.settler(),
            noted: 0,
        }
    }

    /// What an earlier run reached, with the digest of what it left; nothing when that does not fit the format.
    pub(crate) fn reached(
        format: &'r dyn Format,
        reached: &Reached,
        written: Digest,
    ) -> Option<Self> {
        let mut so_far = Self::nothing(format);
        if let Some(settler) = &mut so_far.settler {
            settler.remember(&reached.remembered)?;
        }
        (so_far.at, so_far.noted) = (reached.at, reached.at.offset);
        (so_far.written_bytes, so_far.written) = (reached.written_bytes, written);
        Some(so_far)
    }

    /// Takes in what a group gave, and writes it.
    fn keep(
        &mut self,
        mut done: Cleaned,
        pending: &Pending,
        report: &mut FileReport,
    ) -> io::Result<()> {
        if let Some(settler) = &mut self.settler {
            done.settle(settler.as_mut());
        }
        self.written.update(&done.bytes);
        self.written_bytes += done.bytes.len() as u64;
        pending.file().write_all(&done.bytes)?;
        self.tally.merge(&done.tally);
        self.residue.merge(&done.residue);
        self.at = done.next;
        report.counts.records += done.records;
        for (number, offset, fault) in &done.refused {
            report.refuse(Some((*number, *offset)), fault);
        }
        Ok(())
    }

    /// Whether so much was done since the journal was told that it is told again.
    fn is_due(&self) -> bool {
        self.at.offset - self.noted >= NOTED_BYTES.max(self.at.offset / NOTED_PART)
    }
}

impl Work<'_> {
    /// Cleans what is not done of many records. Gives the digest of all that was written, or nothing when nothing
    /// is to be kept.
    pub(crate) fn records(
        &self,
        input: &File,
        pending: &mut Pending,
        mut so_far: SoFar<'_>,
        threads: usize,
        report: &mut FileReport,
    ) -> Result<Option<String>, DatasetFault> {
        let unreadable = DatasetFault::file("read", &report.file);
        let mut source = Digest::new();
        source.take(input, so_far.at.offset).map_err(&unreadable)?;
        self.pass(so_far.at.offset, report.counts.records);
        let source = Mutex::new(source);
        let hashed = Hashed {
            input,
            digest: &source,
        };
        let mut groups = self.format.split(Box::new(hashed), so_far.at);
        let unread = Mutex::new(None);
        let items = std::iter::from_fn(|| match groups.next_group() {
            Ok(group) => group.filter(|_| !self.is_stopped()),
            Err(error) => {
                *unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                None
            }
        });
        in_order(
            items,
            threads,
            |group| self.group(&group),
            |done: Result<Cleaned, Panicked>| {
                let done = done.map_err(|Panicked| fault_of_the_program())?;
                let (bytes, records) = (done.read_bytes, done.records);
                so_far
                    .keep(done, pending, report)
                    .map_err(DatasetFault::file("write", &report.file))?;
                if so_far.is_due() {
                    self.note(&mut so_far, pending, report)?;
                }
                self.pass(bytes, records);
                Ok::<_, DatasetFault>(())
            },
        )?;
        drop(groups);
        if self.is_stopped() {
            if report.bytes > ALONE_BYTES && self.note(&mut so_far, pending, report)? {
                pending.leave();
            }
            return Err(stopped());
        }
        if let Some(error) = unread.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(unreadable(error));
        }
        report.sha256 = source
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .hex();
        report.operations.merge(&so_far.tally);
        let nothing = report.counts.records == 0 && !report.refused.is_empty();
        let clean = self.clean(so_far.residue, report);
        Ok((clean && !nothing).then(|| so_far.written.hex()))
    }

    /// Tells the journal how far the file is done. Gives whether a later run can go on from there.
    fn note(
        &self,
        so_far: &mut SoFar<'_>,
        pending: &Pending,
        report: &FileReport,
    ) -> Result<bool, DatasetFault> {
        so_far.noted = so_far.at.offset;
        // What fails in the end fails again when it is done anew, with the same findings.
        let part = pending.name().filter(|_| !so_far.residue.any());
        let Some(part) = part.filter(|_| so_far.at.offset > 0) else {
            return Ok(false);
        };
        pending.sync()?;
        let mut report = report.clone();
        report.operations.merge(&so_far.tally);
        self.journal.reach(&Reached {
            part,
            at: so_far.at,
            written_bytes: so_far.written_bytes,
            written_sha256: so_far.written.clone().hex(),
            remembered: so_far
                .settler
                .as_ref()
                .map(|settler| settler.remembered())
                .unwrap_or_default(),
            report,
        })?;
        Ok(true)
    }

    fn group(&self, group: &Group) -> Cleaned {
        let mut done = Cleaned {
            read_bytes: group.read_bytes,
            next: group.next,
            // Stand-ins are about as long as what they stand for.
            bytes: Vec::with_capacity(group.bytes.len() + group.bytes.len() / 16),
            ..Cleaned::default()
        };
        let mut output = Vec::new();
        let mut counter = self.format.counter();
        let settled = self.format.settler().is_some();
        for piece in &group.pieces {
            let input = match &piece.range {
                Ok(range) => group.bytes.get(range.clone()).unwrap_or_default(),
                Err(fault) => {
                    done.refused
                        .push((piece.number, piece.offset, fault.clone()));
                    continue;
                }
            };
            output.clear();
            match self.searched(input, &mut output, counter.as_deref_mut()) {
                Ok((tally, found)) => {
                    done.tally.merge(&tally);
                    done.residue.merge(&found);
                    done.records += 1;
                    done.bytes.extend_from_slice(&output);
                    if !output.ends_with(piece.end) {
                        done.bytes.extend_from_slice(piece.end);
                    }
                    if settled {
                        done.ends.push(done.bytes.len());
                    }
                }
                Err(fault) => done.refused.push((piece.number, piece.offset, fault)),
            }
        }
        if let Some(counter) = counter {
            done.tally.merge(&counter.tally());
        }
        done
    }
}

impl Cleaned {
    fn settle(&mut self, settler: &mut dyn Settler) {
        let mut settled = Vec::with_capacity(self.bytes.len());
        let mut start = 0;
        for end in &self.ends {
            let written = self.bytes.get(start..*end).unwrap_or_default();
            match settler.settled(written) {
                Some(other) => settled.extend_from_slice(&other),
                None => settled.extend_from_slice(written),
            }
            start = *end;
        }
        self.bytes = settled;
    }
}

/// Reads and takes the digest of what was read.
struct Hashed<'r> {
    input: &'r File,
    digest: &'r Mutex<Digest>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        digest.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// The journal is told after so many bytes of input, or after this part of what was done by then, whichever is
/// more: its length grows with the logarithm of the file's.
const NOTED_BYTES: u64 = 64 << 20;
const NOTED_PART: u64 = 16;
