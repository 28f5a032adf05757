//! `wardgate ledger`: verify the ledger offline, look at its last entries.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use wardgate_ledger::{JournalError, LedgerError, Verified, verify};
use wardgate_records::events::StoredEvent;

use super::{Dir, Ended};
use crate::data_dir::{DataDir, LEDGER_KEY_FILE};
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring::{self, Records};

/// Verify the ledger, look at its last entries, prune it
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Verify(Verify),
    Tail(Tail),
    Prune(super::prune::Arguments),
}

/// Verify a ledger offline and name the first bad entry
#[derive(Debug, Args)]
#[command(after_help = VERIFY_AFTER_HELP)]
pub(super) struct Verify {
    /// Ledger directory, or the data directory that holds it
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// Verifier key, or a file that holds some, one a line; each must have signed [default: the file `ledger.vkey` beside the ledger]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Show the last entries of the ledger; no server may be running
#[derive(Debug, Args)]
#[command(after_help = TAIL_AFTER_HELP)]
pub(super) struct Tail {
    #[command(flatten)]
    dir: Dir,

    /// How many entries
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    entries: u64,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Verify(arguments) => run_verify(arguments, output),
        Command::Tail(arguments) => run_tail(arguments, output),
        Command::Prune(arguments) => super::prune::run(arguments, output),
    }
}

fn run_verify(arguments: &Verify, output: Output) -> Result<Ended, Failure> {
    let ledger = ledger_of(&arguments.dir);
    let key = match &arguments.key {
        Some(key) => key_of(key),
        None => beside(&ledger)?,
    };
    match verify(&ledger, &key) {
        Ok(verified) => {
            output.value(&json(&verified), || text(&verified));
            Ok(Ended::Well)
        }
        Err(error) => {
            let value = serde_json::json!({
                "verified": false,
                "first_bad_entry": error.index(),
                "message": error.to_string(),
                "hint": error.hint(),
            });
            if output.json {
                output.value(&value, String::new);
                return Ok(Ended::Badly);
            }
            Err(error.into())
        }
    }
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
fn key_of(key: &str) -> String {
    fs::read_to_string(key).unwrap_or_else(|_| key.to_owned())
}

fn beside(ledger: &Path) -> Result<String, Failure> {
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

fn json(verified: &Verified) -> serde_json::Value {
    serde_json::json!({
        "verified": true,
        "origin": verified.origin,
        "entries": verified.size,
        "root": hex(&verified.root),
        "unpublished": verified.unpublished,
        "unfinished_bytes": verified.unfinished_bytes,
        "journal_segments": verified.journal_segments,
    })
}

fn text(verified: &Verified) -> String {
    let mut text = format!(
        "{} {} entries of {}\n  root {}",
        Style::of_stdout().green("verified:"),
        verified.size,
        verified.origin,
        hex(&verified.root)
    );
    if verified.unpublished > 0 {
        text.push_str(&format!(
            "\n  {} more entries are durable and follow with the next checkpoint",
            verified.unpublished
        ));
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run_tail(arguments: &Tail, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let ledger = records.open_ledger().map_err(|error| match error {
            LedgerError::Journal(JournalError::Locked { .. }) => Failure::new(
                "a running server holds the ledger",
                "read its published entries below `ledger/tile`, or stop the server",
            ),
            error => error.into(),
        })?;
        let first = ledger.size().saturating_sub(arguments.entries);
        for entry in ledger.entries(first..) {
            let (index, leaf) = entry?;
            output.line(&line(index, &leaf, output));
        }
        ledger.close()?;
        records.store.close().await;
        Ok(Ended::Well)
    })
}

/// One entry on one line.
fn line(index: u64, leaf: &[u8], output: Output) -> String {
    let whole = String::from_utf8_lossy(leaf);
    if output.json {
        return format!("{{\"index\":{index},\"entry\":{whole}}}");
    }
    let Ok(event) = StoredEvent::parse(leaf) else {
        return format!("{index:>8}  {whole}");
    };
    let named: Vec<_> = SHOWN
        .iter()
        .filter_map(|name| Some(format!("{name}={}", event.text(name)?)))
        .collect();
    format!(
        "{index:>8}  {:.19}  {:<17} {}",
        event.at.to_string(),
        event.kind.as_str(),
        named.join(" ")
    )
}

/// What a reader looks for first.
const SHOWN: [&str; 10] = [
    "status",
    "code",
    "app",
    "person",
    "system",
    "purpose",
    "record",
    "record_id",
    "patient",
    "call",
];

const VERIFY_AFTER_HELP: &str = "Checks the signature, every entry against every tile and the root, and the journal if it is there.
Works on a copy, and beside a running server.

Exit codes: 0 verified, 1 not verified or not readable, 2 wrong use.

Example:
  wardgate ledger verify /var/lib/wardgate";

const TAIL_AFTER_HELP: &str = "Exit codes: 0 shown, 1 failed, 2 wrong use.

Example:
  wardgate ledger tail --dir /var/lib/wardgate -n 5";
