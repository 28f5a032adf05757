//! What the token endpoint answers instead of a token (RFC 6749, 5.2).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why there is no token. Who is not known and who cannot prove it get the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuthFault {
    Request(&'static str),
    Client,
    GrantType,
    Scope,
    Unavailable,
    NotOffered,
}

impl IntoResponse for OAuthFault {
    fn into_response(self) -> Response {
        let (status, code, description) = match self {
            Self::Request(what) => (StatusCode::BAD_REQUEST, "invalid_request", what),
            Self::Client => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "the client is not known here or its assertion does not prove it; sign a new one with a new jti for each request",
            ),
            Self::GrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "only client_credentials is offered",
            ),
            Self::Scope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "none of the scopes asked for was granted to this client",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "the token cannot be recorded or the client's keys are not known now; try again",
            ),
            Self::NotOffered => (
                StatusCode::NOT_FOUND,
                "invalid_request",
                "this node gives no tokens",
            ),
        };
        let body = Json(json!({"error": code, "error_description": description}));
        let mut response = (status, body).into_response();
        response
            .headers_mut()
            .insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}
