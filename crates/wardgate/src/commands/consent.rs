//! `wardgate consent`: what patients agreed to.

mod check;
mod files;
mod history;
mod import;
mod queue;

use clap::Subcommand;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// Import consents, ask what they permit, see what cannot be computed and who wrote what
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Import(import::Arguments),
    Check(check::Arguments),
    Queue(queue::Arguments),
    History(history::Arguments),
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Import(arguments) => import::run(arguments, output),
        Command::Check(arguments) => check::run(arguments, output),
        Command::Queue(arguments) => queue::run(arguments, output),
        Command::History(arguments) => history::run(arguments, output),
    }
}
