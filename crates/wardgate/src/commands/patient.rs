//! `wardgate patient`: what concerns one patient.

use clap::{Args, Subcommand};
use wardgate_records::Shredded;

use super::{Dir, Ended};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Recorded, Records};

/// Destroy a patient's key
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Shred(Arguments),
}

/// Destroy a patient's key: all that it sealed becomes unreadable for good
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// `Patient/123`, or an identifier on file
    #[arg(value_name = "PATIENT")]
    reference: String,

    /// Do it; without this, nothing happens
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let Command::Shred(arguments) = command;
    let dir = arguments.dir.existing()?;
    if !arguments.yes {
        return Err(Failure::new(
            "shredding can not be undone, so nothing was done",
            "say the same with `--yes` if it is meant",
        ));
    }
    let (shredded, recorded) =
        wiring::control_runtime()?.block_on(shred(dir, &arguments.reference))?;
    let value = serde_json::json!({
        "patient": shredded.patient.to_string(),
        "consents": shredded.consents,
    });
    output.value(&value, || {
        let recorded = match recorded {
            Recorded::Here => "The ledger has it.",
            Recorded::ByServer => "The running server follows and records it within a second.",
        };
        format!(
            "Destroyed the key of patient {} and {} consents. {recorded}",
            shredded.patient, shredded.consents
        )
    });
    Ok(Ended::Well)
}

/// Destroys a patient's key, beside a server that may run.
pub(crate) async fn shred(dir: DataDir, reference: &str) -> Result<(Shredded, Recorded), Failure> {
    let records = Records::open(dir).await?;
    let shredded = records
        .store
        .shred_patient(reference, wiring::now())
        .await?;
    let recorded = records.finish().await?;
    Ok((shredded, recorded))
}

const AFTER_HELP: &str =
    "The patient's resource, consents and all sealed requests and answers can never be read again.
The ledger still verifies: it holds commitments only. Backups of the key file must be destroyed too.

Exit codes: 0 shredded, 1 failed, 2 wrong use.

Example:
  wardgate patient shred --dir /var/lib/wardgate Patient/123 --yes";
