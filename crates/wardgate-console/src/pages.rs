//! Pages for people: server-rendered, usable by keyboard and screen reader, without scripts
//! wherever a browser allows it.

mod account;
mod break_glass;
mod command_line;
mod consents;
mod enrol;
mod home;
mod keys;
mod people;
mod policies;
mod porter;
mod records;
mod recover;
pub(crate) mod shown;
mod sign_in;
mod signing;
mod step_up;
mod vendors;

use std::sync::Arc;

use axum::{Extension, Router};

use crate::Parts;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    let own = Router::new()
        .merge(account::routes())
        .merge(enrol::routes())
        .merge(recover::routes())
        .merge(sign_in::routes())
        .merge(step_up::routes())
        .layer(Extension(Arc::new(porter::Porter::new())));
    Router::new()
        .merge(home::routes())
        .merge(own)
        .merge(command_line::routes())
        .merge(people::routes())
        .merge(keys::routes())
        .merge(records::routes())
        .merge(policies::routes())
        .merge(break_glass::routes())
        .merge(consents::routes())
        .merge(vendors::routes())
}
