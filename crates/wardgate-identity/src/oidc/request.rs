//! The first half of a sign-in: where the browser is sent, and what it comes back with.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::Discovery;

/// What a provider is asked.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// What the provider calls this client.
    pub client_id: &'a str,
    /// Where the browser comes back to.
    pub redirect_uri: &'a str,
    /// What is asked for.
    pub scopes: &'a [String],
    /// Ties the answer to this browser.
    pub state: &'a str,
    /// Ties the ID token to this sign-in.
    pub nonce: &'a str,
    /// The secret behind the code challenge (RFC 7636).
    pub verifier: &'a str,
    /// How old the person's proof may be. Asking makes the provider say when it was.
    pub max_age_s: u64,
    /// Whether the person must prove themselves now, whatever session the provider has.
    pub again: bool,
    /// Which ways of proof are asked for.
    pub acr_values: &'a [String],
}

impl AuthorizationRequest<'_> {
    /// Where the browser is sent.
    #[must_use]
    pub fn address(&self, discovery: &Discovery) -> Url {
        let mut address = discovery.authorization_endpoint.clone();
        {
            let mut query = address.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", self.client_id)
                .append_pair("redirect_uri", self.redirect_uri)
                .append_pair("scope", &self.scopes.join(" "))
                .append_pair("state", self.state)
                .append_pair("nonce", self.nonce)
                .append_pair("code_challenge", &challenge_of(self.verifier))
                .append_pair("code_challenge_method", "S256")
                .append_pair("max_age", &self.max_age_s.to_string());
            if self.again {
                query.append_pair("prompt", "login");
            }
            if !self.acr_values.is_empty() {
                query.append_pair("acr_values", &self.acr_values.join(" "));
            }
        }
        address
    }
}

/// The code challenge of a verifier: S256 of RFC 7636.
#[must_use]
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Why what a browser came back with is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackFault {
    /// It belongs to a sign-in that this browser did not begin.
    #[error("the answer belongs to another sign-in")]
    OtherState,
    /// It comes from another provider, or does not say from which.
    #[error("the answer comes from another provider")]
    OtherIssuer,
}

/// Whether what a browser came back with answers the sign-in that it began, at this provider.
///
/// # Errors
/// When it does not: login CSRF, or the mix-up of two providers (RFC 9207).
pub fn check_callback(
    discovery: &Discovery,
    expected_state: &str,
    state: &str,
    iss: Option<&str>,
) -> Result<(), CallbackFault> {
    verify_slices_are_equal(expected_state.as_bytes(), state.as_bytes())
        .map_err(|_| CallbackFault::OtherState)?;
    match iss {
        Some(iss) if iss == discovery.issuer => Ok(()),
        None if !discovery.names_itself => Ok(()),
        _ => Err(CallbackFault::OtherIssuer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery(names_itself: bool) -> Discovery {
        Discovery {
            issuer: "https://id.example.org".to_owned(),
            authorization_endpoint: "https://id.example.org/authorize?tenant=7".parse().unwrap(),
            token_endpoint: "https://id.example.org/token".to_owned(),
            jwks_uri: "https://id.example.org/jwks".to_owned(),
            names_itself,
        }
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        assert_eq!(
            challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn the_address_asks_for_a_code_and_keeps_the_query_of_the_endpoint() {
        let scopes = ["openid".to_owned(), "profile".to_owned()];
        let acr = ["phr".to_owned()];
        let request = AuthorizationRequest {
            client_id: "ward&gate",
            redirect_uri: "https://console.example.org/sso/corp/callback",
            scopes: &scopes,
            state: "s",
            nonce: "n",
            verifier: "v",
            max_age_s: 0,
            again: true,
            acr_values: &acr,
        };
        let address = request.address(&discovery(true));
        let pairs: Vec<(String, String)> = address.query_pairs().into_owned().collect();
        let value = |name: &str| {
            let found: Vec<_> = pairs.iter().filter(|(key, _)| key == name).collect();
            assert_eq!(found.len(), 1, "{name}");
            found[0].1.clone()
        };
        assert_eq!(value("tenant"), "7");
        assert_eq!(value("response_type"), "code");
        assert_eq!(value("client_id"), "ward&gate");
        assert_eq!(value("scope"), "openid profile");
        assert_eq!(value("code_challenge_method"), "S256");
        assert_eq!(value("code_challenge"), challenge_of("v"));
        assert_eq!(
            (value("max_age"), value("prompt"), value("acr_values")),
            ("0".into(), "login".into(), "phr".into())
        );
        assert!(!address.as_str().contains("code_verifier"));
    }

    #[test]
    fn an_answer_with_another_state_or_issuer_is_refused() {
        let own = Some("https://id.example.org");
        assert_eq!(check_callback(&discovery(true), "abc", "abc", own), Ok(()));
        assert_eq!(
            check_callback(&discovery(false), "abc", "abc", None),
            Ok(())
        );
        for state in ["abd", "ab", "", "abcd"] {
            assert_eq!(
                check_callback(&discovery(true), "abc", state, own),
                Err(CallbackFault::OtherState)
            );
        }
        for (names_itself, iss) in [
            (true, None),
            (true, Some("https://evil.example.org")),
            (false, Some("https://evil.example.org")),
            (false, Some("https://id.example.org/")),
        ] {
            assert_eq!(
                check_callback(&discovery(names_itself), "abc", "abc", iss),
                Err(CallbackFault::OtherIssuer)
            );
        }
    }
}
