//! `wardgate vault status`: what the key file tells without any key.

use clap::Args;
use wardgate_vault::{Vault, VaultStatus};

use super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;

/// Show versions, provider and recovery recipients; needs no key
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in super::super) struct Arguments {
    #[command(flatten)]
    dir: Dir,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let status = Vault::status(&dir.vault())?;
    let keys = status
        .tenant_keys
        .iter()
        .map(|key| serde_json::json!({"version": key.version, "patient_keys": key.patient_keys}));
    let value = serde_json::json!({
        "format": status.format,
        "root": status.root,
        "provider": status.provider,
        "tenant_keys": keys.collect::<Vec<_>>(),
        "rewrapping": status.rewrapping,
        "recovery_recipients": status.recovery,
    });
    output.value(&value, || text(&status));
    Ok(Ended::Well)
}

fn text(status: &VaultStatus) -> String {
    let mut text = format!(
        "root key     version {}, wrapped by {}\n",
        status.root, status.provider
    );
    let current = status.tenant_keys.last().map(|key| key.version);
    for key in &status.tenant_keys {
        let state = if Some(key.version) == current {
            "current"
        } else {
            "kept for payloads that it sealed"
        };
        text.push_str(&format!(
            "tenant key   version {}, wraps {} patient keys, {state}\n",
            key.version, key.patient_keys
        ));
    }
    if status.rewrapping {
        text.push_str("rotation     begun and not ended; `wardgate vault rotate tenant` goes on\n");
    }
    for recipient in &status.recovery {
        text.push_str(&format!("recovery     {recipient}\n"));
    }
    if status.recovery.is_empty() {
        text.push_str("recovery     nobody: without the provider the data are lost\n");
    }
    text
}

const AFTER_HELP: &str =
    "Older versions of the tenant key stay: the journal of payloads is only ever
appended to, so what a version sealed for no patient needs it as long as it is kept.

Exit codes: 0 shown, 1 failed, 2 wrong use.

Example:
  wardgate vault status --dir /var/lib/wardgate";
