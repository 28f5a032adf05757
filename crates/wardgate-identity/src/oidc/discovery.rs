//! What a provider says of itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;
use url::Url;

use super::OidcFault;
use crate::is_key_address;

/// What of a provider's discovery document matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The issuer, to the character.
    pub issuer: String,
    /// Where people are sent.
    pub authorization_endpoint: Url,
    /// Where codes are exchanged.
    pub token_endpoint: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// Whether every answer names the issuer (RFC 9207).
    pub names_itself: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    response_types_supported: Vec<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    /// Where an issuer's document is.
    #[must_use]
    pub fn address(issuer: &str) -> String {
        format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        )
    }

    /// Reads the document that was found at the address of `issuer`.
    ///
    /// # Errors
    /// When it is about another issuer, names an endpoint that others may read along, or lacks
    /// what the authorization code flow with PKCE needs. A provider that says nothing of PKCE
    /// may still know it, and is asked with it.
    pub fn parse(issuer: &str, body: &[u8]) -> Result<Self, OidcFault> {
        let document: Document =
            serde_json::from_slice(body).map_err(|_| OidcFault::DiscoveryUnreadable)?;
        if document.issuer != issuer {
            return Err(OidcFault::OtherIssuer);
        }
        let endpoints = [
            &document.authorization_endpoint,
            &document.token_endpoint,
            &document.jwks_uri,
        ];
        if !endpoints.into_iter().all(|one| is_key_address(one)) {
            return Err(OidcFault::InsecureEndpoint);
        }
        let codes = document
            .response_types_supported
            .iter()
            .any(|kind| kind == "code");
        let pkce = document
            .code_challenge_methods_supported
            .is_none_or(|methods| methods.iter().any(|method| method == "S256"));
        if !codes || !pkce {
            return Err(OidcFault::Unsupported);
        }
        let authorization_endpoint = Url::parse(&document.authorization_endpoint)
            .map_err(|_| OidcFault::DiscoveryUnreadable)?;
        Ok(Self {
            issuer: document.issuer,
            authorization_endpoint,
            token_endpoint: document.token_endpoint,
            jwks_uri: document.jwks_uri,
            names_itself: document.authorization_response_iss_parameter_supported,
        })
    }
}

/// Whether a text can be an issuer: https, or http on this machine, without query and fragment.
#[must_use]
pub fn is_issuer(text: &str) -> bool {
    is_key_address(text) && Url::parse(text).is_ok_and(|url| url.query().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example.org";

    fn document(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let mut document = serde_json::json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example.org/authorize",
            "token_endpoint": "https://id.example.org/token",
            "jwks_uri": "https://keys.example.org/jwks",
            "response_types_supported": ["code", "id_token"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        change(&mut document);
        serde_json::to_vec(&document).unwrap()
    }

    #[test]
    fn a_good_document_is_taken() {
        let discovery = Discovery::parse(ISSUER, &document(|_| {})).unwrap();
        assert!(discovery.names_itself);
        assert_eq!(discovery.token_endpoint, "https://id.example.org/token");
        let silent = document(|document| {
            document
                .as_object_mut()
                .unwrap()
                .remove("code_challenge_methods_supported");
        });
        assert!(Discovery::parse(ISSUER, &silent).is_ok());
    }

    #[test]
    fn an_issuer_that_differs_in_one_character_is_another() {
        for issuer in [
            "https://id.example.org/",
            "https://ID.example.org",
            "https://id.example.com",
        ] {
            assert_eq!(
                Discovery::parse(issuer, &document(|_| {})),
                Err(OidcFault::OtherIssuer),
                "{issuer}"
            );
        }
    }

    #[test]
    fn an_endpoint_on_an_open_line_is_refused() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for address in [
                "http://id.example.org/x",
                "ftp://id.example.org/x",
                "http://localhost.evil.org/",
            ] {
                let body = document(|document| document[name] = address.into());
                assert_eq!(
                    Discovery::parse(ISSUER, &body),
                    Err(OidcFault::InsecureEndpoint),
                    "{name} {address}"
                );
            }
        }
        let local = document(|document| document["token_endpoint"] = "http://127.0.0.1:9/t".into());
        assert!(Discovery::parse(ISSUER, &local).is_ok());
    }

    #[test]
    fn a_provider_without_codes_or_with_plain_pkce_alone_is_refused() {
        let no_code = document(|document| {
            document["response_types_supported"] = serde_json::json!(["id_token"])
        });
        let plain = document(|document| {
            document["code_challenge_methods_supported"] = serde_json::json!(["plain"])
        });
        for body in [no_code, plain] {
            assert_eq!(Discovery::parse(ISSUER, &body), Err(OidcFault::Unsupported));
        }
        assert_eq!(
            Discovery::parse(ISSUER, b"<html>"),
            Err(OidcFault::DiscoveryUnreadable)
        );
    }

    #[test]
    fn an_issuer_has_no_query_no_fragment_and_a_private_line() {
        for issuer in [
            "https://id.example.org",
            "https://id.example.org/tenant/v2.0",
            "http://127.0.0.1:8080",
        ] {
            assert!(is_issuer(issuer), "{issuer}");
        }
        for issuer in [
            "http://id.example.org",
            "https://id.example.org?x=1",
            "https://id.example.org#x",
            "id.example.org",
            "https://a:b@id.example.org",
        ] {
            assert!(!is_issuer(issuer), "{issuer}");
        }
    }
}
