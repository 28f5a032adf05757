//! The token endpoint for applications, and the documents by which they find it.

mod bearer;
mod endpoint;
mod fault;
mod scopes;

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use wardgate_identity::{AccessTokens, KeySources};

use crate::Parts;

pub(crate) use bearer::app_of_bearer;
use fault::OAuthFault;

/// What it takes to give tokens to applications.
#[derive(Clone)]
pub struct Tokens {
    /// Signs and checks the tokens of this node.
    pub access: Arc<AccessTokens>,
    /// The keys of applications that publish them.
    pub keys: Arc<KeySources>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
        .route(TOKEN_PATH, post(endpoint::token))
        .route("/oauth/jwks", get(jwks))
        .route("/.well-known/smart-configuration", get(smart_configuration))
        .route(
            "/.well-known/oauth-authorization-server",
            get(authorization_server),
        )
}

async fn jwks(State(parts): State<Parts>) -> Response {
    match &parts.settings.tokens {
        Some(tokens) => Json(tokens.access.jwks()).into_response(),
        None => OAuthFault::NotOffered.into_response(),
    }
}

async fn authorization_server(State(parts): State<Parts>) -> Json<Value> {
    Json(document(&parts))
}

async fn smart_configuration(State(parts): State<Parts>) -> Json<Value> {
    let mut document = document(&parts);
    if let Some(members) = document.as_object_mut() {
        members.insert(
            "capabilities".to_owned(),
            json!([
                "client-confidential-asymmetric",
                "permission-v1",
                "permission-v2"
            ]),
        );
    }
    Json(document)
}

/// What RFC 8414 and SMART App Launch ask for of a server that has a token endpoint alone.
fn document(parts: &Parts) -> Value {
    let origin = &parts.settings.origin;
    json!({
        "issuer": origin,
        "token_endpoint": token_endpoint(parts),
        "jwks_uri": format!("{origin}/oauth/jwks"),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": scopes::SUPPORTED,
        "code_challenge_methods_supported": ["S256"],
        "tls_client_certificate_bound_access_tokens": true,
    })
}

/// The address of the token endpoint, which proofs must be made for.
fn token_endpoint(parts: &Parts) -> String {
    format!("{}{TOKEN_PATH}", parts.settings.origin)
}

const TOKEN_PATH: &str = "/oauth/token";
