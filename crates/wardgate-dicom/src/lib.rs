//! De-identifies DICOM files by PS3.15 Annex E, pixels included.
#![deny(missing_docs)]
