//! The interface for programs, described by `/api/openapi.json`.

use axum::Router;

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
}
