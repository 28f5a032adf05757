//! `POST /oauth/token`: an application proves who it is and gets a token for five minutes.

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use wardgate_identity::{
    ACCESS_TOKEN_LIFETIME, Assertion, Grant, JwkSet, LEEWAY, PresentedToken, digest_of,
};
use wardgate_records::{App, AppState, TokenGrant};

use super::fault::OAuthFault;
use super::{Tokens, scopes, token_endpoint};
use crate::Parts;

type Fields = Vec<(String, String)>;

pub(super) async fn token(
    State(parts): State<Parts>,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    match give(&parts, form).await {
        Ok(answer) => answer,
        Err(fault) => fault.into_response(),
    }
}

async fn give(
    parts: &Parts,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, OAuthFault> {
    let tokens = parts.settings.tokens.as_ref();
    let tokens = tokens.ok_or(OAuthFault::NotOffered)?;
    let Form(fields) = form.map_err(|_| {
        OAuthFault::Request("the body must be a form (application/x-www-form-urlencoded)")
    })?;
    let asked = Asked::read(&fields)?;
    let now = (parts.clock)();
    let presented = PresentedToken::parse(asked.assertion).map_err(|_| OAuthFault::Client)?;
    let client = presented
        .claimed_issuer()
        .ok_or(OAuthFault::Client)?
        .to_owned();
    if asked.client.is_some_and(|named| named != client) {
        return Err(OAuthFault::Client);
    }
    let snapshot = parts.store.snapshot();
    let app = snapshot
        .app(&client)
        .filter(|app| app.state == AppState::Active)
        .ok_or(OAuthFault::Client)?;
    let keys = keys_of(app, tokens, now)?;
    let knows = presented.claimed_key().is_some_and(|id| keys.knows(id));
    if let (false, Some(address)) = (knows, &app.clients.keys_url) {
        // The application may have a new key; it tries again with a new assertion.
        tokens.keys.want(address);
    }
    let proof = Assertion::verify(presented, &client, &token_endpoint(parts), &keys, now)
        .map_err(|fault| {
            tracing::info!(app = %app.id, reason = fault.word(), "an application could not prove itself");
            OAuthFault::Client
        })?;
    let granted = scopes::granted(asked.scope, app, &snapshot);
    if granted.is_empty() {
        return Err(OAuthFault::Scope);
    }
    let certificate = bound_certificate(app);
    let grant = Grant {
        client: &client,
        scopes: &granted,
        certificate: certificate.as_deref(),
    };
    let token = tokens.access.issue(&grant, random()?, now);
    let recorded = TokenGrant {
        app: &client,
        assertion: &proof.id,
        assertion_ends: proof.expires + LEEWAY,
        digest: digest_of(&token),
        expires: now + ACCESS_TOKEN_LIFETIME,
        scopes: &granted,
        bound: certificate.is_some(),
    };
    match parts.store.grant_token(&recorded, now).await {
        Ok(true) => Ok(answer(&token, &granted)),
        Ok(false) => Err(OAuthFault::Client),
        Err(error) => {
            tracing::error!(%error, "an access token could not be recorded");
            Err(OAuthFault::Unavailable)
        }
    }
}

/// What a request asks for; no field may stand twice.
struct Asked<'a> {
    assertion: &'a str,
    client: Option<&'a str>,
    scope: &'a str,
}

impl<'a> Asked<'a> {
    fn read(fields: &'a Fields) -> Result<Self, OAuthFault> {
        let one = |name: &str| {
            let mut found = fields.iter().filter(|(field, _)| field == name);
            match (found.next(), found.next()) {
                (_, Some(_)) => Err(OAuthFault::Request("a parameter stands twice")),
                (first, None) => Ok(first.map(|(_, value)| value.as_str())),
            }
        };
        match one("grant_type")? {
            Some("client_credentials") => {}
            Some(_) => return Err(OAuthFault::GrantType),
            None => return Err(OAuthFault::Request("`grant_type` is missing")),
        }
        // A secret here would be one that we never gave and that now stands in a log somewhere.
        if one("client_secret")?.is_some() || one("client_assertion_type")? != Some(ASSERTION_TYPE)
        {
            return Err(OAuthFault::Client);
        }
        Ok(Self {
            assertion: one("client_assertion")?.ok_or(OAuthFault::Client)?,
            client: one("client_id")?,
            scope: one("scope")?.ok_or(OAuthFault::Scope)?,
        })
    }
}

/// The keys that an application signs with, as its record says.
fn keys_of(
    app: &App,
    tokens: &Tokens,
    now: jiff::Timestamp,
) -> Result<std::sync::Arc<JwkSet>, OAuthFault> {
    if let Some(keys) = &app.clients.keys {
        let keys = JwkSet::parse(keys.as_bytes()).map_err(|_| OAuthFault::Client)?;
        return Ok(std::sync::Arc::new(keys));
    }
    let address = app.clients.keys_url.as_deref().ok_or(OAuthFault::Client)?;
    tokens.keys.keys(address, now).map_err(|_| {
        tokens.keys.want(address);
        tracing::warn!(app = %app.id, "the keys of an application are not known or too old");
        OAuthFault::Client
    })
}

/// The token of an application with one certificate on record works on connections with that
/// certificate alone (RFC 8705).
fn bound_certificate(app: &App) -> Option<String> {
    use base64::Engine as _;
    let mut thumbprints = app
        .clients
        .certificates
        .iter()
        .filter_map(|name| name.strip_prefix("sha256:"));
    let (Some(digits), None) = (thumbprints.next(), thumbprints.next()) else {
        return None;
    };
    let bytes: Option<Vec<u8>> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect();
    bytes.map(|bytes| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

fn random() -> Result<[u8; 16], OAuthFault> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| OAuthFault::Unavailable)?;
    Ok(bytes)
}

fn answer(token: &str, granted: &[String]) -> Response {
    let body = Json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_LIFETIME.as_secs(),
        "scope": granted.join(" "),
    }));
    let no_cache = HeaderValue::from_static("no-cache");
    let headers: [(HeaderName, HeaderValue); 1] = [(header::PRAGMA, no_cache)];
    (headers, body).into_response()
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
