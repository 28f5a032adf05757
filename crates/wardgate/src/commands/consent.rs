//! `wardgate consent`: what patients agreed to.

mod history;
mod import;
mod queue;

use clap::Subcommand;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// Import consents, see what cannot be computed, see who wrote what
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Import(import::Arguments),
    Queue(queue::Arguments),
    History(history::Arguments),
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Import(arguments) => import::run(arguments, output),
        Command::Queue(arguments) => queue::run(arguments, output),
        Command::History(arguments) => history::run(arguments, output),
    }
}
