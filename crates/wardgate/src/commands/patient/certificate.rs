//! `wardgate patient certificate` and `verify`: the proof that a key was destroyed.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use wardgate_ledger::Published;
use wardgate_ledger::note::VerifierKey;
use wardgate_vault::PatientHandle;

use crate::commands::{Dir, Ended};
use crate::data_dir::DataDir;
use crate::destruction;
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring::{self, Records};

/// Write the certificate of a shredding again
#[derive(Debug, Args)]
#[command(after_help = ISSUE_AFTER_HELP)]
pub(in crate::commands) struct Issue {
    #[command(flatten)]
    dir: Dir,

    /// Random handle of the patient, as `patient shred` and the ledger name it
    #[arg(value_name = "HANDLE")]
    patient: PatientHandle,

    /// File to write; it must not exist
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

/// Verify a certificate of destruction offline
#[derive(Debug, Args)]
#[command(after_help = VERIFY_AFTER_HELP)]
pub(in crate::commands) struct Verify {
    /// The certificate
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Verifier key of the ledger, or a file that holds it
    #[arg(long, value_name = "KEY")]
    key: String,
}

pub(super) fn run_issue(arguments: &Issue, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    wiring::control_runtime()?.block_on(issue(dir, arguments.patient, &arguments.out))?;
    let value = serde_json::json!({"certificate": arguments.out});
    output.value(&value, || format!("Wrote `{}`", arguments.out.display()));
    Ok(Ended::Well)
}

/// Writes the certificate as soon as the ledger has published the entry.
pub(super) async fn issue(dir: DataDir, patient: PatientHandle, out: &Path) -> Result<(), Failure> {
    let records = Records::open(dir).await?;
    let signer = wiring::ledger_signer(&records.vault, &records.config.node.name)?;
    let keys = [signer.verifier_key().clone()];
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut text = None;
    for _ in 0..LOOKS_MAX {
        look.tick().await;
        let destroyed = records.store.destroyed(patient).await?.ok_or_else(|| {
            Failure::new(
                "no key of this patient was destroyed",
                "name the handle that `wardgate patient shred` printed",
            )
        })?;
        let published = Published::open(&records.dir.ledger(), &keys)?;
        text = destruction::certificate(&destroyed, &published, &signer)?;
        if text.is_some() {
            break;
        }
    }
    records.store.close().await;
    let text = text.ok_or_else(|| {
        Failure::new(
            "the ledger has not published the entry of the shredding yet",
            "the key is destroyed; ask again with `wardgate patient certificate`",
        )
    })?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(out)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
    written.map_err(|error| Failure::file("write", out, &error))
}

pub(super) fn run_verify(arguments: &Verify, output: Output) -> Result<Ended, Failure> {
    // A verifier key is never the path of a file: it holds `+` twice.
    let text = std::fs::read_to_string(&arguments.key).unwrap_or_else(|_| arguments.key.clone());
    let key = VerifierKey::parse(text.lines().next().unwrap_or_default())?;
    let certified = destruction::check(&arguments.file, &key)?;
    let statement: serde_json::Value =
        serde_json::from_str(&certified.statement).unwrap_or_default();
    let value = serde_json::json!({
        "verified": true,
        "origin": certified.origin,
        "index": certified.index,
        "statement": statement,
    });
    output.value(&value, || {
        format!(
            "{} the key of patient {} was destroyed at {}\n  entry {} of {}\n  {}",
            Style::of_stdout().green("verified:"),
            certified.patient,
            certified.at,
            certified.index,
            certified.origin,
            certified.statement,
        )
    });
    Ok(Ended::Well)
}

/// A running server publishes within a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const LOOKS_MAX: usize = 50;

const ISSUE_AFTER_HELP: &str = "The certificate is a signed note with the statement, the ledger entry that holds its digest, and
the proof of that entry. It says in itself how to check it without Wardgate.

Exit codes: 0 written, 1 failed, 2 wrong use.

Example:
  wardgate patient certificate 00112233445566778899aabbccddeeff destroyed.note";

const VERIFY_AFTER_HELP: &str = "Needs the file and the key only.

Exit codes: 0 verified, 1 not verified or not readable, 2 wrong use.

Example:
  wardgate patient verify destroyed.note --key ledger.vkey";
