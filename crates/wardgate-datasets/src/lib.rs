//! Turns files and folders of records into data sets that may leave.
//!
//! [`Run`] takes every file of an input through a [`Format`], on all cores and in bounded memory: an output
//! appears whole, searched by the format's verifier and on the disk, or not at all. What was done stands in a
//! journal, so that a run that was interrupted goes on where it was, and in a [`RunReport`].
//!
//! What this crate deliberately does not do: it reads no clock, prints nothing, and puts no value of a
//! record into a report, a journal or an error.
#![deny(missing_docs)]

mod digest;
mod disk;
mod fault;
mod file;
mod folder;
mod format;
pub mod formats;
mod journal;
mod key_file;
mod names;
mod order;
mod pending;
mod pieces;
mod reached;
mod records;
pub mod release;
mod report;
mod run;

pub use digest::{Digest, sha256_of_file};
pub use fault::DatasetFault;
pub use folder::{Found, check_apart, files};
pub use format::{Counter, Format, Layout, Piece, Position, Settler};
pub use journal::journal_beside;
pub use key_file::{key_id, random_key, read_key};
pub use order::{Panicked, in_order, map_in_order};
pub use pending::{MODE_PRIVATE, MODE_USUAL, Pending};
pub use pieces::{Group, Splitter};
pub use report::{
    Counts, FileReport, OutputFile, PolicyName, Refused, RunHead, RunReport, Verifier,
};
pub use run::{Progress, Run, Settings, earlier_head};
