//! DICOM: files read and written in passing, whatever their size.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use wardgate_deid::{Found, Operation, RecordFault, RecordRules, Tally};
use wardgate_dicom::{CleanedFile, Devices, FileDeidentifier, Options, Pixels};

use crate::digest::{Digest, hex};
use crate::format::{Format, Layout};

/// DICOM files.
#[derive(Debug)]
pub struct Images {
    files: FileDeidentifier,
    options: Options,
    /// SHA-256 of the rules by device that were added.
    devices: Option<String>,
}

impl Images {
    /// Files under rules and options, with rules by device for burned-in text.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>, options: Options, devices: Devices) -> Self {
        let added = devices.added();
        Self {
            devices: (!added.is_empty()).then(|| hex(&Digest::of(added.as_bytes()))),
            files: FileDeidentifier::new(rules, options).with_devices(devices),
            options,
        }
    }
}

impl Format for Images {
    fn name(&self) -> &'static str {
        "dicom"
    }

    fn editions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (
                "DICOM PS3.15 table E.1-1".to_owned(),
                wardgate_dicom::edition().to_owned(),
            ),
            (
                "DICOM PS3.15 table E.3.10-1".to_owned(),
                wardgate_dicom::safe_private_edition().to_owned(),
            ),
        ])
    }

    fn options(&self) -> Value {
        let codes: Vec<_> = self.options.codes().map(|(code, _)| code).collect();
        json!({
            "codes": codes,
            "burned_in": self.options.burned_in.label(),
            "devices": self.devices,
        })
    }

    /// Most files are read once, and searched as they are then written; only long ones are read in passing.
    fn layout(&self, _: &Path, bytes: u64) -> Layout {
        match bytes <= WHOLE_BYTES_MAX {
            true => Layout::Whole,
            false => Layout::Stream,
        }
    }

    fn record(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        output.reserve(input.len() + MARKS_BYTES);
        let done = self.files.bytes(input, output)?;
        Ok(told(done))
    }

    fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        self.files.verify_bytes(input, output)
    }

    fn stream(&self, input: &File, output: &File) -> Result<Tally, RecordFault> {
        let done = self.files.file(input, BufWriter::new(output))?;
        Ok(told(done))
    }

    fn verify_stream(&self, input: &File, output: &File) -> Result<Found, RecordFault> {
        self.files.verify(input, output)
    }
}

/// What was done, pixels that nobody looked at among it.
fn told(mut done: CleanedFile) -> Tally {
    if done.pixels == Pixels::Unexamined {
        done.tally
            .note("pixels that nobody looked at", Operation::Kept);
    }
    done.tally
}

/// Longer files are never held in memory.
const WHOLE_BYTES_MAX: u64 = 8 << 20;
/// What a file gets longer by, mostly.
const MARKS_BYTES: usize = 4096;
