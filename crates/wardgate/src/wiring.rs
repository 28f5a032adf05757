//! Puts the parts together. The only place that reads the system's clock.

pub(crate) mod anchors;
mod clock_watch;
pub(crate) mod fetch;
mod identity;
mod incidents;
mod logging;
mod node;
pub(crate) mod provider;
mod recovery;
mod sealed;
mod serving;
mod stop;
mod tokens;

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Runtime;
use wardgate_ledger::{JournalError, Ledger, LedgerError, Options, Signer};
use wardgate_records::{PayloadStore, RecordId, RecordsError, Store};
use wardgate_vault::{KeyProvider, Label, Vault};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;

pub(crate) use logging::start_logging;
pub(crate) use node::{RunningNode, asked_to_stop, serve_until_asked_to_stop};
pub(crate) use serving::serve;
pub(crate) use stop::stop_when_asked;

/// What every process does first: one crypto provider, faults without what was read, and no memory of it on disk.
pub(crate) fn prepare_process() {
    // It fails only when a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    std::panic::set_hook(Box::new(|fault| {
        // Its message could repeat what was read.
        let place = fault
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(io::stderr().lock(), "fault of the program at {place}");
    }));
    let none = rustix::process::Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Where the limit can not be lowered, it is lower already.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    // Neither a dump by another way nor a debugger of the same user gets at the keys.
    let hidden = rustix::process::DumpableBehavior::NotDumpable;
    // A kernel that does not know this hides nothing, as before.
    let _ = rustix::process::set_dumpable_behavior(hidden);
}

/// The time.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock; everything else is given the time"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The clock as the gate and the console take it.
pub(crate) fn clock() -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
    Arc::new(now)
}

/// A runtime for everything but the calls themselves.
pub(crate) fn control_runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                format!("can not start the runtime: {error}"),
                "check the limits of open files and threads",
            )
        })
}

/// Configuration, keys and records of a data directory.
pub(crate) struct Records {
    pub(crate) dir: DataDir,
    pub(crate) config: Config,
    pub(crate) vault: Arc<Vault>,
    pub(crate) store: Arc<Store>,
}

impl Records {
    /// Opens vault and store. Other processes may have them open too.
    pub(crate) async fn open(dir: DataDir) -> Result<Self, Failure> {
        let config = Config::load(&dir)?;
        let vault = open_vault(&dir, &config)?;
        Self::with(dir, config, vault).await
    }

    /// Opens the store with a vault that is open.
    pub(crate) async fn with(
        dir: DataDir,
        config: Config,
        vault: Arc<Vault>,
    ) -> Result<Self, Failure> {
        let store = Store::open(&dir.store(), vault.clone(), now()).await?;
        Ok(Self {
            dir,
            config,
            vault,
            store: Arc::new(store),
        })
    }

    /// Opens the ledger, which only one process can have.
    pub(crate) fn open_ledger(&self) -> Result<Ledger, LedgerError> {
        let signer = ledger_signer(&self.vault, &self.config.node.name).map_err(|fault| {
            LedgerError::Stopped {
                reason: fault.message().into(),
            }
        })?;
        self.open_ledger_as(signer)
    }

    /// Opens the ledger under the origin of a signer.
    pub(crate) fn open_ledger_as(&self, signer: Signer) -> Result<Ledger, LedgerError> {
        let options = with_clock(self.config.ledger);
        Ok(Ledger::open(&self.dir.ledger(), signer, &options)?.0)
    }

    /// Opens the payloads, which only one process can have.
    pub(crate) fn open_payloads(&self) -> Result<PayloadStore, RecordsError> {
        Ok(PayloadStore::open(&self.dir.payloads(), self.vault.clone())?.0)
    }

    /// Brings what was changed into the ledger, and returns when an event is there.
    pub(crate) async fn settle(&self, event: RecordId) -> Result<(), Failure> {
        for _ in 0..SETTLE_TRIES_MAX {
            match self.open_ledger() {
                Ok(ledger) => {
                    let drained = self.store.drain_outbox(&ledger).await;
                    ledger.close()?;
                    drained?;
                }
                // The server that runs holds it, and does the same.
                Err(LedgerError::Journal(JournalError::Locked { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            if self.store.is_in_ledger(event).await? {
                return Ok(());
            }
            tokio::time::sleep(SETTLE_PAUSE).await;
        }
        Err(Failure::new(
            "the server that runs does not bring the decision into the ledger",
            "see what it says with `wardgate doctor`, then ask again",
        ))
    }

    /// Brings what was changed into the ledger, and closes. When a server runs, it does the
    /// first by itself, because it holds the ledger.
    pub(crate) async fn finish(self) -> Result<Recorded, Failure> {
        anchors::check_files(&self)?;
        let recorded = match self.open_ledger() {
            Ok(ledger) => {
                let drained = self.store.drain_outbox(&ledger).await;
                ledger.close()?;
                drained?;
                Recorded::Here
            }
            Err(LedgerError::Journal(JournalError::Locked { .. })) => Recorded::ByServer,
            Err(error) => return Err(error.into()),
        };
        self.store.close().await;
        Ok(recorded)
    }
}

/// How long a decision waits for a server that holds the ledger: half a minute.
const SETTLE_TRIES_MAX: u32 = 300;
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

/// Who brings a change into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// This process did.
    Here,
    /// The server that runs does within a second.
    ByServer,
}

/// Opens the vault with the provider that the configuration names.
pub(crate) fn open_vault(dir: &DataDir, config: &Config) -> Result<Arc<Vault>, Failure> {
    let provider = key_provider(config)?;
    Ok(Arc::new(Vault::open(&dir.vault(), provider)?))
}

/// The provider of the root key that the configuration names.
pub(crate) fn key_provider(config: &Config) -> Result<Arc<dyn KeyProvider>, Failure> {
    provider::key_provider(&config.vault.provider)
}

/// Told when the system refuses to lock memory.
pub(crate) const KEYS_MAY_BE_SWAPPED: &str =
    "keys may be swapped to disk: the limit of locked memory is too low";

/// What a provider says of itself as one word, for the ledger.
pub(crate) fn provider_word(description: &str) -> String {
    let fits = |byte: char| byte.is_ascii_graphic() && !matches!(byte, '"' | '\\');
    let word = description
        .chars()
        .map(|byte| if fits(byte) { byte } else { '-' });
    word.take(100).collect()
}

/// The two keys that sign the ledger's checkpoints.
pub(crate) fn ledger_signer(vault: &Vault, node: &str) -> Result<Signer, Failure> {
    let ed25519 = vault.derive(Label::LedgerSigner);
    let ml_dsa_44 = vault.derive(Label::LedgerSignerMlDsa44);
    Ok(Signer::from_seed(node, ed25519.expose())?.with_ml_dsa_44(ml_dsa_44.expose())?)
}

/// Has checkpoints carry the time of the system.
pub(crate) fn with_clock(options: Options) -> Options {
    Options {
        // A clock before 1970 states no time.
        clock: || u64::try_from(now().as_second()).unwrap_or_default(),
        ..options
    }
}
