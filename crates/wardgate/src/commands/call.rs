//! `wardgate call`: one recorded call.

use clap::{Args, Subcommand};
use wardgate_ledger::JournalError;
use wardgate_records::{PayloadPart, RecordId, RecordsError, StoredPayload};
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
        let payloads = records.open_payloads().map_err(|error| match error {
            RecordsError::Journal(JournalError::Locked { .. }) => Failure::new(
                "a running server holds the payloads",
                "stop the server, or look at a copy of the data directory",
            ),
            error => error.into(),
        })?;
        let shown = of_read(payloads.read(arguments.record));
        payloads.close();
        records.store.close().await;
        shown
    })?;
    output.value(&json(arguments.record, &shown), || text(&shown));
    Ok(Ended::Well)
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
    "Needs the data directory and its passphrase, and no server may be running.
Says `shredded` when the patient's key was destroyed.

Exit codes: 0 shown or shredded, 1 failed, 2 wrong use.

Example:
  wardgate call show --dir /var/lib/wardgate 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";
