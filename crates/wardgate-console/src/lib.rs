//! What people and programs see of a node beside its calls, over records and ledger.
//!
//! Pages; `/api` with its OpenAPI document; `/fhir` for consents; `/scim` for directories; `/oauth` for
//! applications; `/sso` for sign-on; `/healthz` (the process answers), `/readyz` (it can serve calls:
//! the ledger takes entries and the records are fresh) and `/metrics` (text of Prometheus). Every
//! request but those of sign-in, discovery and health asks the policies first.
//!
//! What this crate deliberately does not do: it never imports the gateway. What the gateway
//! counts comes in as a closure.
#![deny(missing_docs)]

mod allow;
mod api;
mod assets;
mod caller;
mod changes;
mod denials;
mod emergency;
mod fhir;
mod file_sources;
mod frame;
mod guard;
mod headers;
mod health;
mod logins;
mod oauth;
mod pages;
mod refusal;
mod return_to;
mod scim;
mod server;
mod settings;
mod sso;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use jiff::Timestamp;
use wardgate_identity::Fetch;
use wardgate_ledger::Ledger;
use wardgate_records::Store;

use denials::Denials;
use logins::Logins;
use refusal::Refusal;

pub use fhir::FILE_BYTES_MAX;
pub use file_sources::FileSource;
pub use health::{Anchor, Check, Readiness};
pub use oauth::Tokens;
pub use settings::Settings;
pub use sso::{Provider, ProviderSettings};

/// What the console shows.
#[derive(Clone)]
pub struct Parts {
    /// The governance records.
    pub store: Arc<Store>,
    /// The log of this node.
    pub ledger: Ledger,
    /// The counters of the gate, in the text format of Prometheus.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// How the anchors of the ledger stand.
    pub anchors: Arc<dyn Fn() -> Vec<Anchor> + Send + Sync>,
    /// What the operator decided about people, applications and directories.
    pub settings: Arc<Settings>,
    /// How providers of identity are reached.
    pub fetch: Arc<dyn Fetch>,
    /// How files of [`Settings::file_sources`] are reached: as large, and as long on their way, as is read.
    pub fetch_files: Arc<dyn Fetch>,
    /// What time it is.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

/// Serves what is left of the console of a sealed node until `stop` is ready: it answers that it
/// lives, and that it is not ready.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve_sealed(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(|| async { readiness(&Readiness::sealed()) }))
        .route(
            "/metrics",
            get(|| async { as_metrics(SEALED_METRICS.to_owned()) }),
        )
        .fallback(|| async { (StatusCode::SERVICE_UNAVAILABLE, "this node is sealed\n") })
        .layer(map_response(headers::secure));
    server::listen(listener, tls, app, stop).await
}

/// Serves the console until `stop` is ready, over TLS when a configuration is given.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    parts: Parts,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let fresh = tokio::spawn(sso::keep_fresh(parts.clone()));
    let served = server::listen(listener, tls, router(parts), stop).await;
    fresh.abort();
    served
}

fn router(parts: Parts) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .merge(assets::routes())
        .merge(pages::routes())
        .merge(oauth::routes())
        .merge(sso::routes())
        .merge(scim::routes())
        .merge(fhir::routes())
        .merge(api::routes())
        .fallback(|| async { Refusal::no_such_page() })
        .layer(Extension(Arc::new(Logins::default())))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(parts.clone(), guard::own_pages_only))
        .layer(from_fn(guard::bounded))
        .layer(from_fn_with_state(
            (parts.clone(), Arc::new(Denials::default())),
            guard::dress,
        ))
        .layer(map_response(headers::secure))
        .with_state(parts)
}

async fn readyz(State(parts): State<Parts>) -> Response {
    let snapshot = parts.store.snapshot();
    let mut readiness = Readiness::of(
        &parts.ledger.health(),
        snapshot.as_of(),
        snapshot.settings().fact_age_max_ms,
        (parts.clock)(),
    );
    readiness.anchors = (parts.anchors)();
    self::readiness(&readiness)
}

fn readiness(readiness: &Readiness) -> Response {
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    // Fixed words and numbers always serialise.
    let body = serde_json::to_vec(readiness).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn metrics(State(parts): State<Parts>) -> Response {
    let emergencies = emergency::metrics(&parts.store.snapshot(), (parts.clock)());
    as_metrics((parts.metrics)() + &health::anchor_metrics(&(parts.anchors)()) + &emergencies)
}

fn as_metrics(text: String) -> Response {
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// The largest body that a request may have, where a route does not say otherwise.
const BODY_BYTES_MAX: usize = 256 * 1024;

const SEALED_METRICS: &str = "# HELP wardgate_vault_sealed Whether the node has no keys.
# TYPE wardgate_vault_sealed gauge
wardgate_vault_sealed 1
";
