//! De-identifies documents inside records: plain text, HTML, RTF and PDF.
#![deny(missing_docs)]
