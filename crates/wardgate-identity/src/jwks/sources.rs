//! All addresses that keys are fetched from. Whoever checks tokens reads; one task in the
//! background fetches, so no call ever waits for a provider.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use url::{Host, Url};

use super::{JwkSet, JwksAges, JwksCache, JwksFault, KeysExpired};
use crate::fetch::{Fetch, FetchFault};

/// The keys of every address, shared by all who check tokens.
#[derive(Debug)]
pub struct KeySources {
    ages: JwksAges,
    caches: RwLock<BTreeMap<String, JwksCache>>,
}

/// Why keys were not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceFault {
    /// The address is not one that keys may come from.
    #[error("keys are fetched over https, or http on this machine")]
    Address,
    /// There is no answer.
    #[error("{0}")]
    Fetch(FetchFault),
    /// The answer is not a success.
    #[error("it answered with status {0}")]
    Status(u16),
    /// What it answered is not a usable set.
    #[error("{0}")]
    Keys(JwksFault),
}

impl KeySources {
    /// No address yet.
    #[must_use]
    pub fn new(ages: JwksAges) -> Self {
        Self {
            ages,
            caches: RwLock::default(),
        }
    }

    /// Sets the addresses to be kept fresh; others are forgotten, at most 256 are kept.
    pub fn keep<'a>(&self, addresses: impl IntoIterator<Item = &'a str>) {
        let wanted: BTreeSet<&str> = addresses.into_iter().take(SOURCES_MAX).collect();
        let mut caches = self.caches.write().unwrap_or_else(PoisonError::into_inner);
        caches.retain(|address, _| wanted.contains(address.as_str()));
        for address in wanted {
            if !caches.contains_key(address) {
                caches.insert(address.to_owned(), JwksCache::empty(self.ages));
            }
        }
    }

    /// The keys of an address.
    ///
    /// # Errors
    /// [`KeysExpired`] when there are none, or they are too old.
    pub fn keys(&self, address: &str, now: Timestamp) -> Result<Arc<JwkSet>, KeysExpired> {
        let caches = self.caches.read().unwrap_or_else(PoisonError::into_inner);
        caches.get(address).ok_or(KeysExpired)?.keys(now)
    }

    /// A token names a key that the address did not have: it shall be asked again soon.
    pub fn want(&self, address: &str) {
        self.change(address, JwksCache::want);
    }

    /// The addresses that shall be asked now.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<String> {
        let caches = self.caches.read().unwrap_or_else(PoisonError::into_inner);
        caches
            .iter()
            .filter(|(_, cache)| cache.is_due(now))
            .map(|(address, _)| address.clone())
            .collect()
    }

    /// Asks one address and keeps what it answers.
    ///
    /// # Errors
    /// [`SourceFault`]; the keys from before stay in use until they are too old.
    pub async fn refresh(
        &self,
        address: &str,
        fetch: &dyn Fetch,
        now: Timestamp,
    ) -> Result<(), SourceFault> {
        match fetched(address, fetch).await {
            Ok(keys) => {
                self.change(address, |cache| cache.fetched(keys, now));
                Ok(())
            }
            Err(fault) => {
                self.change(address, |cache| cache.failed(now));
                Err(fault)
            }
        }
    }

    fn change(&self, address: &str, change: impl FnOnce(&mut JwksCache)) {
        let mut caches = self.caches.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(cache) = caches.get_mut(address) {
            change(cache);
        }
    }
}

async fn fetched(address: &str, fetch: &dyn Fetch) -> Result<JwkSet, SourceFault> {
    if !is_key_address(address) {
        return Err(SourceFault::Address);
    }
    let request = http::Request::get(address)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| SourceFault::Address)?;
    let response = fetch.fetch(request).await.map_err(SourceFault::Fetch)?;
    if response.status() != http::StatusCode::OK {
        return Err(SourceFault::Status(response.status().as_u16()));
    }
    JwkSet::parse(response.body()).map_err(SourceFault::Keys)
}

/// Whether keys may be fetched from an address: over https, or http on this machine.
#[must_use]
pub fn is_key_address(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    plain && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

/// How many addresses keys are fetched from.
const SOURCES_MAX: usize = 256;
