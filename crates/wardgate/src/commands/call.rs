//! `wardgate call`: one recorded call.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use wardgate_ledger::JournalError;
use wardgate_records::{PayloadPart, PayloadStore, RecordId, RecordsError, StoredPayload};
use wardgate_vault::VaultError;

use super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring::{self, Records};

/// Look at one recorded call
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Show(Arguments),
}

/// Show the sealed request and answer of a call, with the patient's data
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Record of the call: the header `wardgate-record` of its answer
    #[arg(value_name = "RECORD")]
    record: RecordId,
}

/// What is left of a call's payload.
pub(crate) enum Shown {
    Readable(Vec<StoredPayload>),
    /// The patient's key was destroyed.
    Shredded,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let Command::Show(arguments) = command;
    let dir = arguments.dir.existing()?;
    let shown = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let shown = match records.open_payloads() {
            Ok(payloads) => read(&payloads, arguments.record),
            Err(RecordsError::Journal(JournalError::Locked { .. })) => {
                let beside = Beside::of(&records.dir.payloads())?;
                let opened = PayloadStore::open(&beside.0, records.vault.clone())?;
                read(&opened.0, arguments.record)
            }
            Err(error) => Err(error.into()),
        };
        records.store.close().await;
        shown
    })?;
    output.value(&json(arguments.record, &shown), || text(&shown));
    Ok(Ended::Well)
}

fn read(payloads: &PayloadStore, record: RecordId) -> Result<Shown, Failure> {
    let shown = of_read(payloads.read(record));
    payloads.close();
    shown
}

/// The sealed payloads once more, for reading while a server writes: links to the segments that
/// are closed, a copy of the one that grows. It goes away after reading.
struct Beside(PathBuf);

impl Beside {
    fn of(payloads: &Path) -> Result<Self, Failure> {
        let unique: [u8; 6] = wardgate_vault::random();
        let suffix: String = unique.iter().map(|byte| format!("{byte:02x}")).collect();
        let beside = Self(payloads.with_extension(format!("reading-{suffix}")));
        link_segments(payloads, &beside.0)
            .map_err(|error| Failure::file("read", payloads, &error))?;
        Ok(beside)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // What is left behind is sealed, and only links and a copy.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn link_segments(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    let mut segments = Vec::new();
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "seg") {
            segments.push(path);
        }
    }
    segments.sort();
    let newest = segments.pop();
    for segment in &segments {
        fs::hard_link(segment, to.join(segment.file_name().unwrap_or_default()))?;
    }
    if let Some(newest) = newest {
        fs::copy(&newest, to.join(newest.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// Being shredded is an answer, not a failure.
pub(crate) fn of_read(read: Result<Vec<StoredPayload>, RecordsError>) -> Result<Shown, Failure> {
    match read {
        Ok(payloads) => Ok(Shown::Readable(payloads)),
        Err(RecordsError::Vault(VaultError::Shredded)) => Ok(Shown::Shredded),
        Err(error) => Err(error.into()),
    }
}

fn part(part: PayloadPart) -> &'static str {
    match part {
        PayloadPart::Request => "request",
        PayloadPart::Answer => "answer",
        _ => "other",
    }
}

fn json(record: RecordId, shown: &Shown) -> serde_json::Value {
    match shown {
        Shown::Shredded => serde_json::json!({"record": record.to_string(), "shredded": true}),
        Shown::Readable(payloads) => {
            let parts: Vec<_> = payloads
                .iter()
                .map(|payload| {
                    serde_json::json!({
                        "part": part(payload.part),
                        "patient": payload.patient.map(|patient| patient.to_string()),
                        "body": String::from_utf8_lossy(&payload.body),
                    })
                })
                .collect();
            serde_json::json!({"record": record.to_string(), "shredded": false, "payloads": parts})
        }
    }
}

fn text(shown: &Shown) -> String {
    match shown {
        Shown::Shredded => {
            "shredded: the patient's key was destroyed, and nobody can read this call any more"
                .to_owned()
        }
        Shown::Readable(payloads) => {
            let style = Style::of_stdout();
            let parts: Vec<_> = payloads
                .iter()
                .map(|payload| {
                    let title = style.bold(part(payload.part));
                    format!("{title}\n{}", String::from_utf8_lossy(&payload.body))
                })
                .collect();
            parts.join("\n\n")
        }
    }
}

const AFTER_HELP: &str =
    "Needs the data directory and its passphrase. Works beside a running server.
Says `shredded` when the patient's key was destroyed.

Exit codes: 0 shown or shredded, 1 failed, 2 wrong use.

Example:
  wardgate call show --dir /var/lib/wardgate 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";
