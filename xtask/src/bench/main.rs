//! `gate-bench`: measures whole processes on loopback, in interleaved rounds of one run.
//!
//! Started by `cargo xtask bench gate`, which builds everything first. The same program is the mock
//! model, the TCP copier that serves as the floor, and the load.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program for developers talks to a terminal"
)]

mod copier;
mod cpu;
mod figures;
mod http;
mod load;
mod machine;
mod mock;
mod note;
mod pace;
mod report;
mod rivals;
mod rounds;
mod servers;
mod wardgate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "gate-bench")]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Serve as the mock model; prints the address
    Mock,
    /// Copy bytes to an address; prints the own address
    Copier { to: SocketAddr },
    /// Run the bench
    Run(RunOptions),
}

#[derive(Debug, clap::Args)]
struct RunOptions {
    /// The binary to measure; without it only the others are measured
    #[arg(long)]
    wardgate: Option<PathBuf>,
    /// `bin` directory of a Python environment with LiteLLM and Presidio
    #[arg(long)]
    litellm: Option<PathBuf>,
    /// The redact-gateway program
    #[arg(long)]
    redact_gateway: Option<PathBuf>,
    /// Directory for data and logs
    #[arg(long)]
    home: PathBuf,
    /// Where to write the report; without it, only to the terminal
    #[arg(long)]
    report: Option<PathBuf>,
    /// Interleaved rounds
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of each phase of a round
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Fail when a bar is not met
    #[arg(long)]
    strict: bool,
}

fn main() -> ExitCode {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let result = match Arguments::parse().role {
        Role::Mock => mock::serve(any).map_err(anyhow::Error::from),
        Role::Copier { to } => copier::serve(any, to).map_err(anyhow::Error::from),
        Role::Run(options) => run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts the servers, runs the rounds, reports.
fn run(options: &RunOptions) -> Result<()> {
    std::fs::create_dir_all(&options.home)?;
    let figures = rounds::run(options)?;
    let machine = machine::Machine::read(&options.home);
    print!("{}", report::tables(&figures));
    let bars = report::bars(&figures);
    print!("{}", report::verdicts(&bars));
    if let Some(path) = &options.report {
        // The ledger has a section of its own, written by `cargo xtask bench ledger`.
        let before = std::fs::read_to_string(path).unwrap_or_default();
        let ledger = before.find("\n## Ledger").and_then(|at| before.get(at..));
        let document = report::document(&figures, &bars, &machine);
        std::fs::write(path, document + ledger.unwrap_or_default())?;
        println!("written: {}", path.display());
    }
    let missed = bars.iter().filter(|bar| !bar.met).count();
    anyhow::ensure!(!options.strict || missed == 0, "{missed} bars are not met");
    Ok(())
}
