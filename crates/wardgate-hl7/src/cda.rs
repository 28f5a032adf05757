//! C-CDA and other CDA Release 2 documents.
//!
//! A document is read once into a tape of tags and texts, without a tree, and gone over twice: for the people whom it
//! names, and to write it anew with what the policy says of each element. Comments, instructions to programs and
//! elements of unknown namespaces go.

mod attachment;
mod narrative;
mod people;
mod policy;
mod rewrite;
mod tape;
mod verify;

use std::fmt;
use std::sync::Arc;

use wardgate_deid::{Found, RecordFault, RecordRules, Tally};

use crate::kept::Verdicts;
use crate::leaf::{Leaves, Transients};
use crate::patient::{Nobody, Patient, tally};
use rewrite::Writer;
use tape::Tape;

/// Takes out of CDA documents what identifies people; threads share it.
///
/// ```
/// use std::sync::Arc;
/// use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
/// use wardgate_hl7::cda::DocumentDeidentifier;
///
/// let as_of = Day::new(2026, 11, 30).unwrap();
/// let rules = RecordRules::new(Engine::exact_only(), Profile::safe_harbor(), ProjectKey::new([7; 32]), as_of);
/// let document = r#"<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole>
///     <id root="1.2.3" extension="4471902"/><patient><name><given>Maria</given><family>Lindqvist</family></name>
///     </patient></patientRole></recordTarget></ClinicalDocument>"#;
/// let mut output = Vec::new();
/// DocumentDeidentifier::new(Arc::new(rules)).document(document.as_bytes(), &mut output).unwrap();
/// let output = String::from_utf8(output).unwrap();
/// assert!(!output.contains("Lindqvist") && !output.contains("4471902"));
/// ```
pub struct DocumentDeidentifier {
    rules: Arc<RecordRules>,
    nobody: Nobody,
    verdicts: Verdicts,
}

impl DocumentDeidentifier {
    /// Documents under the rules of a run.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>) -> Self {
        let nobody = Nobody::new(&rules);
        Self {
            rules,
            nobody,
            verdicts: Verdicts::new(),
        }
    }

    /// Writes a document, as UTF-8, without what identifies people. Nothing is written when it is refused.
    ///
    /// # Errors
    /// When the input is no well-formed CDA document, declares a document type or entities, is no text in its
    /// encoding, or is too large or deep.
    pub fn document(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        let tape = Tape::read(input)?;
        let people = people::read(&tape);
        let patient = Patient::new(&self.rules, people, true);
        let mut writer = Writer {
            tape: &tape,
            leaves: Leaves {
                rules: &self.rules,
                patient: &patient,
                nobody: &self.nobody,
                verdicts: &self.verdicts,
                transients: Transients::default(),
            },
            out: String::with_capacity(input.len()),
            notes: Vec::new(),
        };
        writer.document();
        output.extend_from_slice(writer.out.as_bytes());
        Ok(tally(writer.notes))
    }

    /// Reads an output again, by other code than that which wrote it, and looks for what identified people in its input.
    ///
    /// # Errors
    /// When either cannot be read.
    pub fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        verify::verify(&self.rules, input, output)
    }
}

impl fmt::Debug for DocumentDeidentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentDeidentifier")
            .finish_non_exhaustive()
    }
}
