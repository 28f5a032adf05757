//! `wardgate remote`: any request to the interface of a console.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Remote, Server};
use crate::wiring;

/// Ask the console that was signed in to
///
/// The token comes from `WARDGATE_TOKEN` or from `wardgate login`. `/api/openapi.json` describes
/// what can be asked.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    server: Server,

    /// What to do
    #[arg(value_enum, ignore_case = true)]
    method: Method,

    /// Path, such as /api/people
    #[arg(value_name = "PATH")]
    path: String,

    /// File with the JSON to send; `-` for standard input
    #[arg(short, long, value_name = "FILE")]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let body = arguments.data.as_deref().map(read).transpose()?;
    let remote = Remote::signed_in(&arguments.server)?;
    let runtime = wiring::control_runtime()?;
    let answer = runtime.block_on(remote.ask(arguments.method.as_str(), &arguments.path, body))?;
    // The answer is data, in one form for people and machines.
    if !answer.is_null() {
        output.line(&format!("{answer:#}"));
    }
    Ok(Ended::Well)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::file("read", path, &error))?;
    Ok(bytes)
}

const AFTER_HELP: &str = "Exit codes: 0 done, 1 failed or refused, 2 wrong use.

Example:
  wardgate remote get /api/people";
