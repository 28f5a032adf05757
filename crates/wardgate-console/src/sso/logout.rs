//! A provider says that a session is over.

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use wardgate_identity::TokenFault;
use wardgate_identity::oidc::{LoggedOut, LogoutRules, OidcFault};
use wardgate_records::people::ProviderSession;

use super::provider::Provider;
use super::refused::NoSignOn;
use crate::Parts;

/// What a provider sends.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    logout_token: String,
}

/// What a provider reads when its token is refused (OpenID Connect Back-Channel Logout 1.0, 2.8).
#[derive(Serialize)]
struct Refused {
    error: &'static str,
}

/// `POST /sso/NAME/backchannel-logout`.
pub(super) async fn logout(
    State(parts): State<Parts>,
    Path(name): Path<String>,
    told: Result<Form<Told>, FormRejection>,
) -> Response {
    let Ok(Form(told)) = told else {
        return refuse();
    };
    match end(&parts, &name, &told.logout_token).await {
        Ok(ended) => {
            tracing::info!(
                provider = name,
                ended,
                "a provider of identity ended sessions"
            );
            StatusCode::OK.into_response()
        }
        Err(NoSignOn::Store(error)) => {
            tracing::error!(%error, hint = error.hint(), "sessions could not be ended");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(refused) => {
            tracing::warn!(provider = name, reason = ?refused, "a logout token was refused");
            refuse()
        }
    }
}

fn refuse() -> Response {
    let body = Refused {
        error: "invalid_request",
    };
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

async fn end(parts: &Parts, name: &str, token: &str) -> Result<u64, NoSignOn> {
    let provider = parts.settings.provider(name);
    let provider = provider.ok_or(NoSignOn::UnknownProvider)?;
    let issuer = &provider.settings().issuer;
    let over = verify(parts, provider, token).await?;
    let now = (parts.clock)();
    let first = parts
        .store
        .use_logout_token(issuer, &over.id, over.expires, now)
        .await?;
    if !first {
        return Err(NoSignOn::NotBegun);
    }
    let sessions = ProviderSession {
        issuer,
        subject: over.subject.as_deref().unwrap_or_default(),
        session: over.session.as_deref(),
    };
    Ok(parts.store.end_provider_sessions(&sessions, now).await?)
}

async fn verify(parts: &Parts, provider: &Provider, token: &str) -> Result<LoggedOut, NoSignOn> {
    let now = (parts.clock)();
    let settings = provider.settings();
    let rules = LogoutRules {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        now,
    };
    let keys = provider.keys(&*parts.fetch, now, false).await?;
    match rules.check(token, &keys) {
        Err(OidcFault::Token(TokenFault::KeyUnknown)) => {
            let keys = provider.keys(&*parts.fetch, now, true).await?;
            Ok(rules.check(token, &keys)?)
        }
        checked => Ok(checked?),
    }
}
