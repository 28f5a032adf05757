//! `wardgate deid fhir`: FHIR resources and Bundles.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wardgate_datasets::formats::{Resources, learn};
use wardgate_fhir::{FhirVersion, Options};

use super::records::{RecordArguments, records_help};
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;

/// De-identify FHIR resources: NDJSON, resources and Bundles
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    records: RecordArguments,

    /// Version of the resources [default: what R4 or R5 knows]
    #[arg(long, value_enum, value_name = "VERSION")]
    version: Option<Version>,

    /// Rule file of Microsoft's FHIR anonymizer to follow where it is stricter; what it can not be
    /// followed in is refused
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

/// A version of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Version {
    /// R4, 4.0.1
    R4,
    /// R5, 5.0.0
    R5,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let prepared = arguments.records.prepared(output)?;
    let mut options = Options::default();
    options.version = match arguments.version {
        None => FhirVersion::Either,
        Some(Version::R4) => FhirVersion::R4,
        Some(Version::R5) => FhirVersion::R5,
    };
    let reading = Progress::new(Some(arguments.records.total()?), false);
    let patients = learn(arguments.records.input(), prepared.threads, &|bytes| {
        reading.passed(bytes);
    })?;
    reading.finish();
    let mut resources = Resources::new(prepared.rules.clone(), patients, options);
    if let Some(path) = &arguments.rules {
        let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        resources = resources.with_rules(&text).map_err(|fault| {
            let what = format!(
                "the rule file `{}` can not be followed: {fault}",
                path.display()
            );
            Failure::new(what, fault.hint())
        })?;
    }
    arguments.records.run(&resources, &prepared, true, output)
}

const AFTER_HELP: &str = records_help!(
    ".ndjson and .jsonl hold one resource a line, of any number; other files one resource or Bundle of at most
64 MiB. All files are read twice: first for the people whom they name, who are then sought in every
resource about them. Ids and references become others that still resolve.
",
    "wardgate deid fhir export/ released/ --key project.key --report report.json"
);
