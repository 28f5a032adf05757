//! De-identifies DICOM files by PS3.15 Annex E, pixels included.
#![deny(missing_docs)]

mod charset;
mod element;
mod fault;
mod options;
mod pixels;
mod reader;
mod syntax;
mod table;
mod writer;

pub use options::Options;
