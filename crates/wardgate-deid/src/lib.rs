//! Finds and transforms identifiers: bytes in, bytes and a report out.
//!
//! The crate does no input or output, reads no clock and starts no thread. A
//! caller scans a body with [`json::scan`], names the parts that hold text, and
//! gets back a [`Deidentified`] body with the [`RestoreMap`] for the answer.
//!
//! ```
//! use wardgate_deid::{Deidentifier, Engine, KnownIdentifiers, PatientIdentifiers, PersonName, PlaceholderKey};
//!
//! let engine = Engine::new();
//! let key = PlaceholderKey::new([7; 32]);
//! let mut patient = PatientIdentifiers::default();
//! patient.names.push(PersonName { given: vec!["Maria".into()], family: "Schmidt".into() });
//! let known = KnownIdentifiers::compile(&patient);
//! let call = Deidentifier::new(&engine, &key, Some(&known));
//! let masked = call.text([0; 32], "Schmidt, Maria was seen today.");
//! let (body, map) = masked.into_parts();
//! let body = String::from_utf8_lossy(&body);
//! assert!(!body.contains("Schmidt"));
//! assert_eq!(map.restore(&body), "Schmidt, Maria was seen today.");
//! ```
#![deny(missing_docs)]

mod calendar;
mod deidentify;
mod engine;
mod exact;
mod finding;
mod fold;
mod gazetteer;
pub mod json;
mod known;
mod language;
mod lexer;
mod lexicon;
mod memory;
mod mint;
#[cfg(feature = "neural")]
mod neural;
mod offsets;
mod place;
mod placeholder;
mod profile;
mod project;
mod record;
mod refusal;
mod report;
mod residue;
mod restore;
pub mod score;
mod secret;
mod shift;
mod surrogate;
mod tagger;
mod trace;
#[cfg(feature = "training")]
pub mod training;
mod transform;
mod value;
mod vote;
mod word;

pub use calendar::Day;
pub use deidentify::{Deidentified, Deidentifier, JsonPart, TextReading, Treat};
pub use engine::{Engine, Hints};
pub use finding::{Finding, Kind, Layer, Part};
pub use known::{Address, KnownIdentifiers, PatientIdentifiers, PersonName};
pub use language::Language;
#[cfg(feature = "neural")]
pub use neural::{NeuralFault, NeuralFile, NeuralTagger};
pub use placeholder::PlaceholderKey;
pub use profile::{Action, Profile, ProfileFault, ProfileFaults};
pub use project::ProjectKey;
pub use record::{
    DateAs, Operation, RecordDates, RecordFault, RecordPatient, RecordRules, RecordScope, Tally,
};
pub use refusal::DeidRefusal;
pub use report::Report;
pub use residue::Residue;
pub use restore::{Escape, RestoreMap, StreamRestorer};
pub use shift::DateReading;
pub use surrogate::{NameHints, NamePart, PseudonymKey, Pseudonyms, Sex};
pub use trace::{Found, Tracer, Traces};
pub use word::{LoneWord, WordUse};
