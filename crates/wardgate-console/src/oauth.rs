//! The token endpoint for applications, and the documents by which they find it.

use axum::Router;

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
}
