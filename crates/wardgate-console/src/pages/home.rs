//! The start: what needs attention, and where to go.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::Parts;
use crate::caller::SignedIn;
use crate::frame::{Frame, page};

pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/", get(home))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
}

async fn home(State(parts): State<Parts>, SignedIn(caller): SignedIn) -> Response {
    page(&Home {
        frame: Frame::of(&parts, Some(&caller), "Start", "/"),
    })
}
