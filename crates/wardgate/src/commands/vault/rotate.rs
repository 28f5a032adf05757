//! `wardgate vault rotate`: replaces the root key or the tenant key.

use clap::{Args, Subcommand};
use wardgate_vault::Vault;

use super::progress::Progress;
use super::{Dir, Ended, NewRoot, in_ledger, record};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Replace the root key or the tenant key, beside a running server
#[derive(Debug, Subcommand)]
pub(in super::super) enum Command {
    Root(OfRoot),
    Tenant(OfTenant),
}

/// Replace the root key, and change its provider or recovery recipients
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP_ROOT)]
pub(in super::super) struct OfRoot {
    #[command(flatten)]
    dir: Dir,

    #[command(flatten)]
    new: NewRoot,
}

/// Replace the tenant key, and wrap everything anew that can be
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP_TENANT)]
pub(in super::super) struct OfTenant {
    #[command(flatten)]
    dir: Dir,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let runtime = wiring::control_runtime()?;
    match command {
        Command::Root(arguments) => runtime.block_on(root(arguments, output)),
        Command::Tenant(arguments) => runtime.block_on(tenant(arguments, output)),
    }
}

async fn root(arguments: &OfRoot, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let from = wiring::key_provider(&records.config)?;
    let to = arguments
        .new
        .provider(records.dir.root(), &records.config)?;
    let recovery = arguments.new.recovery();
    let version = Vault::rotate_root(&records.dir.vault(), &*from, &*to, &recovery)?;
    let provider = to.describe();
    let recorded = record(records, "root", (version - 1, version), &provider).await?;
    let value = serde_json::json!({"root": version, "provider": provider});
    output.value(&value, || {
        format!(
            "The root key has version {version}, wrapped by {provider}. {}{}",
            in_ledger(recorded),
            if arguments.new.to_config.is_some() {
                "\nNow bring the `vault` section of that file into the configuration: a running server\nreads it at its next check of the keys."
            } else {
                ""
            }
        )
    });
    Ok(Ended::Well)
}

async fn tenant(arguments: &OfTenant, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let rotation = records.vault.rotate_tenant()?;
    let version = rotation.version();
    if rotation.is_resumed() {
        output.note("taking up the rotation that was cut short");
    }
    let total = rotation.patient_keys()? + records.store.sealed_records().await?;
    let mut progress = Progress::new(total, output);
    let patient_keys = rotation.rewrap_patient_keys(|| progress.seen())?;
    let sealed = records.store.reseal_records(|| progress.seen()).await?;
    progress.finish();
    rotation.finish()?;
    let provider = Vault::status(&records.dir.vault())?.provider;
    let recorded = record(records, "tenant", (version - 1, version), &provider).await?;
    let value = serde_json::json!({
        "tenant_key": version,
        "patient_keys": patient_keys,
        "sealed_records": sealed,
    });
    output.value(&value, || {
        format!(
            "The tenant key has version {version}: {patient_keys} patient keys and {sealed} records \
             are wrapped anew. {}",
            in_ledger(recorded)
        )
    });
    Ok(Ended::Well)
}

const AFTER_HELP_ROOT: &str =
    "One file is replaced in one step: the tenant keys are wrapped under a new root key, which the
provider wraps, and the recovery wrap is made anew. Old copies of the key file still open with
the old root key, so destroy them.

Exit codes: 0 rotated, 1 failed and nothing changed, 2 wrong use.

Example:
  wardgate vault rotate root --dir /var/lib/wardgate --to-config new-provider.yaml";

const AFTER_HELP_TENANT: &str = "Patient keys and sealed columns are wrapped anew one by one while the server goes on. When it is
cut short, the same command takes it up again. Payloads are never rewritten: those of a patient
depend on the patient's key, those of no patient on the version that sealed them, which is kept.
API keys, look-ups and the ledger's signer do not change: they do not come from the tenant key.
With --json, lines on standard error tell how far it is.

Exit codes: 0 rotated, 1 failed or cut short, 2 wrong use.

Example:
  wardgate vault rotate tenant --dir /var/lib/wardgate";
