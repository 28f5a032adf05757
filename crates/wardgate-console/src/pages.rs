//! Pages for people: server-rendered, usable by keyboard and screen reader, without scripts
//! wherever a browser allows it.

mod home;

use axum::Router;

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new().merge(home::routes())
}
