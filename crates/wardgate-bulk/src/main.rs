//! De-identifies whole folders of text files, on all cores.
//!
//! What this program deliberately does not do: it knows no patients on file and reverses nothing.
//! The key that its placeholders are made with comes from a file that the caller keeps.

mod folder;
mod work;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// De-identify every text file of a folder
#[derive(Debug, Parser)]
#[command(name = "wardgate-bulk", version, after_help = AFTER_HELP)]
struct Arguments {
    /// Folder to read; files that end in .txt, .text or .md, in its folders too
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// Folder to write; it must not exist yet
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// File of at least 32 random bytes: equal values get equal placeholders in every run with it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Threads; 0 takes one per core
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    threads: usize,

    /// Print the report as JSON for machines
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match work::run(
        &arguments.input,
        &arguments.out,
        &arguments.key,
        arguments.threads,
    ) {
        Ok(report) => {
            let text = if arguments.json {
                report.json()
            } else {
                report.text()
            };
            // A reader that went away is no reason to fail.
            let _ = writeln!(std::io::stdout().lock(), "{text}");
            if report.is_complete() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(failure) => {
            let _ = writeln!(
                std::io::stderr().lock(),
                "error: {}\nhint: {}",
                failure.message,
                failure.hint
            );
            ExitCode::FAILURE
        }
    }
}

const AFTER_HELP: &str =
    "Files that can not be read, are not UTF-8 or would still surely identify somebody are left out, named on no output,
and counted.
The report holds counts only.

Exit codes: 0 every file was written, 1 some were not or the run failed, 2 wrong use.

Example:
  wardgate-bulk notes/ masked/ --key bulk.key";
