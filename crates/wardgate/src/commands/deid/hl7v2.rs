//! `wardgate deid hl7v2`: files of HL7 v2 messages.

use clap::Args;
use wardgate_datasets::formats::Messages;
use wardgate_hl7::v2::Options;

use super::records::{RecordArguments, records_help};
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// De-identify HL7 v2 messages, alone, in batches and in MLLP frames
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    records: RecordArguments,

    /// Fields of Z segments that stay, their text cleaned, such as ZPD-2; all others go
    #[arg(long, value_delimiter = ',', value_name = "FIELD")]
    keep: Vec<String>,

    /// Character set of messages that name none in MSH-18, such as `8859/1`
    /// [default: ASCII or UTF-8]
    #[arg(long, value_name = "NAME")]
    charset: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let prepared = arguments.records.prepared(output)?;
    let options = Options {
        keep: arguments.keep.clone(),
        charset_default: arguments.charset.clone(),
    };
    let messages = Messages::new(prepared.rules.clone(), options);
    arguments.records.run(&messages, &prepared, false, output)
}

const AFTER_HELP: &str = records_help!(
    "Versions 2.1 to 2.8.2, any delimiters. A message that is refused is left out, the others are written, and
the counts in the trailers of batches stay true.
",
    "wardgate deid hl7v2 messages/ released/ --key project.key --report report.json"
);
