//! `wardgate vault recover`: back in without the key provider.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use wardgate_vault::{Vault, read_identity};

use super::{Dir, Ended, NewRoot, in_ledger, record};
use crate::config::Config;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Give the vault a new root key when its provider or passphrase is lost
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in super::super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Identity file of a recovery recipient (mode 0600)
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,

    #[command(flatten)]
    new: NewRoot,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    wiring::control_runtime()?.block_on(recover(arguments, output))
}

async fn recover(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let config = Config::load(&dir)?;
    let identity = read_identity(&arguments.identity)?;
    let to = arguments.new.provider(dir.root(), &config)?;
    let recovery = arguments.new.recovery();
    let version = Vault::recover_to(&dir.vault(), &identity, &*to, &recovery)?;
    let provider = to.describe();
    let vault = Arc::new(Vault::open(&dir.vault(), to)?);
    let records = Records::with(dir, config, vault).await?;
    let recorded = record(records, "root", (version - 1, version), &provider).await?;
    let value = serde_json::json!({"root": version, "provider": provider});
    output.value(&value, || {
        format!(
            "The root key has version {version}, wrapped by {provider}. {}",
            in_ledger(recorded)
        )
    });
    Ok(Ended::Well)
}

const AFTER_HELP: &str =
    "Nothing is lost: tenant keys, patient keys and everything sealed stay as they are.

Exit codes: 0 recovered, 1 failed and nothing changed, 2 wrong use.

Example:
  wardgate vault recover --dir /var/lib/wardgate --identity /media/safe/recovery-identity";
