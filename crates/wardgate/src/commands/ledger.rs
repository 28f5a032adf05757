//! `wardgate ledger`: verify, read, prove and export the ledger, beside a server that may run.

mod entries;
mod export;
mod fork;
mod project;
mod prove;
mod search;
mod tail;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use wardgate_ledger::Published;
use wardgate_ledger::note::VerifierKey;

use super::Ended;
use crate::data_dir::{DataDir, LEDGER_KEY_FILE};
use crate::failure::Failure;
use crate::output::Output;

/// Verify, read, prove, export and prune the ledger
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Verify(verify::Arguments),
    Tail(tail::Arguments),
    Search(search::Arguments),
    Prove(prove::Arguments),
    Export(export::Arguments),
    Project(project::Arguments),
    Prune(super::prune::Arguments),
    DeclareFork(fork::Arguments),
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Verify(arguments) => verify::run(arguments, output),
        Command::Tail(arguments) => tail::run(arguments, output),
        Command::Search(arguments) => search::run(arguments, output),
        Command::Prove(arguments) => prove::run(arguments, output),
        Command::Export(arguments) => export::run(arguments, output),
        Command::Project(arguments) => project::run(arguments, output),
        Command::Prune(arguments) => super::prune::run(arguments, output),
        Command::DeclareFork(arguments) => fork::run(arguments, output),
    }
}

/// What is published in a data directory, a ledger or an export, as the key file beside it has
/// signed it.
pub(super) fn published(dir: &Path) -> Result<Published, Failure> {
    let ledger = ledger_of(dir);
    let keys = VerifierKey::parse_list(&keys_beside(&ledger)?)?;
    Ok(Published::open(&ledger, &keys)?)
}

/// The ledger itself, or the one of a data directory.
fn ledger_of(dir: &Path) -> PathBuf {
    let data = DataDir::at(dir);
    if data.config_file().is_file() {
        data.ledger()
    } else {
        dir.to_owned()
    }
}

/// A verifier key is never the path of a file: it holds `+` twice.
fn keys_of(key: &str) -> String {
    fs::read_to_string(key).unwrap_or_else(|_| key.to_owned())
}

fn keys_beside(ledger: &Path) -> Result<String, Failure> {
    let found = [
        ledger.join(LEDGER_KEY_FILE),
        ledger.join("..").join(LEDGER_KEY_FILE),
    ]
    .iter()
    .find_map(|path| fs::read_to_string(path).ok());
    found.ok_or_else(|| {
        Failure::new(
            format!(
                "there is no file `{LEDGER_KEY_FILE}` beside `{}`",
                ledger.display()
            ),
            "give the verifier key with `--key`; `wardgate init` printed it",
        )
    })
}
