//! De-identifies HL7 v2 messages and C-CDA documents.
#![deny(missing_docs)]

pub mod cda;
mod date;
mod dictionary;
mod kept;
mod leaf;
mod patient;
mod role;
mod stranger;
mod text;
pub mod v2;
mod vocabulary;
