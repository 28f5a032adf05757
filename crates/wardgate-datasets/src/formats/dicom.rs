//! DICOM: files read and written in passing, whatever their size.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use wardgate_deid::{Found, Operation, RecordFault, RecordRules, Tally};
use wardgate_dicom::{FileDeidentifier, Options, Pixels};

use crate::format::{Format, Layout};

/// DICOM files.
#[derive(Debug)]
pub struct Images {
    files: FileDeidentifier,
    options: Options,
}

impl Images {
    /// Files under rules and options.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>, options: Options) -> Self {
        Self {
            files: FileDeidentifier::new(rules, options),
            options,
        }
    }
}

impl Format for Images {
    fn name(&self) -> &'static str {
        "dicom"
    }

    fn editions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(
            "DICOM PS3.15 table E.1-1".to_owned(),
            wardgate_dicom::edition().to_owned(),
        )])
    }

    fn options(&self) -> Value {
        let codes: Vec<_> = self.options.codes().map(|(code, _)| code).collect();
        json!({"codes": codes})
    }

    fn layout(&self, _: &Path) -> Layout {
        Layout::Stream
    }

    fn record(&self, _: &[u8], _: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        Err(only_in_passing())
    }

    fn verify(&self, _: &[u8], _: &[u8]) -> Result<Found, RecordFault> {
        Err(only_in_passing())
    }

    fn stream(&self, input: &File, output: &File) -> Result<Tally, RecordFault> {
        let mut done = self.files.file(input, BufWriter::new(output))?;
        if done.pixels == Pixels::Unexamined {
            done.tally
                .note("pixels that nobody looked at", Operation::Kept);
        }
        Ok(done.tally)
    }

    fn verify_stream(&self, input: &File, output: &File) -> Result<Found, RecordFault> {
        self.files.verify(input, output)
    }
}

fn only_in_passing() -> RecordFault {
    RecordFault::new(
        "dataset.only_in_passing",
        "a DICOM file is read in passing",
        "report this as a fault of the program",
    )
}
