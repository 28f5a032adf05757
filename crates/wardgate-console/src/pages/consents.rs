//! The queue of consents that cannot be computed: each waits for a person, and permits nothing.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use wardgate_authz::{Operation, Target};
use wardgate_records::SEARCH_PAGE_MAX;

use super::shown;
use crate::Parts;
use crate::allow::{allow, may};
use crate::api::consents::WaitingConsent;
use crate::caller::SignedIn;
use crate::fhir::author;
use crate::frame::{Frame, page};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/consents", get(list))
        .route("/consents/confirm", post(confirm))
}

#[derive(Template)]
#[template(path = "consents.html")]
struct Consents {
    frame: Frame,
    waiting: Vec<WaitingConsent>,
    /// Where the next page begins.
    next: Option<String>,
    may_settle: bool,
}

#[derive(Deserialize)]
struct Wanted {
    after: Option<String>,
}

async fn list(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::ConsentRead, &Target::any())?;
    let store = &parts.store;
    let queue = store
        .consent_queue(wanted.after.as_deref(), SEARCH_PAGE_MAX)
        .await?;
    Ok(page(&Consents {
        frame: Frame::of(&parts, Some(&caller), "Consents", "/consents"),
        waiting: queue.consents.iter().map(WaitingConsent::of).collect(),
        next: queue
            .next
            .map(|next| url::form_urlencoded::byte_serialize(next.as_bytes()).collect()),
        may_settle: may(&parts, &caller, Operation::ConsentResolve, &Target::any()),
    }))
}

#[derive(Deserialize)]
struct Confirmed {
    id: String,
    version: u64,
}

async fn confirm(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::ConsentResolve, &Target::any())?;
    let consent = (confirmed.id.as_str(), confirmed.version);
    let store = &parts.store;
    store
        .confirm_consent(consent, &author(&caller), (parts.clock)())
        .await?;
    Ok(Redirect::to("/consents").into_response())
}
