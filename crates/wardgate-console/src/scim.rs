//! People from a directory: SCIM 2.0 (RFC 7643, RFC 7644).

use axum::Router;

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
}
