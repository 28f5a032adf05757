//! What tokens are signed and checked with, and what keeps the keys of others fresh.

mod discovered;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use wardgate_gateway::{Trust, TrustedIssuer};
use wardgate_identity::oidc::Discovery;
use wardgate_identity::{AccessTokens, Fetch, JwksAges, KeySources};
use wardgate_records::Store;
use wardgate_vault::Label;

use super::{Records, now};
use crate::config::Identity;
use crate::failure::Failure;
use discovered::Discovered;

/// The parts that gate and console share.
pub(super) struct Tokens {
    access: Arc<AccessTokens>,
    keys: Arc<KeySources>,
    issuers: Vec<TrustedIssuer>,
}

impl Tokens {
    pub(super) fn of(records: &Records) -> Result<Self, Failure> {
        let seed = records.vault.derive(Label::AccessToken);
        let origin = &records.config.console.settings.origin;
        let access = AccessTokens::new(seed.expose(), origin).map_err(|error| {
            Failure::new(
                error.to_string(),
                "report this with the version of the build",
            )
        })?;
        Ok(Self {
            access: Arc::new(access),
            keys: Arc::new(KeySources::new(JwksAges::default())),
            issuers: issuers(&records.config.identity),
        })
    }

    /// For the gate.
    pub(super) fn trust(&self) -> Trust {
        Trust::in_nobody_but(
            Some(self.access.clone()),
            self.keys.clone(),
            self.issuers.clone(),
        )
    }

    /// For the console.
    pub(super) fn endpoint(&self) -> wardgate_console::Tokens {
        wardgate_console::Tokens {
            access: self.access.clone(),
            keys: self.keys.clone(),
        }
    }

    /// Fetches keys in the background until the node stops.
    pub(super) fn keep_fresh(
        &self,
        store: Arc<Store>,
        fetch: Arc<dyn Fetch>,
        stopped: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let issuers = self.issuers.iter().map(|issuer| issuer.keys_url.clone());
        let addresses: Vec<String> = issuers.collect();
        let fetching = Fetching {
            keys: self.keys.clone(),
            addresses,
            store,
            fetch: Arc::new(Discovered::new(fetch, &self.issuers)),
        };
        tokio::spawn(fetching.run(stopped))
    }
}

/// Those that the configuration names, and the providers of identity: a token of theirs proves a
/// person, and never an application by itself. What is said of one as an issuer counts first.
fn issuers(identity: &Identity) -> Vec<TrustedIssuer> {
    let mut issuers = identity.ehr.clone();
    for provider in &identity.providers {
        if issuers.iter().any(|one| one.issuer == provider.issuer) {
            continue;
        }
        issuers.push(TrustedIssuer {
            issuer: provider.issuer.clone(),
            audience: provider.audience.clone(),
            keys_url: Discovery::address(&provider.issuer),
            bearer: false,
            on_behalf_of: true,
            scope: String::new(),
            acr_levels: provider.acr_levels.clone(),
        });
    }
    issuers
}

struct Fetching {
    keys: Arc<KeySources>,
    /// Those of the configuration; applications add their own.
    addresses: Vec<String>,
    store: Arc<Store>,
    fetch: Arc<dyn Fetch>,
}

impl Fetching {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                _ = look.tick() => {}
            }
            let snapshot = self.store.snapshot();
            let of_apps = snapshot
                .apps()
                .filter_map(|app| app.clients.keys_url.as_deref());
            let of_issuers = self.addresses.iter().map(String::as_str);
            self.keys.keep(of_issuers.chain(of_apps));
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                () = self.fetch_due() => {}
            }
        }
    }

    /// Asks those that are due at the same time, so that a slow one holds up nobody.
    async fn fetch_due(&self) {
        let mut asked = JoinSet::new();
        for address in self.keys.due(now()).into_iter().take(AT_ONCE_MAX) {
            let (keys, fetch) = (self.keys.clone(), self.fetch.clone());
            asked.spawn(async move {
                let fetched = keys.refresh(&address, &*fetch, now()).await;
                if let Err(fault) = fetched {
                    tracing::warn!(%address, %fault, "keys of an issuer could not be fetched");
                }
            });
        }
        while asked.join_next().await.is_some() {}
    }
}

/// How often it is looked whether keys are due.
const LOOK: Duration = Duration::from_secs(1);
const AT_ONCE_MAX: usize = 16;
