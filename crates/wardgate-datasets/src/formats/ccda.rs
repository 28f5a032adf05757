//! C-CDA: one document a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use wardgate_deid::{Found, RecordFault, RecordRules, Tally};
use wardgate_hl7::cda::DocumentDeidentifier;

use crate::format::{Format, Layout};

/// C-CDA documents.
#[derive(Debug)]
pub struct Documents {
    documents: DocumentDeidentifier,
}

impl Documents {
    /// Documents under rules.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>) -> Self {
        Self {
            documents: DocumentDeidentifier::new(rules),
        }
    }
}

impl Format for Documents {
    fn name(&self) -> &'static str {
        "ccda"
    }

    fn editions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("HL7 CDA".to_owned(), "R2".to_owned())])
    }

    fn options(&self) -> Value {
        json!({})
    }

    fn layout(&self, _: &Path, _: u64) -> Layout {
        Layout::Whole
    }

    fn record(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        self.documents.document(input, output)
    }

    fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        self.documents.verify(input, output)
    }
}
