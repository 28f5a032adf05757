//! `wardgate call`: one recorded call.

mod committed;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use wardgate_ledger::JournalError;
use wardgate_records::{PayloadPart, PayloadStore, RecordId, RecordsError, StoredPayload};
use wardgate_vault::{PatientHandle, VaultError};

use self::committed::Committed;
use super::{Dir, Ended, ledger};
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
    let (shown, erased) = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let shown = show(&records, arguments.record).await;
        records.store.close().await;
        shown
    })?;
    let committed = match &shown {
        Shown::Readable(payloads) => {
            let published = ledger::published(&arguments.dir.dir)?;
            committed::compare(&published, arguments.record, payloads)?
        }
        Shown::Shredded => Vec::new(),
    };
    let value = json(arguments.record, (&shown, &committed), erased.as_ref());
    output.value(&value, || text((&shown, &committed), erased.as_ref()));
    Ok(if committed.iter().all(|committed| committed.fits) {
        Ended::Well
    } else {
        Ended::Badly
    })
}

/// What is left of a call, and the record of the shredding that erased it.
async fn show(records: &Records, record: RecordId) -> Result<(Shown, Option<Erased>), Failure> {
    let (shown, patient) = with_payloads(records, |payloads| {
        let shown = of_read(payloads.read(record))?;
        let patient = match shown {
            Shown::Shredded => payloads.patient_of(record)?,
            Shown::Readable(_) => None,
        };
        Ok((shown, patient))
    })?;
    let Some(patient) = patient else {
        return Ok((shown, None));
    };
    let destroyed = records.store.destroyed(patient).await?;
    let erased = destroyed.map(|destroyed| Erased {
        patient,
        statement: serde_json::from_slice(&destroyed.statement).unwrap_or_default(),
        index: destroyed.index,
    });
    Ok((shown, erased))
}

/// The record of a shredding.
struct Erased {
    patient: PatientHandle,
    statement: serde_json::Value,
    index: Option<u64>,
}

/// Reads the sealed payloads, also while a server writes them.
pub(crate) fn with_payloads<T>(
    records: &Records,
    read: impl FnOnce(&PayloadStore) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (payloads, _beside) = match records.open_payloads() {
        Ok(payloads) => (payloads, None),
        Err(RecordsError::Journal(JournalError::Locked { .. })) => {
            let beside = Beside::of(&records.dir.payloads())?;
            let payloads = PayloadStore::open(&beside.0, records.vault.clone())?.0;
            (payloads, Some(beside))
        }
        Err(error) => return Err(error.into()),
    };
    let done = read(&payloads);
    payloads.close();
    done
}

/// The sealed payloads once more, for reading while a server writes: links to the segments that
/// are closed, a copy of the one that grows. It goes away after reading.
struct Beside(PathBuf);

impl Beside {
    fn of(payloads: &Path) -> Result<Self, Failure> {
        remove_left_behind(payloads);
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

/// Removes what readers left behind that were killed: nobody holds its lock any more. A fault
/// here is no reason not to read.
fn remove_left_behind(payloads: &Path) {
    let name = payloads.file_name().unwrap_or_default().to_string_lossy();
    let begin = format!("{name}.reading-");
    let siblings = payloads
        .parent()
        .and_then(|parent| fs::read_dir(parent).ok());
    for sibling in siblings.into_iter().flatten().flatten() {
        if !sibling.file_name().to_string_lossy().starts_with(&begin) {
            continue;
        }
        let lock = fs::File::open(sibling.path().join("lock"));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(sibling.path());
        }
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

fn of_part(committed: &[Committed], part: PayloadPart) -> Option<&Committed> {
    committed.iter().find(|committed| committed.part == part)
}

fn json(
    record: RecordId,
    (shown, committed): (&Shown, &[Committed]),
    erased: Option<&Erased>,
) -> serde_json::Value {
    match shown {
        Shown::Shredded => serde_json::json!({
            "record": record.to_string(),
            "shredded": true,
            "payload": "erased",
            "patient": erased.map(|erased| erased.patient.to_string()),
            "shredded_by_entry": erased.and_then(|erased| erased.index),
            "statement": erased.map(|erased| &erased.statement),
        }),
        Shown::Readable(payloads) => {
            let parts: Vec<_> = payloads
                .iter()
                .map(|payload| {
                    let committed = of_part(committed, payload.part);
                    serde_json::json!({
                        "part": part(payload.part),
                        "entry": committed.map(|committed| committed.entry),
                        "as_committed": committed.map(|committed| committed.fits),
                        "patient": payload.patient.map(|patient| patient.to_string()),
                        "body": String::from_utf8_lossy(&payload.body),
                    })
                })
                .collect();
            serde_json::json!({"record": record.to_string(), "shredded": false, "payloads": parts})
        }
    }
}

fn text((shown, committed): (&Shown, &[Committed]), erased: Option<&Erased>) -> String {
    match shown {
        Shown::Shredded => {
            let mut text =
                "shredded: the patient's key was destroyed, and nobody can read this call any more"
                    .to_owned();
            if let Some(erased) = erased {
                let at = erased.statement.get("shredded_at");
                let at = at
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or("an unknown time");
                text.push_str(&format!(
                    "\n  erased at {at} for patient {}",
                    erased.patient
                ));
                if let Some(index) = erased.index {
                    text.push_str(&format!(", ledger entry {index}"));
                }
            }
            text
        }
        Shown::Readable(payloads) => {
            let style = Style::of_stdout();
            let parts: Vec<_> = payloads
                .iter()
                .map(|payload| {
                    let title = style.bold(part(payload.part));
                    let said = match of_part(committed, payload.part) {
                        Some(Committed {
                            entry, fits: true, ..
                        }) => {
                            style.green(&format!("as entry {entry} of the ledger committed to it"))
                        }
                        Some(Committed { entry, .. }) => style.red(&format!(
                            "NOT what entry {entry} of the ledger committed to"
                        )),
                        None => "no published entry commits to it".to_owned(),
                    };
                    format!(
                        "{title}, {said}\n{}",
                        String::from_utf8_lossy(&payload.body)
                    )
                })
                .collect();
            parts.join("\n\n")
        }
    }
}

const AFTER_HELP: &str =
    "Needs the data directory and its passphrase. Works beside a running server.
Says whether each part is what the ledger committed to when the call was made, and `shredded` when
the patient's key was destroyed.

Exit codes: 0 shown or shredded, 1 failed or not as committed, 2 wrong use.

Example:
  wardgate call show --dir /var/lib/wardgate 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";
