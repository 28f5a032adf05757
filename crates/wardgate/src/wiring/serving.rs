//! Serves while there are keys, and refuses while there are none.
//!
//! ```text
//! keys out of reach at start --> sealed --provider returns--> serving --provider lost for long--> sealed
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use wardgate_records::events::{Event, Token, VaultSealed, VaultUnsealed};
use wardgate_vault::Vault;

use super::sealed::SealedNode;
use super::{Records, RunningNode, key_provider, open_vault, provider_word};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;

/// Serves until the process is asked to stop. `serving` is told of each node that begins to.
pub(crate) async fn serve(
    dir: DataDir,
    mut serving: impl FnMut(&RunningNode),
) -> Result<(), Failure> {
    let mut stop = Stop::new()?;
    let mut sealed: Option<Sealed> = None;
    loop {
        let Some(records) = unseal(&dir, &mut sealed, &mut stop).await? else {
            return Ok(());
        };
        if !wardgate_vault::keys_are_locked() {
            tracing::warn!("{}", super::KEYS_MAY_BE_SWAPPED);
        }
        let vault = Arc::downgrade(&records.vault);
        let node = RunningNode::start(records).await?;
        if let Some(sealed) = sealed.take() {
            sealed.tell_of_end(&node).await?;
        }
        serving(&node);
        let records = node.records();
        tokio::select! {
            () = stop.asked() => {
                tracing::info!("asked to stop; calls under way may end");
                node.stop().await?;
                tracing::info!("stopped");
                return Ok(());
            }
            failure = lost(&dir, records.vault.clone(), &records.config) => {
                let ended = Sealed::at(&dir, &failure);
                tracing::error!(reason = ended.reason, "the vault is sealed; calls under way may end");
                ended.tell_of_begin(&node).await?;
                node.stop().await?;
                sealed = Some(Sealed { told: true, ..ended });
            }
        }
        if vault.strong_count() > 0 {
            // Ending the process drops what the node did not.
            return Err(Failure::new(
                "keys are still in memory after the node was sealed",
                "report this with the version of the build",
            ));
        }
    }
}

/// Opens the records as soon as there are keys. None when asked to stop before.
async fn unseal(
    dir: &DataDir,
    sealed: &mut Option<Sealed>,
    stop: &mut Stop,
) -> Result<Option<Records>, Failure> {
    let mut refusing: Option<SealedNode> = None;
    let mut pause = PAUSE_MIN;
    loop {
        let failure = match open(dir).await {
            Ok(records) => {
                if let Some(node) = refusing {
                    node.stop().await;
                }
                return Ok(Some(records));
            }
            Err(failure) => failure,
        };
        // At first start a fault that will not pass is for a person to mend. Later the node has
        // served with these settings, and goes on trying.
        if sealed.is_none() && !failure.is_passing() {
            return Err(failure);
        }
        tracing::warn!(
            error = failure.message(),
            hint = failure.hint(),
            retry_s = pause.as_secs(),
            "sealed: every call is refused"
        );
        sealed.get_or_insert_with(|| Sealed::at(dir, &failure));
        if refusing.is_none() {
            refusing = Some(SealedNode::start(&Config::load(dir)?)?);
        }
        tokio::select! {
            () = stop.asked() => {
                if let Some(node) = refusing {
                    node.stop().await;
                }
                return Ok(None);
            }
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// The configuration is read anew, because it may name another provider by now.
async fn open(dir: &DataDir) -> Result<Records, Failure> {
    let config = Config::load(dir)?;
    let (of_vault, settings) = (dir.clone(), config.clone());
    let vault = blocking(move || open_vault(&of_vault, &settings)).await?;
    Records::with(dir.clone(), config, vault).await
}

/// Returns once the provider has not given the root key for as long as the settings allow.
/// Takes up new keys meanwhile.
async fn lost(dir: &DataDir, vault: Arc<Vault>, config: &Config) -> Failure {
    let seal_after = Duration::from_secs(config.vault.seal_after_s);
    let mut failing_since: Option<Instant> = None;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = 0;
    loop {
        look.tick().await;
        looks += 1;
        if looks % config.vault.check_every_s != 0 {
            take_up_new_keys(&vault).await;
            continue;
        }
        let (dir, proven) = (dir.clone(), vault.clone());
        let checked = blocking(move || {
            let provider = key_provider(&Config::load(&dir)?)?;
            Ok(proven.prove(provider)?)
        });
        match checked.await {
            Ok(()) => {
                if failing_since.take().is_some() {
                    tracing::info!("the key provider gives the root key again");
                }
            }
            Err(failure) => {
                let failing = failing_since.get_or_insert_with(Instant::now).elapsed();
                tracing::warn!(
                    error = failure.message(),
                    hint = failure.hint(),
                    seals_in_s = seal_after.saturating_sub(failing).as_secs(),
                    "the key provider does not give the root key"
                );
                if failing >= seal_after {
                    return failure;
                }
            }
        }
    }
}

async fn take_up_new_keys(vault: &Arc<Vault>) {
    let vault = vault.clone();
    match blocking(move || Ok(vault.refresh()?)).await {
        Ok(true) => tracing::info!("took up new keys of the vault"),
        Ok(false) => {}
        // The next check tells it, and seals the node when it lasts.
        Err(failure) => tracing::debug!(error = failure.message(), "can not look for new keys"),
    }
}

/// Asks a provider on a thread of its own, so that what else runs here goes on.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| {
        Err(Failure::new(
            format!("asking the key provider broke off: {error}"),
            "report this with the version of the build",
        ))
    })
}

/// Why the node is sealed.
struct Sealed {
    reason: &'static str,
    provider: String,
    /// Whether the ledger has it.
    told: bool,
}

impl Sealed {
    fn at(dir: &DataDir, failure: &Failure) -> Self {
        let provider = Vault::status(&dir.vault()).map(|status| status.provider);
        Self {
            reason: if failure.is_passing() {
                "provider_out_of_reach"
            } else {
                "provider_refuses"
            },
            provider: provider_word(&provider.unwrap_or_default()),
            told: false,
        }
    }

    async fn tell_of_begin(&self, node: &RunningNode) -> Result<(), Failure> {
        let event = Event::VaultSealed(VaultSealed {
            reason: Token::new(self.reason).unwrap_or(Token::UNFIT),
            provider: Token::new(&self.provider).unwrap_or(Token::UNFIT),
        });
        node.tell(&event).await
    }

    /// A node that was sealed from its start could not tell before.
    async fn tell_of_end(&self, node: &RunningNode) -> Result<(), Failure> {
        if !self.told {
            self.tell_of_begin(node).await?;
        }
        tracing::info!("the vault is unsealed");
        let event = Event::VaultUnsealed(VaultUnsealed {
            reason: Token::new("provider_returned").unwrap_or(Token::UNFIT),
            provider: Token::new(&self.provider).unwrap_or(Token::UNFIT),
        });
        node.tell(&event).await
    }
}

/// SIGTERM and SIGINT.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(
                    format!("can not wait for signals: {error}"),
                    "report this with the version of the build",
                )
            })
        };
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How often new keys are looked for; checks of the provider are counted in these.
const LOOK: Duration = Duration::from_secs(1);
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
