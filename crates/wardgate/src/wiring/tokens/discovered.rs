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

#[cfg(test)]
mod tests {
    use super::*;

    struct Provider;

    #[async_trait]
    impl Fetch for Provider {
        async fn fetch(
            &self,
            request: http::Request<Vec<u8>>,
        ) -> Result<http::Response<Vec<u8>>, FetchFault> {
            let address = request.uri().to_string();
            let (issuer, rest) = address.split_at("https://a.example".len());
            let body = match rest {
                "/.well-known/openid-configuration" => serde_json::json!({
                    // That of `b` says that it is `a`.
                    "issuer": "https://a.example",
                    "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/keys"),
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["ES256"],
                })
                .to_string(),
                _ => format!("answer of {address}"),
            };
            Ok(http::Response::new(body.into_bytes()))
        }
    }

    fn issuer(issuer: &str, keys_url: String) -> TrustedIssuer {
        TrustedIssuer {
            issuer: issuer.to_owned(),
            audience: "wardgate".to_owned(),
            keys_url,
            bearer: false,
            on_behalf_of: true,
            scope: String::new(),
            acr_levels: BTreeMap::new(),
        }
    }

    #[tokio::test]
    async fn keys_are_where_the_description_of_this_very_issuer_says() {
        let described = |name| issuer(name, Discovery::address(name));
        let fetch = Discovered::new(
            Arc::new(Provider),
            &[
                described("https://a.example"),
                described("https://b.example"),
                issuer("https://c.example", "https://c.example/jwks".to_owned()),
            ],
        );
        let ask = async |address: &str| {
            let request = http::Request::get(address).body(Vec::new()).unwrap();
            let answer = fetch.fetch(request).await;
            answer.map(|answer| String::from_utf8(answer.into_body()).unwrap())
        };
        let of = |issuer| Discovery::address(issuer);
        assert_eq!(
            ask(&of("https://a.example")).await.unwrap(),
            "answer of https://a.example/keys"
        );
        assert_eq!(
            ask(&of("https://b.example")).await.unwrap_err(),
            FetchFault::Unreachable
        );
        assert_eq!(
            ask("https://c.example/jwks").await.unwrap(),
            "answer of https://c.example/jwks"
        );
    }
}
