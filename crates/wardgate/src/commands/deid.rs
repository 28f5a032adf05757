//! `wardgate deid`: de-identifies texts outside of calls, and measures how well.

use clap::Subcommand;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;

mod encoding;
mod eval;
mod folder;
mod gold;
mod known;
mod lines;
mod project_key;
mod review;
mod rules;
mod run;
mod span;
mod tally;
mod target;
mod text;
mod work;

/// De-identify texts, and measure how well
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Text(Box<text::Arguments>),
    Eval(Box<eval::Arguments>),
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Text(arguments) => text::run(arguments, output),
        Command::Eval(arguments) => eval::run(arguments, output),
    }
}
