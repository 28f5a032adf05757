//! One policy over all formats: a profile, a project's key, and what they make of a patient's record.
//!
//! Readers of formats say which kind of identifier a field holds, the profile says what becomes of it,
//! and the keys say by what: the same patient gets the same name, numbers and date shift in FHIR, HL7 v2,
//! C-CDA, DICOM and notes.

mod scope;
mod tally;

use std::fmt;
use std::sync::OnceLock;

use thiserror::Error;

use crate::calendar::Day;
use crate::deidentify::TextReading;
use crate::engine::Engine;
use crate::finding::Layer;
use crate::known::{KnownIdentifiers, PatientIdentifiers};
use crate::placeholder::PlaceholderKey;
use crate::profile::{Action, Profile};
use crate::project::ProjectKey;
use crate::surrogate::{Avoided, PseudonymKey};

pub use scope::{DateAs, RecordDates, RecordScope};
pub use tally::{Operation, Tally};

/// What holds for every record of a run; threads share it.
#[derive(Debug)]
pub struct RecordRules {
    pub(crate) engine: Engine,
    pub(crate) profile: Profile,
    key: ProjectKey,
    pub(crate) as_of: Day,
}

impl RecordRules {
    /// The rules of a run.
    ///
    /// Where the profile makes placeholders, which no field of a record could hold, surrogates stand: of
    /// dates those that are moved by the patient's shift. `as_of` is the day by which ages are reckoned,
    /// so that nobody's birth date tells of 90 years or more.
    #[must_use]
    pub fn new(engine: Engine, profile: Profile, key: ProjectKey, as_of: Day) -> Self {
        Self {
            engine,
            profile: profile.replacing(Action::Surrogate),
            key,
            as_of,
        }
    }

    /// The profile that decides.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The engine that reads texts.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a text holds an identifier that the patient's record tells of.
    #[must_use]
    pub fn mentions(&self, patient: &RecordPatient, text: &str) -> bool {
        let findings = self.engine.detect(text, Some(&patient.known));
        findings.iter().any(|finding| finding.layer == Layer::Known)
    }

    /// What identifies somebody in a text, whoever the patient is: for texts that come in many records.
    #[must_use]
    pub fn reading(&self, text: &str) -> TextReading {
        TextReading::of(&self.engine, text)
    }

    /// The project's key, for ids and UIDs, which do not belong to one patient.
    #[must_use]
    pub fn key(&self) -> &ProjectKey {
        &self.key
    }

    /// A patient, by the number that names them in every format, with what the record itself tells of them.
    #[must_use]
    pub fn patient(&self, number: &str, on_file: &PatientIdentifiers) -> RecordPatient {
        self.patient_of(number, on_file.clone())
    }

    /// The same with what the record tells given away, which is faster where each record has another patient.
    #[must_use]
    pub fn patient_of(&self, number: &str, on_file: PatientIdentifiers) -> RecordPatient {
        let handle = ProjectKey::handle(number);
        RecordPatient {
            pseudonyms: self.key.patient_with_handle(&handle),
            placeholders: self.key.placeholders_with_handle(handle),
            known: KnownIdentifiers::of(on_file),
            avoided: OnceLock::new(),
        }
    }
}

/// A patient of a run: keys and the dictionary of what identifies them.
pub struct RecordPatient {
    pub(crate) pseudonyms: PseudonymKey,
    pub(crate) placeholders: PlaceholderKey,
    pub(crate) known: KnownIdentifiers,
    /// The names on file, once somebody asked for a stand-in.
    pub(crate) avoided: OnceLock<Avoided>,
}

impl fmt::Debug for RecordPatient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordPatient").finish_non_exhaustive()
    }
}

/// Why a record was refused: what happened and what to do, never a value of the record.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{what}")]
pub struct RecordFault {
    code: &'static str,
    what: String,
    hint: &'static str,
    at: Option<u64>,
}

impl RecordFault {
    /// A fault with its stable code, such as `fhir.unknown_resource`.
    ///
    /// INVARIANT: `what` is made of words of the program and of standards, never of the record.
    #[must_use]
    pub fn new(code: &'static str, what: impl Into<String>, hint: &'static str) -> Self {
        Self {
            code,
            what: what.into(),
            hint,
            at: None,
        }
    }

    /// The same fault at a byte of the record.
    #[must_use]
    pub fn at(mut self, byte: u64) -> Self {
        self.at = Some(byte);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.hint
    }

    /// The byte of the record at which it was noticed, where that is known.
    #[must_use]
    pub fn byte(&self) -> Option<u64> {
        self.at
    }
}
