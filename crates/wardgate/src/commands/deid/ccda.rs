//! `wardgate deid ccda`: C-CDA documents.

use clap::Args;
use wardgate_datasets::formats::Documents;

use super::records::{RecordArguments, records_help};
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// De-identify C-CDA documents: entries, narrative and embedded documents
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    records: RecordArguments,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let prepared = arguments.records.prepared(output)?;
    let documents = Documents::new(prepared.rules.clone());
    arguments.records.run(&documents, &prepared, false, output)
}

const AFTER_HELP: &str = records_help!(
    "One document a file, of at most 64 MiB.
",
    "wardgate deid ccda documents/ released/ --key project.key --report report.json"
);
