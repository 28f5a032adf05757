//! `wardgate deid`: de-identifies texts and records outside of calls, and measures how well.

use clap::Subcommand;

pub(super) use pixels::PixelArguments;
pub(super) use records::write_json;
pub(super) use rules::profile;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;

mod ccda;
mod dicom;
mod encoding;
mod eval;
mod fhir;
mod gold;
mod hl7v2;
mod known;
mod lines;
mod pixels;
mod records;
mod review;
mod rules;
mod run;
mod span;
mod tally;
mod target;
mod text;
mod work;

/// De-identify texts and records, and measure how well
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Text(Box<text::Arguments>),
    Fhir(Box<fhir::Arguments>),
    Hl7v2(Box<hl7v2::Arguments>),
    Ccda(Box<ccda::Arguments>),
    Dicom(Box<dicom::Arguments>),
    Eval(Box<eval::Arguments>),
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Text(arguments) => text::run(arguments, output),
        Command::Fhir(arguments) => fhir::run(arguments, output),
        Command::Hl7v2(arguments) => hl7v2::run(arguments, output),
        Command::Ccda(arguments) => ccda::run(arguments, output),
        Command::Dicom(arguments) => dicom::run(arguments, output),
        Command::Eval(arguments) => eval::run(arguments, output),
    }
}
