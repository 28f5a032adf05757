//! `wardgate policy`: look before a policy changes, change it with two people, and go back.

mod cases;
mod change;
mod diff;
mod history;
mod replay;
mod sets;
mod test;

use clap::Subcommand;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// Test, compare and replay policies, and see their versions
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Test(test::Arguments),
    Diff(diff::Arguments),
    Replay(replay::Arguments),
    History(history::Arguments),
    Show(history::ShowArguments),
    Propose(change::Propose),
    Approve(change::Approve),
    Reject(change::Reject),
    Withdraw(change::Withdraw),
    Rollback(change::Rollback),
    Review(change::Review),
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Test(arguments) => test::run(arguments, output),
        Command::Diff(arguments) => diff::run(arguments, output),
        Command::Replay(arguments) => replay::run(arguments, output),
        Command::History(arguments) => history::run(arguments, output),
        Command::Show(arguments) => history::show(arguments, output),
        Command::Propose(arguments) => change::propose(arguments, output),
        Command::Approve(arguments) => change::approve(arguments, output),
        Command::Reject(arguments) => change::reject(arguments, output),
        Command::Withdraw(arguments) => change::withdraw(arguments, output),
        Command::Rollback(arguments) => change::rollback(arguments, output),
        Command::Review(arguments) => change::review(arguments, output),
    }
}
