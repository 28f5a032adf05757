//! Sign-in through the hospital's own provider of identity by OpenID Connect.

use axum::Router;

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
}
