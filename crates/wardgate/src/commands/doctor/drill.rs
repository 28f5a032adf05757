//! Proves that the way back in works: with a recovery identity alone, everything opens.

use std::path::Path;
use std::sync::Arc;

use wardgate_records::events::{Event, RecoveryDrilled};
use wardgate_vault::{Vault, read_identity};

use super::Finding;
use crate::commands::init::RECOVERY_IDENTITY_FILE;
use crate::config::Config;
use crate::data_dir::{DataDir, LEDGER_KEY_FILE};
use crate::failure::Failure;
use crate::wiring::{self, Records};

/// Whether there is a way back in, and whether its key is kept apart.
pub(super) fn check(dir: &DataDir) -> Vec<Finding> {
    let status = match Vault::status(&dir.vault()) {
        Ok(status) => status,
        // What is wrong with the vault is told by its own check.
        Err(_) => return Vec::new(),
    };
    if status.recovery.is_empty() {
        return vec![Finding::warn(
            CHECK,
            "nobody can recover the vault when its key provider is lost",
            "name somebody with `wardgate vault rotate root --recovery-recipient RECIPIENT`",
        )];
    }
    let identity = dir.root().join(RECOVERY_IDENTITY_FILE);
    if identity.exists() {
        return vec![Finding::warn(
            CHECK,
            format!(
                "`{}` still lies beside what it recovers",
                identity.display()
            ),
            "take it offline: to a safe, on paper or on a device that is never connected",
        )];
    }
    let count = status.recovery.len();
    vec![Finding::ok(
        CHECK,
        format!("{count} recipients; prove it with `--drill --recovery FILE`"),
    )]
}

/// Opens everything with the identity alone, and records that it worked and how long it took.
pub(super) async fn drill(dir: &DataDir, config: &Config, identity: &Path) -> Finding {
    match run(dir, config, identity).await {
        Ok((keys, took_ms)) => Finding::ok(
            "drill",
            format!(
                "the recovery identity alone opened {keys} keys and every record in {took_ms} ms"
            ),
        ),
        Err(failure) => Finding::of_failure("drill", &failure),
    }
}

async fn run(dir: &DataDir, config: &Config, identity: &Path) -> Result<(u64, u64), Failure> {
    let began = wiring::now();
    let vault = Vault::recover(&dir.vault(), &read_identity(identity)?)?;
    let signer = wiring::ledger_signer(&vault, &config.node.name)?;
    let expected = std::fs::read_to_string(dir.ledger_key())
        .map_err(|error| Failure::file("read", &dir.ledger_key(), &error))?;
    if expected.lines().next() != Some(signer.vkey().as_str()) {
        return Err(Failure::new(
            format!("the recovered keys do not sign as `{LEDGER_KEY_FILE}` says"),
            "check that vault, ledger key and node name belong together",
        ));
    }
    // The root key, the derivation key, every version of the tenant key, and patient keys.
    let versions = Vault::status(&dir.vault())?.tenant_keys.len() as u64;
    let keys = 2 + versions + vault.check_patient_keys(PATIENT_KEYS_MAX)?;
    // Reading the records opens every sealed column.
    let records = Records::with(dir.clone(), config.clone(), Arc::new(vault)).await?;
    let ended = wiring::now();
    let took_ms = (ended.as_millisecond() - began.as_millisecond()).max(0);
    let took_ms = u64::try_from(took_ms).unwrap_or(0);
    let event = Event::RecoveryDrilled(RecoveryDrilled { took_ms, keys });
    records.store.tell(&event, ended).await?;
    records.finish().await?;
    Ok((keys, took_ms))
}

const CHECK: &str = "recovery";
/// How many patient keys a drill opens.
const PATIENT_KEYS_MAX: u64 = 1_000;
