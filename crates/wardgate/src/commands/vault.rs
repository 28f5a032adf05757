//! `wardgate vault`: the keys, their rotation, and the way back in.

mod progress;
mod recover;
mod rotate;
mod status;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use wardgate_records::events::{Event, KeyRotated, Token};
use wardgate_vault::age::Recipient;
use wardgate_vault::{KeyProvider, Recovery};

use super::{Dir, Ended};
use crate::config::Config;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Recorded, Records};

/// Look at the keys of the vault, rotate them, or recover them
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Status(status::Arguments),
    #[command(subcommand)]
    Rotate(rotate::Command),
    Recover(recover::Arguments),
}

/// Who wraps the root key from now on.
#[derive(Debug, Args)]
struct NewRoot {
    /// Configuration file whose `vault` section names the new key provider; without it, the
    /// provider of the data directory's own configuration
    #[arg(long, value_name = "FILE")]
    to_config: Option<PathBuf>,

    /// Who can recover the vault from now on, as an age recipient; repeatable. Without it, those
    /// who could before
    #[arg(long, value_name = "RECIPIENT")]
    recovery_recipient: Vec<Recipient>,
}

impl NewRoot {
    fn provider(&self, records: &Path, own: &Config) -> Result<Arc<dyn KeyProvider>, Failure> {
        let Some(file) = &self.to_config else {
            return wiring::key_provider(own);
        };
        let config = Config::load_file(file, records)?;
        // On a token the wrapping key is ours to make.
        wiring::provider::make_key(&config.vault.provider)?;
        wiring::key_provider(&config)
    }

    fn recovery(&self) -> Recovery {
        if self.recovery_recipient.is_empty() {
            return Recovery::unchanged();
        }
        Recovery::to(self.recovery_recipient.clone())
    }
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Status(arguments) => status::run(arguments, output),
        Command::Rotate(command) => rotate::run(command, output),
        Command::Recover(arguments) => recover::run(arguments, output),
    }
}

/// Brings a rotation into the ledger.
async fn record(
    records: Records,
    key: &str,
    versions: (u32, u32),
    provider: &str,
) -> Result<Recorded, Failure> {
    let provider = wiring::provider_word(provider);
    let event = Event::KeyRotated(KeyRotated {
        key: Token::new(key).unwrap_or(Token::UNFIT),
        from_version: u64::from(versions.0),
        to_version: u64::from(versions.1),
        provider: Token::new(&provider).unwrap_or(Token::UNFIT),
    });
    records.store.tell(&event, wiring::now()).await?;
    records.finish().await
}

fn in_ledger(recorded: Recorded) -> &'static str {
    match recorded {
        Recorded::Here => "The ledger has it.",
        Recorded::ByServer => "The running server records it within a second.",
    }
}
