//! The governance records, to read.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use wardgate_authz::{Operation, Target};

use super::shown;
use crate::Parts;
use crate::allow::allow;
use crate::api::records::{AppEntry, SystemEntry, VendorEntry, apps_of, systems_of, vendors_of};
use crate::caller::SignedIn;
use crate::frame::{Frame, page};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/records", get(list))
}

#[derive(Template)]
#[template(path = "records.html")]
struct Records {
    frame: Frame,
    systems: Vec<SystemEntry>,
    vendors: Vec<VendorEntry>,
    apps: Vec<AppEntry>,
}

async fn list(State(parts): State<Parts>, SignedIn(caller): SignedIn) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::RecordsRead, &Target::any())?;
    let snapshot = parts.store.snapshot();
    Ok(page(&Records {
        frame: Frame::of(&parts, Some(&caller), "Records", "/records"),
        systems: systems_of(&snapshot),
        vendors: vendors_of(&snapshot),
        apps: apps_of(&snapshot),
    }))
}
