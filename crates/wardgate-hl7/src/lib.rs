//! De-identifies HL7 v2 messages and C-CDA documents.
#![deny(missing_docs)]

pub mod v2;
