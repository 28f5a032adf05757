//! De-identifies DICOM files by PS3.15 Annex E, pixels included.
//!
//! The data set in front of the pixels is read into memory, every element is decided by a table that is written
//! from the standard, and the pixels are streamed past. What cannot be understood is a
//! [`RecordFault`](wardgate_deid::RecordFault).
#![deny(missing_docs)]

mod charset;
mod clean;
mod codestream;
mod date;
mod devices;
mod element;
mod fault;
mod file;
mod head;
mod identity;
mod marker;
mod options;
mod pixels;
mod reader;
mod source;
mod subject;
mod syntax;
mod table;
mod verify;
mod writer;

pub use devices::{Devices, DevicesFault};
pub use file::{CleanedFile, FileDeidentifier, Pixels};
pub use options::{BurnedIn, Options};

/// The edition of PS3.15 whose table decides, such as `2025a`.
#[must_use]
pub fn edition() -> &'static str {
    table::TABLE.edition()
}

/// The edition of PS3.15 whose list of safe private attributes decides, such as `2026d`.
#[must_use]
pub fn safe_private_edition() -> &'static str {
    table::safe_private_edition()
}
