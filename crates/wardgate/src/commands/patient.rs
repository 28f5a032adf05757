//! `wardgate patient`: what concerns one patient.

mod certificate;
mod records;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use wardgate_ledger::note::VerifierKey;
use wardgate_records::{Coverage, KeySet, Reach, Shredded};
use wardgate_vault::PatientHandle;

use super::{Dir, Ended, call};
use crate::backup::key_set;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Recorded, Records};

/// Destroy a patient's key, prove it, report what is on record
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Shred(Arguments),
    Certificate(certificate::Issue),
    Verify(certificate::Verify),
    Records(records::Arguments),
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

    /// File for the certificate of destruction; it must not exist
    #[arg(long, value_name = "OUT")]
    certificate: Option<PathBuf>,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Shred(arguments) => run_shred(arguments, output),
        Command::Certificate(arguments) => certificate::run_issue(arguments, output),
        Command::Verify(arguments) => certificate::run_verify(arguments, output),
        Command::Records(arguments) => records::run(arguments, output),
    }
}

fn run_shred(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    if !arguments.yes {
        return Err(Failure::new(
            "shredding can not be undone, so nothing was done",
            "say the same with `--yes` if it is meant",
        ));
    }
    let runtime = wiring::control_runtime()?;
    let (shredded, recorded) = runtime.block_on(shred(dir.clone(), &arguments.reference))?;
    if let Some(out) = &arguments.certificate {
        runtime.block_on(certificate::issue(dir, shredded.patient, out))?;
    }
    let value = serde_json::json!({
        "patient": shredded.patient.to_string(),
        "consents": shredded.consents,
    });
    output.value(&value, || {
        text(&shredded, recorded, arguments.certificate.as_deref())
    });
    Ok(Ended::Well)
}

fn text(shredded: &Shredded, recorded: Recorded, certificate: Option<&Path>) -> String {
    let recorded = match recorded {
        Recorded::Here => "The ledger has it.",
        Recorded::ByServer => "The running server follows and records it within a second.",
    };
    let proof = match certificate {
        Some(path) => format!("The certificate is `{}`.", path.display()),
        None => format!(
            "The certificate: `wardgate patient certificate {} OUT`.",
            shredded.patient
        ),
    };
    format!(
        "Destroyed the key of patient {} and {} consents. {recorded}\n{proof}",
        shredded.patient, shredded.consents
    )
}

/// Destroys a patient's key, beside a server that may run.
pub(crate) async fn shred(dir: DataDir, reference: &str) -> Result<(Shredded, Recorded), Failure> {
    let records = Records::open(dir).await?;
    let signer = wiring::ledger_signer(&records.vault, &records.config.node.name)?;
    let around = Around {
        records: &records,
        key: signer.verifier_key().clone(),
    };
    let shredded = records
        .store
        .shred_patient(reference, &around, wiring::now())
        .await?;
    let recorded = records.finish().await?;
    Ok((shredded, recorded))
}

/// What a shredding reaches beyond the store: the payloads of this directory, and the key sets
/// of its backups that are there.
struct Around<'r> {
    records: &'r Records,
    key: VerifierKey,
}

impl Reach for Around<'_> {
    fn payloads(&self, patient: PatientHandle) -> Option<Coverage> {
        call::with_payloads(self.records, |payloads| Ok(payloads.coverage(patient)?)).ok()
    }

    fn remove_from(&self, set: &KeySet, patient: PatientHandle) -> bool {
        key_set::remove_if_reachable(set, patient, &self.key)
    }
}

const AFTER_HELP: &str =
    "The patient's resource, consents and all sealed requests and answers can never be read again.
The ledger still verifies: it holds commitments only. The wrapped key leaves every key set of a
backup that is in reach at once; the certificate says which were not, and until when a copy may
exist there. A legal hold on the patient, on everything, or on a time around the patient's
payloads stops it.

Exit codes: 0 shredded, 1 failed or held, 2 wrong use.

Example:
  wardgate patient shred --dir /var/lib/wardgate Patient/123 --yes --certificate destroyed.note";
