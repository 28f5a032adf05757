//! Sends a browser to a provider.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Redirect, Response};
use serde::Deserialize;
use wardgate_identity::oidc::AuthorizationRequest;
use wardgate_records::people::SESSION_MS;

use super::pending::{Begun, Pending, with_cookies};
use super::refused::NoSignOn;
use crate::caller::{Named, identify};
use crate::{Parts, return_to};

/// What a browser asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Where the person goes afterwards.
    #[serde(rename = "return")]
    back: Option<String>,
    /// Whether somebody who is signed in has to prove themselves again.
    #[serde(default)]
    again: Option<String>,
}

/// `GET /sso/NAME/start`.
pub(super) async fn start(
    State(parts): State<Parts>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    match send(&parts, &name, &asked, &headers).await {
        Ok(response) => response,
        Err(refused) => refused.page(&parts, &name, "/sso"),
    }
}

async fn send(
    parts: &Parts,
    name: &str,
    asked: &Asked,
    headers: &HeaderMap,
) -> Result<Response, NoSignOn> {
    let provider = parts.settings.provider(name);
    let provider = provider.ok_or(NoSignOn::UnknownProvider)?;
    let settings = provider.settings();
    let now = (parts.clock)();
    let discovery = provider.discovery(&*parts.fetch, now).await?;
    let again = match asked.again {
        None => None,
        Some(_) => match identify(parts, headers).await.map(|caller| caller.who) {
            Ok(Named::Person { id, .. }) => Some(id),
            // Nobody is signed in: then this is a sign-in.
            _ => None,
        },
    };
    let back = asked.back.as_deref().and_then(return_to::local);
    let pending = Pending {
        provider: name.to_owned(),
        return_to: back.unwrap_or("/").to_owned(),
        begun_s: now.as_second(),
        again,
    };
    let begun = Begun::keep(parts, &pending, now).await?;
    let again = pending.again.is_some();
    let address = AuthorizationRequest {
        client_id: &settings.client_id,
        redirect_uri: &redirect_uri(parts, name),
        scopes: &settings.scopes,
        state: &begun.state(),
        nonce: &begun.nonce(),
        verifier: &begun.verifier(),
        max_age_s: if again { 0 } else { PROOF_AGE_MAX_S },
        again,
        acr_values: if again { &settings.step_up_acr } else { &[] },
    }
    .address(&discovery);
    let redirect = Redirect::to(address.as_str());
    Ok(with_cookies([begun.cookie()], redirect))
}

/// Where the provider sends browsers back to.
pub(super) fn redirect_uri(parts: &Parts, name: &str) -> String {
    format!("{}/sso/{name}/callback", parts.settings.origin)
}

/// How old a proof may be with which a session begins: as old as a session of ours becomes.
pub(super) const PROOF_AGE_MAX_S: u64 = SESSION_MS.unsigned_abs() / 1_000;
