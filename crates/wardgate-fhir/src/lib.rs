//! De-identifies FHIR R4 and R5 resources by the types of their elements.
//!
//! One pass over the bytes of a resource or Bundle follows the type tables of the standard: what no table knows goes,
//! what stays is copied as it is, and every other element has one treatment ([the table](https://hl7.org/fhir) of types
//! is data, the table of treatments is one file). Ids and references are rewritten by the project's key, so that what
//! resolved still resolves; names, numbers, addresses, dates and free text by the patient's.
//!
//! ```
//! use std::sync::Arc;
//! use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
//! use wardgate_fhir::{Options, PatientIndex, ResourceDeidentifier};
//!
//! let as_of = Day::new(2026, 11, 30).ok_or("no such day")?;
//! let key = ProjectKey::new([7; 32]);
//! let rules = RecordRules::new(Engine::new(), Profile::safe_harbor(), key, as_of);
//! let patient = br#"{"resourceType":"Patient","id":"p1","name":[{"family":"Ashgrove"}],"gender":"male"}"#;
//! let seen = br#"{"resourceType":"Condition","subject":{"reference":"Patient/p1"},"code":{"text":"Mr Ashgrove: gout"}}"#;
//!
//! let mut patients = PatientIndex::new();
//! patients.learn(patient);
//! let fhir = ResourceDeidentifier::new(Arc::new(rules), Arc::new(patients), Options::default());
//! let mut output = Vec::new();
//! fhir.resource(seen, &mut output)?;
//! let output = String::from_utf8(output)?;
//! assert!(!output.contains("Ashgrove") && output.contains("gout"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod counts;
mod deidentify;
mod ends;
#[cfg(test)]
mod everywhere;
mod extension;
mod gather;
mod marks;
mod memory;
mod narrative;
mod needles;
mod overlay;
mod patients;
mod pointer;
mod reader;
mod rewrite;
mod rulefile;
mod schema;
mod treatment;
mod verify;

pub use counts::Counts;
pub use deidentify::{Options, ResourceDeidentifier};
pub use patients::PatientIndex;
pub use rulefile::RuleFile;
pub use schema::FhirVersion;
