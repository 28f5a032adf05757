//! The interface for programs, described by `/api/openapi.json`.

pub(crate) mod break_glass;
mod care;
pub(crate) mod consents;
mod document;
pub(crate) mod keys;
mod login;
mod me;
pub(crate) mod people;
mod policies;
pub(crate) mod records;
pub(crate) mod route;
pub(crate) mod sessions;
mod vendors;

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Parts;
use crate::refusal::Refusal;
use route::Api;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    api().router.route("/api/openapi.json", get(openapi))
}

/// Every route with its description.
fn api() -> Api {
    me::routes()
        .and(login::routes())
        .and(sessions::routes())
        .and(people::routes())
        .and(keys::routes())
        .and(consents::routes())
        .and(records::routes())
        .and(policies::routes())
        .and(vendors::routes())
        .and(break_glass::routes())
        .and(care::routes())
}

/// What the interface offers. It tells nothing of this installation, so everybody may read it.
async fn openapi() -> Response {
    match &*DOCUMENT {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json.as_str()).into_response(),
        Err(error) => {
            tracing::error!(%error, "the description of the interface could not be written");
            Refusal::internal().into_response()
        }
    }
}

static DOCUMENT: LazyLock<serde_json::Result<String>> =
    LazyLock::new(|| api().described.document().to_json());
