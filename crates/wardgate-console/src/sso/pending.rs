//! A sign-in that was begun: what this browser alone knows of it, and what the store keeps.
//!
//! The browser holds one random token in a cookie of its own. State, nonce and code verifier are
//! digests of it, each for its use, so nothing else has to be kept, and an answer fits the one
//! browser that asked. The store takes the rest back once: a second answer finds nothing.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use wardgate_identity::{clear_cookie, read_cookie, set_cookie};
use wardgate_records::RecordsError;
use wardgate_records::people::{CHALLENGE_MS, ChallengeKind};

use crate::Parts;

/// What the store keeps of a sign-in that was begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) provider: String,
    /// Where the person goes afterwards: a path of this console.
    pub(super) return_to: String,
    pub(super) begun_s: i64,
    /// Who has to prove themselves again; none for a sign-in.
    pub(super) again: Option<String>,
}

/// The token of a sign-in, and what is made of it.
pub(super) struct Begun(SecretString);

impl Begun {
    /// Keeps a sign-in and gives the browser's half of it.
    pub(super) async fn keep(
        parts: &Parts,
        pending: &Pending,
        now: Timestamp,
    ) -> Result<Self, RecordsError> {
        // Texts and numbers always serialise.
        let state = serde_json::to_vec(pending).unwrap_or_default();
        let kind = ChallengeKind::ProviderSignIn;
        Ok(Self(parts.store.put_challenge(kind, &state, now).await?))
    }

    /// The half that a browser came back with.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        cookie_of(headers, COOKIE).map(|token| Self(SecretString::from(token)))
    }

    /// Takes the other half: gone from now on, whatever comes of it.
    pub(super) async fn take(
        &self,
        parts: &Parts,
        now: Timestamp,
    ) -> Result<Option<Pending>, RecordsError> {
        let kind = ChallengeKind::ProviderSignIn;
        let token = self.0.expose_secret();
        let state = parts.store.take_challenge(kind, token, now).await?;
        Ok(state.and_then(|state| serde_json::from_slice(&state).ok()))
    }

    pub(super) fn state(&self) -> String {
        self.made_for("state")
    }

    pub(super) fn nonce(&self) -> String {
        self.made_for("nonce")
    }

    pub(super) fn verifier(&self) -> String {
        self.made_for("verifier")
    }

    /// Names the assertion by which this node proves itself to the provider.
    pub(super) fn assertion(&self) -> String {
        self.made_for("assertion")
    }

    /// The cookie, for as long as the store keeps the other half.
    pub(super) fn cookie(&self) -> String {
        let age_s = CHALLENGE_MS.unsigned_abs() / 1_000;
        set_cookie(COOKIE, self.0.expose_secret(), Some(age_s))
    }

    /// The token has 256 random bits, so a plain digest tells nothing of it.
    fn made_for(&self, purpose: &str) -> String {
        let text = format!("wardgate sso {purpose}\0{}", self.0.expose_secret());
        URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
    }
}

/// Takes the cookie back.
pub(super) fn forget() -> String {
    clear_cookie(COOKIE)
}

/// A cookie of a request.
pub(super) fn cookie_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    read_cookie(cookies.filter_map(|value| value.to_str().ok()), name)
}

/// A response with cookies.
pub(super) fn with_cookies<const N: usize>(
    cookies: [String; N],
    response: impl IntoResponse,
) -> Response {
    let mut response = response.into_response();
    for cookie in cookies {
        if let Ok(mut value) = HeaderValue::try_from(cookie) {
            value.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

const COOKIE: &str = "__Host-wardgate-sso";
