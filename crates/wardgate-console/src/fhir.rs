//! Consents and what belongs to them, as FHIR R4 over HTTP.

use axum::Router;

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
}
