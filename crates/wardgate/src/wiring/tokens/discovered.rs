//! Keys of providers of identity, which are where the provider's own description says.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use wardgate_gateway::TrustedIssuer;
use wardgate_identity::oidc::Discovery;
use wardgate_identity::{Fetch, FetchFault};

/// Answers for the address of a provider's description with the keys that it names.
pub(super) struct Discovered {
    fetch: Arc<dyn Fetch>,
    /// Issuers by the address of their description.
    issuers: BTreeMap<String, String>,
}

impl Discovered {
    pub(super) fn new(fetch: Arc<dyn Fetch>, issuers: &[TrustedIssuer]) -> Self {
        let described = issuers
            .iter()
            .filter(|issuer| issuer.keys_url == Discovery::address(&issuer.issuer));
        Self {
            fetch,
            issuers: described
                .map(|issuer| (issuer.keys_url.clone(), issuer.issuer.clone()))
                .collect(),
        }
    }
}

#[async_trait]
impl Fetch for Discovered {
    async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        let issuer = self.issuers.get(&request.uri().to_string());
        let answer = self.fetch.fetch(request).await?;
        let Some(issuer) = issuer.filter(|_| answer.status() == StatusCode::OK) else {
            return Ok(answer);
        };
        // A description that does not read, or is another's, names no keys.
        let named = Discovery::parse(issuer, answer.body())
            .ok()
            .and_then(|described| http::Request::get(described.jwks_uri).body(Vec::new()).ok());
        self.fetch
            .fetch(named.ok_or(FetchFault::Unreachable)?)
            .await
    }
}
