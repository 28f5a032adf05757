//! One provider of identity: what the operator decided about it, and what it says of itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use http::header::ACCEPT;
use jiff::{SignedDuration, Timestamp};
use wardgate_identity::oidc::{ClientProof, Discovery, OidcFault};
use wardgate_identity::{Fetch, FetchFault, JwkSet, JwksAges, JwksCache, JwksFault};

/// What the operator decided about a provider.
#[derive(Debug)]
pub struct ProviderSettings {
    /// Its name in addresses of the console.
    pub name: String,
    /// What people read on the sign-in page.
    pub label: String,
    /// Its issuer, to the character.
    pub issuer: String,
    /// What it calls this node.
    pub client_id: String,
    /// How this node proves that.
    pub proof: ClientProof,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that lists a person's groups; without one, roles come from the record alone.
    pub groups_claim: Option<String>,
    /// Roles by groups.
    pub roles: BTreeMap<String, String>,
    /// Levels of proof by `acr`.
    pub acr_levels: BTreeMap<String, u8>,
    /// What is asked for when a person must prove themselves again.
    pub step_up_acr: Vec<String>,
    /// The claim that names the person's id; without one, only recorded identities count.
    pub person_claim: Option<String>,
    /// The least level of proof with which a session begins.
    pub require_mfa: u8,
}

/// A provider of identity.
#[derive(Debug)]
pub struct Provider {
    settings: ProviderSettings,
    known: Mutex<Known>,
    /// One request for the same at a time.
    reading: tokio::sync::Mutex<()>,
}

/// What was read of a provider.
#[derive(Debug)]
struct Known {
    discovery: Option<(Arc<Discovery>, Timestamp)>,
    tried: Option<Timestamp>,
    keys: JwksCache,
}

/// Why a provider cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderFault {
    #[error("{0}")]
    Unreachable(FetchFault),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error(transparent)]
    Unfit(#[from] OidcFault),
    #[error("{0}")]
    Keys(JwksFault),
    #[error("it could not be read a moment ago")]
    Pause,
}

impl Provider {
    /// A provider that was not read yet.
    #[must_use]
    pub fn new(settings: ProviderSettings) -> Self {
        Self {
            settings,
            known: Mutex::new(Known {
                discovery: None,
                tried: None,
                keys: JwksCache::empty(KEY_AGES),
            }),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// What the operator decided about it.
    #[must_use]
    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// The roles of somebody in these groups. A group that is not mapped gives nothing.
    pub(crate) fn roles_of<'g>(&self, groups: impl IntoIterator<Item = &'g str>) -> Vec<String> {
        let mut roles: Vec<String> = groups
            .into_iter()
            .filter_map(|group| self.settings.roles.get(group).cloned())
            .collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// What it says of itself, read anew when that is too long ago.
    pub(crate) async fn discovery(
        &self,
        fetch: &dyn Fetch,
        now: Timestamp,
    ) -> Result<Arc<Discovery>, ProviderFault> {
        if let Some(discovery) = self.known_discovery(now, DISCOVERY_AGE_MAX) {
            return Ok(discovery);
        }
        let _one_at_a_time = self.reading.lock().await;
        if let Some(discovery) = self.known_discovery(now, DISCOVERY_AGE_MAX) {
            return Ok(discovery);
        }
        self.read_discovery(fetch, now).await
    }

    /// Its keys. `unknown` says that a token names one that is not among those known: then they
    /// are read anew, unless that was just done.
    pub(crate) async fn keys(
        &self,
        fetch: &dyn Fetch,
        now: Timestamp,
        unknown: bool,
    ) -> Result<Arc<JwkSet>, ProviderFault> {
        let discovery = self.discovery(fetch, now).await?;
        let _one_at_a_time = self.reading.lock().await;
        if unknown {
            self.known().keys.want();
        }
        let (held, due) = {
            let known = self.known();
            (known.keys.keys(now), known.keys.is_due(now))
        };
        match held {
            Ok(keys) if !(unknown && due) => Ok(keys),
            Err(_) if !due => Err(ProviderFault::Pause),
            _ => self.read_keys(&discovery.jwks_uri, fetch, now).await,
        }
    }

    /// Reads anew what is due.
    pub(crate) async fn refresh(
        &self,
        fetch: &dyn Fetch,
        now: Timestamp,
    ) -> Result<(), ProviderFault> {
        let _one_at_a_time = self.reading.lock().await;
        let discovery = match self.known_discovery(now, DISCOVERY_REFRESH) {
            Some(discovery) => discovery,
            None if self.tried_just_now(now) => return Ok(()),
            None => self.read_discovery(fetch, now).await?,
        };
        let due = self.known().keys.is_due(now);
        if due {
            self.read_keys(&discovery.jwks_uri, fetch, now).await?;
        }
        Ok(())
    }

    async fn read_discovery(
        &self,
        fetch: &dyn Fetch,
        now: Timestamp,
    ) -> Result<Arc<Discovery>, ProviderFault> {
        if self.tried_just_now(now) {
            return Err(ProviderFault::Pause);
        }
        self.known().tried = Some(now);
        let body = read(&Discovery::address(&self.settings.issuer), fetch).await?;
        let discovery = Arc::new(Discovery::parse(&self.settings.issuer, &body)?);
        let mut known = self.known();
        known.discovery = Some((discovery.clone(), now));
        known.tried = None;
        Ok(discovery)
    }

    async fn read_keys(
        &self,
        address: &str,
        fetch: &dyn Fetch,
        now: Timestamp,
    ) -> Result<Arc<JwkSet>, ProviderFault> {
        let answer = read(address, fetch).await;
        let keys = answer.and_then(|body| JwkSet::parse(&body).map_err(ProviderFault::Keys));
        let mut known = self.known();
        match keys {
            Ok(keys) => known.keys.fetched(keys, now),
            Err(fault) => {
                known.keys.failed(now);
                return Err(fault);
            }
        }
        known.keys.keys(now).map_err(|_| ProviderFault::Pause)
    }

    fn known_discovery(&self, now: Timestamp, age_max: SignedDuration) -> Option<Arc<Discovery>> {
        match &self.known().discovery {
            Some((discovery, read)) if now.duration_since(*read) < age_max => {
                Some(discovery.clone())
            }
            _ => None,
        }
    }

    /// A provider that is away is not asked by everybody who wants to sign in.
    fn tried_just_now(&self, now: Timestamp) -> bool {
        let tried = self.known().tried;
        tried.is_some_and(|tried| now.duration_since(tried) < PAUSE)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(address: &str, fetch: &dyn Fetch) -> Result<Vec<u8>, ProviderFault> {
    let request = http::Request::get(address)
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| ProviderFault::Unfit(OidcFault::DiscoveryUnreadable))?;
    let answer = fetch.fetch(request).await;
    let answer = answer.map_err(ProviderFault::Unreachable)?;
    if answer.status() != StatusCode::OK {
        return Err(ProviderFault::Status(answer.status().as_u16()));
    }
    Ok(answer.into_body())
}

const KEY_AGES: JwksAges = JwksAges {
    refresh: SignedDuration::from_mins(10),
    max: SignedDuration::from_hours(24),
    pause: SignedDuration::from_secs(30),
};
const DISCOVERY_REFRESH: SignedDuration = SignedDuration::from_hours(1);
const DISCOVERY_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
