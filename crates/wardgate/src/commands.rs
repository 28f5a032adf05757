//! The command line: one file per command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Output;

mod admin;
mod anonymize;
pub(crate) mod apply;
mod backup;
pub(crate) mod call;
mod consent;
mod deid;
mod demo;
mod doctor;
mod hold;
pub(crate) mod init;
pub(crate) mod key;
mod ledger;
mod login;
mod logout;
pub(crate) mod patient;
mod policy;
mod prune;
mod reference;
mod relay;
mod release;
mod remote;
mod restore;
mod retention;
mod serve;
mod table;
mod vault;
mod witness;

/// Guard every call between a hospital and its AI
///
/// Wardgate identifies, authorises, de-identifies, screens and records each call to a model,
/// and refuses it when a governance fact has lapsed.
#[derive(Debug, Parser)]
#[command(name = "wardgate", version, disable_help_subcommand = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Print results as JSON for machines
    #[arg(long, global = true, display_order = JSON_ORDER)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Serve(serve::Arguments),
    Doctor(doctor::Arguments),
    Apply(apply::Arguments),
    #[command(subcommand)]
    Admin(admin::Command),
    #[command(subcommand)]
    Key(key::Command),
    #[command(subcommand)]
    Patient(patient::Command),
    #[command(subcommand)]
    Policy(policy::Command),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    #[command(subcommand)]
    Hold(hold::Command),
    #[command(subcommand)]
    Retention(retention::Command),
    #[command(subcommand)]
    Consent(consent::Command),
    #[command(subcommand)]
    Call(call::Command),
    #[command(subcommand)]
    Ledger(ledger::Command),
    #[command(subcommand)]
    Vault(vault::Command),
    #[command(subcommand)]
    Witness(witness::Command),
    #[command(subcommand)]
    Deid(deid::Command),
    #[command(subcommand)]
    Relay(relay::Command),
    Anonymize(Box<anonymize::Arguments>),
    #[command(subcommand)]
    Table(table::Command),
    #[command(subcommand)]
    Release(release::Command),

    Login(login::Arguments),
    Logout(logout::Arguments),
    Remote(remote::Arguments),
    Reference(reference::Arguments),
}

/// Which data directory.
#[derive(Debug, Args)]
struct Dir {
    /// Data directory, made by `wardgate init`
    #[arg(long, value_name = "DIR", default_value = "wardgate-data")]
    dir: PathBuf,
}

impl Dir {
    fn existing(&self) -> Result<DataDir, Failure> {
        DataDir::existing(&self.dir)
    }
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    /// It worked, and what it found is not good.
    Badly,
}

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.json };
    let ended = match &cli.command {
        Command::Demo(arguments) => demo::run(arguments, output),
        Command::Init(arguments) => init::run(arguments, output),
        Command::Serve(arguments) => serve::run(arguments, output),
        Command::Doctor(arguments) => doctor::run(arguments, output),
        Command::Apply(arguments) => apply::run(arguments, output),
        Command::Admin(command) => admin::run(command, output),
        Command::Key(command) => key::run(command, output),
        Command::Patient(command) => patient::run(command, output),
        Command::Policy(command) => policy::run(command, output),
        Command::Backup(arguments) => backup::run(arguments, output),
        Command::Restore(arguments) => restore::run(arguments, output),
        Command::Hold(command) => hold::run(command, output),
        Command::Retention(command) => retention::run(command, output),
        Command::Consent(command) => consent::run(command, output),
        Command::Call(command) => call::run(command, output),
        Command::Ledger(command) => ledger::run(command, output),
        Command::Vault(command) => vault::run(command, output),
        Command::Witness(command) => witness::run(command, output),
        Command::Deid(command) => deid::run(command, output),
        Command::Relay(command) => relay::run(command, output),
        Command::Anonymize(arguments) => anonymize::run(arguments, output),
        Command::Table(command) => table::run(command, output),
        Command::Release(command) => release::run(command, output),
        Command::Login(arguments) => login::run(arguments, output),
        Command::Logout(arguments) => logout::run(arguments, output),
        Command::Remote(arguments) => remote::run(arguments, output),
        Command::Reference(arguments) => reference::run(arguments, output),
    };
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Badly) => ExitCode::FAILURE,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// Behind every option that a command has of its own, however many there are.
const JSON_ORDER: usize = 900;

const AFTER_HELP: &str =
    "Exit codes: 0 done, 1 failed (the reason and a hint stand on standard error), 2 wrong use.

Example:
  wardgate demo";

#[cfg(test)]
mod tests;
