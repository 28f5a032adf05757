//! Development commands: `cargo xtask <command>`. `ci` is exactly what CI runs.
//!
//! Every build of the workspace here uses the `demo` profile, so that one compiled tree serves the
//! checks, the demo, the tests and the benchmarks.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program for developers talks to a terminal"
)]

mod audit;
mod bench;
mod bulk;
mod check;
mod ci;
mod deny;
mod docs;
mod e2e;
mod faults;
mod foreign;
mod foreign_store;
mod fuzz_smoke;
mod gates;
mod mutants;
mod neural;
mod notes;
mod process;
mod records;
mod source;
mod step;
mod surface;
mod tagger;
mod test;
mod tidy;
mod tool;
mod verify_static;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Development commands of Wardgate")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check formatting and layout, and run clippy over the whole workspace
    Check,
    /// Run every test of the workspace and end with one line of totals
    Test {
        /// Arguments for `cargo test`, for example `-p wardgate-deid`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Run the official OpenAI packages and curl against the real binary
    E2e,
    /// Verify ledgers of the real binary with a verifier in Go, also with bits changed
    Foreign(foreign::Options),
    /// Check an export of the demo's ledger and the event schema with foreign libraries
    Audit,
    /// Judge TLS, headers, cookies and the interface of the real binary with foreign tools
    Surface,
    /// Judge de-identified records and anonymised tables with foreign libraries
    Records {
        /// Only the test files of this pattern, for example `test_dicom*.py`
        #[arg(long)]
        only: Option<String>,
    },
    /// Build `wardgate-bulk` and compare a run on a cluster with one on a single machine
    Bulk,
    /// Measure the real binary on loopback
    Bench(bench::Options),
    /// Check what lints cannot: sizes, borders between crates, names, leftovers
    Tidy,
    /// Build the fuzz targets and run each for some seconds
    FuzzSmoke {
        /// Seconds for each target
        #[arg(long, default_value_t = fuzz_smoke::SECONDS)]
        seconds: u64,
    },
    /// Check licences, sources and banned crates with cargo-deny
    Deny,
    /// Show that no gate can be removed from the pipeline and no proof forged
    Gates {
        /// Only this gate or forgery
        #[arg(long)]
        only: Option<String>,
    },
    /// Change the trust core in small ways and count how many changes its tests notice
    Mutants(mutants::Options),
    /// Lint and test the layer that runs a model, which no default build has
    Neural,
    /// Generate clinical notes with gold spans
    Notes(notes::Options),
    /// Write the generated reference pages
    Docs {
        /// Compare instead of writing
        #[arg(long)]
        check: bool,
    },
    /// Train and measure the learned tagger of wardgate-deid
    Tagger(tagger::Options),
    /// Build `wardgate-verify` as one small static program for Linux on x86-64
    VerifyStatic,
    /// Fail the system calls and the power of a ledger that is being written
    Faults,
    /// Everything that CI runs
    Ci,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Check => check::run(&workspace)?,
        Command::Test { rest } => test::run(&workspace, &rest)?,
        Command::E2e => e2e::run(&workspace)?,
        Command::Audit => audit::run(&workspace)?,
        Command::Records { only } => records::run(&workspace, only.as_deref())?,
        Command::Bulk => bulk::run(&workspace)?,
        Command::Surface => surface::run(&workspace)?,
        Command::Foreign(options) => foreign::run(&workspace, &options)?,
        Command::Bench(options) => bench::run(&workspace, &options)?,
        Command::Tidy => tidy::run(&workspace)?,
        Command::FuzzSmoke { seconds } => fuzz_smoke::run(&workspace, seconds)?,
        Command::Deny => deny::run(&workspace)?,
        Command::Gates { only } => gates::run(&workspace, only.as_deref())?,
        Command::Mutants(options) => mutants::run(&workspace, &options)?,
        Command::Neural => neural::run(&workspace)?,
        Command::Notes(options) => notes::run(&workspace, &options)?,
        Command::Docs { check } => docs::run(&workspace, check)?,
        Command::Tagger(options) => tagger::run(&workspace, &options)?,
        Command::VerifyStatic => verify_static::run(&workspace)?,
        Command::Faults => faults::run(&workspace)?,
        Command::Ci => return ci::run(&workspace),
    }
    Ok(ExitCode::SUCCESS)
}
