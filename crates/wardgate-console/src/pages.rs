//! Pages for people: server-rendered, usable by keyboard and screen reader, without scripts
//! wherever a browser allows it.

mod command_line;
mod home;
mod keys;
mod people;
mod policies;
mod records;
pub(crate) mod shown;
mod vendors;

use axum::Router;

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new()
        .merge(home::routes())
        .merge(command_line::routes())
        .merge(people::routes())
        .merge(keys::routes())
        .merge(records::routes())
        .merge(policies::routes())
        .merge(vendors::routes())
}
