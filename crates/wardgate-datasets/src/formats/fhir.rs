//! FHIR: NDJSON, one resource a line, and files of one resource or Bundle.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use wardgate_deid::{Found, RecordFault, RecordRules, Tally};
use wardgate_fhir::{Counts, Options, PatientIndex, ResourceDeidentifier, RuleFile};

use crate::digest::{Digest, hex};
use crate::fault::DatasetFault;
use crate::format::{Counter, Format, Layout, Position};
use crate::order::in_order;
use crate::pieces::{Lines, RECORD_BYTES_MAX, Splitter};
use crate::run::inputs;

/// FHIR resources and Bundles.
#[derive(Debug)]
pub struct Resources {
    resources: ResourceDeidentifier,
    options: Value,
}

impl Resources {
    /// Resources of a data set whose patients were learned, under rules and options.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>, patients: PatientIndex, options: Options) -> Self {
        let told = json!({"version": format!("{:?}", options.version)});
        Self {
            resources: ResourceDeidentifier::new(rules, Arc::new(patients), options),
            options: told,
        }
    }

    /// The same with a rule file of Microsoft's FHIR anonymizer over the profile.
    ///
    /// # Errors
    /// When the file holds what it can not be followed in.
    pub fn with_rules(mut self, text: &str) -> Result<Self, RecordFault> {
        let file = RuleFile::parse(text)?;
        self.options = json!({
            "version": format!("{:?}", file.version()),
            "rules_sha256": hex(&Digest::of(text.as_bytes())),
        });
        self.resources = self.resources.with_rules(file);
        Ok(self)
    }
}

impl Format for Resources {
    fn name(&self) -> &'static str {
        "fhir"
    }

    fn editions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("FHIR R4".to_owned(), "4.0.1".to_owned()),
            ("FHIR R5".to_owned(), "5.0.0".to_owned()),
        ])
    }

    fn options(&self) -> Value {
        self.options.clone()
    }

    fn layout(&self, path: &Path, _: u64) -> Layout {
        layout(path)
    }

    fn record(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        self.resources.resource(input, output)
    }

    fn counter(&self) -> Option<Box<dyn Counter + '_>> {
        Some(Box::new(Counted {
            resources: &self.resources,
            counts: self.resources.counts(),
        }))
    }

    fn record_anew(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<()>, RecordFault> {
        self.resources
            .resource_anew(input, output)
            .map(|_| Some(()))
    }

    fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        self.resources.verify(input, output)
    }
}

/// Reads all files of an input for the people whom they name: what stands in one file decides about others.
///
/// `passed` is told of the bytes that were read.
///
/// # Errors
/// When the input can not be listed. A file that can not be read is refused later, when it is cleaned.
pub fn learn(
    input: &Path,
    threads: usize,
    passed: &(dyn Fn(u64) + Sync),
) -> Result<PatientIndex, DatasetFault> {
    let mut patients = PatientIndex::new();
    for found in inputs(input)? {
        passed(found.bytes);
        let Ok(file) = File::open(&found.from) else {
            continue;
        };
        if layout(&found.below) == Layout::Whole {
            if found.bytes <= RECORD_BYTES_MAX as u64
                && let Ok(bytes) = fs::read(&found.from)
            {
                patients.learn(&bytes);
            }
            continue;
        }
        let mut lines = Lines::new(file, Position::default());
        let groups = std::iter::from_fn(|| lines.next_group().ok().flatten());
        let read = |group: crate::pieces::Group| {
            let mut some = PatientIndex::new();
            let ranges = group
                .pieces
                .into_iter()
                .filter_map(|piece| piece.range.ok());
            for range in ranges {
                some.learn(group.bytes.get(range).unwrap_or_default());
            }
            some
        };
        in_order(groups, threads, read, |done| {
            // What a fault of the program hides here is refused by the same fault when it is cleaned.
            if let Ok(some) = done {
                patients.merge(some);
            }
            Ok::<_, DatasetFault>(())
        })?;
    }
    Ok(patients)
}

/// Counts by the tables of the standard.
struct Counted<'r> {
    resources: &'r ResourceDeidentifier,
    counts: Counts,
}

impl Counter for Counted<'_> {
    fn record(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), RecordFault> {
        self.resources
            .resource_into(input, output, &mut self.counts)
    }

    fn tally(&self) -> Tally {
        self.counts.tally()
    }
}

fn layout(path: &Path) -> Layout {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let lines = extension.is_some_and(|extension| {
        LINE_EXTENSIONS
            .iter()
            .any(|lines| extension.eq_ignore_ascii_case(lines))
    });
    match lines {
        true => Layout::Records,
        false => Layout::Whole,
    }
}

const LINE_EXTENSIONS: [&str; 2] = ["ndjson", "jsonl"];
