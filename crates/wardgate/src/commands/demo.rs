//! `wardgate demo`: an example hospital, real calls, and what happened.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::demo;
use crate::failure::Failure;
use crate::output::Output;

/// Watch real calls pass, or be refused by, the real gate in front of a stand-in model
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Directory to make and keep, with demo.json in it [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// End after the scripted calls instead of serving on
    #[arg(long)]
    exit: bool,

    /// Address of the gate; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,

    /// Address of the console; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    console: SocketAddr,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let options = demo::Options {
        dir: arguments.dir.clone(),
        exit: arguments.exit,
        listen: arguments.listen,
        console: arguments.console,
    };
    let as_stated = demo::run(&options, output)?;
    Ok(if as_stated { Ended::Well } else { Ended::Badly })
}

const AFTER_HELP: &str = "Everything is invented: the hospital, its patients, and the model, which answers from the text it is
given. The gate, its policies, its ledger and its vault are real. When port 8443 or 8444 is taken,
the demo takes a free one and says so.

Exit codes: 0 every call went as stated, 1 some did not or the demo failed, 2 wrong use.

Example:
  wardgate demo --dir hospital";
