//! Sign-in through the hospital's own provider of identity by OpenID Connect.
//!
//! ```text
//! /sso/NAME/start --> provider --> /sso/NAME/callback --> session
//!                     provider --> /sso/NAME/backchannel-logout --> sessions end
//! ```

mod callback;
mod logout;
mod pending;
mod provider;
mod refused;
mod start;

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};

use crate::Parts;

pub use provider::{Provider, ProviderSettings};

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
        .route("/sso/{provider}/start", get(start::start))
        .route("/sso/{provider}/callback", get(callback::callback))
        .route("/sso/{provider}/backchannel-logout", post(logout::logout))
}

/// Keeps what providers say of themselves, and their keys, fresh until it is dropped, so that a
/// sign-in seldom waits for them.
pub(crate) async fn keep_fresh(parts: Parts) {
    if parts.settings.providers.is_empty() {
        return;
    }
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        for provider in &parts.settings.providers {
            if let Err(fault) = provider.refresh(&*parts.fetch, (parts.clock)()).await {
                tracing::warn!(
                    provider = provider.settings().name,
                    error = %fault,
                    "a provider of identity can not be read; what it said before is used"
                );
            }
        }
    }
}

const LOOK: Duration = Duration::from_secs(15);
