//! `wardgate-verify`: the tool of an auditor. It links the log formats and nothing else of
//! Wardgate, opens no connection, writes no file and trusts only the keys that it is given.

mod arguments;
mod directory;
mod inputs;
mod report;
mod run;

use std::io::Write;
use std::process::ExitCode;

use crate::arguments::Parsed;

fn main() -> ExitCode {
    let given = std::env::args_os().skip(1);
    let (text, code) = match arguments::parse(given) {
        Ok(Parsed::Help) => (arguments::HELP.to_owned(), 0),
        Ok(Parsed::Version) => (
            format!("wardgate-verify {}\n", env!("CARGO_PKG_VERSION")),
            0,
        ),
        Ok(Parsed::Task(task, json)) => {
            let outcome = run::run(&task);
            let code = outcome.exit_code();
            match json {
                true => (outcome.json(), code),
                false => (outcome.text(), code),
            }
        }
        Err(wrong) => (format!("error: {wrong}\nhint: wardgate-verify --help\n"), 2),
    };
    // What went well is data; the rest is talk.
    let written = match code {
        2 => std::io::stderr().write_all(text.as_bytes()),
        _ => std::io::stdout().write_all(text.as_bytes()),
    };
    match written {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(1),
    }
}
