//! What a run asks of a format: how its files fall into records, and what becomes of one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wardgate_deid::{Found, RecordFault, Tally};

use crate::pieces::{Lines, Splitter};

/// A format of records, with the rules by which it is cleaned.
///
/// Threads share it: what it makes of a record depends on the record alone.
pub trait Format: Sync {
    /// The format's name, as reports give it.
    fn name(&self) -> &'static str;

    /// The editions of the standards' tables that decide, by their names.
    fn editions(&self) -> BTreeMap<String, String>;

    /// What was chosen besides the profile; equal options decide alike.
    fn options(&self) -> Value;

    /// How a file falls into records, by its name and its length in bytes.
    fn layout(&self, path: &Path, bytes: u64) -> Layout;

    /// Cleans one record.
    ///
    /// # Errors
    /// When the record can not be cleaned; nothing of `output` is used then.
    fn record(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault>;

    /// Cleans record after record as [`Format::record`] does, counting once for all; formats that have no such
    /// way give nothing.
    fn counter(&self) -> Option<Box<dyn Counter + '_>> {
        None
    }

    /// What rewrites records by those that were written before them, such as a trailer with a count.
    fn settler(&self) -> Option<Box<dyn Settler>> {
        None
    }

    /// Seeks the identifiers of a record in what became of it.
    ///
    /// # Errors
    /// When either can not be read.
    fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault>;

    /// Cleans a record again in whose output something was found, in case a stand-in was taken for what it stands
    /// for. Formats that draw all stand-ins knowing all names have no such way and give nothing.
    ///
    /// # Errors
    /// When the record can not be cleaned; nothing of `output` is used then.
    fn record_anew(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<()>, RecordFault> {
        let _ = (input, output);
        Ok(None)
    }

    /// Parts a file of [`Layout::Records`], of which `input` gives what stands behind `from`; usually one record
    /// a line.
    fn split<'r>(
        &self,
        input: Box<dyn Read + Send + 'r>,
        from: Position,
    ) -> Box<dyn Splitter + 'r> {
        Box::new(Lines::new(input, from))
    }

    /// Cleans one file of [`Layout::Stream`], holding a small part of it at a time.
    ///
    /// # Errors
    /// When the file can not be cleaned; nothing of `output` is used then.
    fn stream(&self, input: &File, output: &File) -> Result<Tally, RecordFault> {
        let _ = (input, output);
        Err(no_stream())
    }

    /// Seeks the identifiers of a file in what became of it; both are read anew.
    ///
    /// # Errors
    /// When either can not be read.
    fn verify_stream(&self, input: &File, output: &File) -> Result<Found, RecordFault> {
        let _ = (input, output);
        Err(no_stream())
    }
}

/// Cleans many records with one count of what was done.
pub trait Counter {
    /// Cleans one record.
    ///
    /// # Errors
    /// When the record can not be cleaned; nothing of `output` is used then.
    fn record(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), RecordFault>;

    /// What was done so far.
    fn tally(&self) -> Tally;
}

/// Sees every record that is written, in order.
pub trait Settler {
    /// What stands for a record, where it is not as it was cleaned.
    fn settled(&mut self, written: &[u8]) -> Option<Vec<u8>>;

    /// What is remembered of the records so far.
    fn remembered(&self) -> Value;

    /// Goes on with what another remembered; nothing when that is not understood.
    fn remember(&mut self, remembered: &Value) -> Option<()>;
}

/// How a file falls into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Many records, which do not know of each other.
    Records,
    /// One record, held in memory.
    Whole,
    /// One record, read and written in passing.
    Stream,
}

/// A place between two records of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Records before it.
    pub number: u64,
    /// Bytes before it.
    pub offset: u64,
}

/// A record of a group: where it stands and which bytes are its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// From 1.
    pub number: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// Its bytes in the group, or why it was passed over.
    pub range: Result<std::ops::Range<usize>, RecordFault>,
    /// What stands behind it in the output.
    pub end: &'static [u8],
}

fn no_stream() -> RecordFault {
    RecordFault::new(
        "dataset.no_stream",
        "the format is not read in passing",
        "report this as a fault of the program",
    )
}
