//! API keys: which there are, new ones, and their end.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use wardgate_authz::{Operation, Target};
use wardgate_records::{KEY_DAYS_MAX, KeyRequest};

use super::shown;
use crate::Parts;
use crate::allow::{allow, may};
use crate::api::keys::ApiKeyEntry;
use crate::caller::{Caller, SignedIn};
use crate::frame::{Frame, page};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/keys", get(list).post(create))
        .route("/keys/{id}/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "keys.html")]
struct Keys {
    frame: Frame,
    keys: Vec<ApiKeyEntry>,
    apps: Vec<String>,
    may_create: bool,
    may_revoke: bool,
    done: bool,
    made: Option<Made>,
}

/// A key that was just made.
struct Made {
    app: String,
    secret: String,
    expires: String,
}

#[derive(Deserialize)]
struct Done {
    done: Option<String>,
}

async fn list(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Query(done): Query<Done>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::KeyRead, &Target::any())?;
    let mut keys = keys(&parts, &caller);
    keys.done = done.done.is_some();
    Ok(page(&keys))
}

fn keys(parts: &Parts, caller: &Caller) -> Keys {
    let snapshot = parts.store.snapshot();
    let now = (parts.clock)();
    let mut keys: Vec<ApiKeyEntry> = snapshot
        .keys()
        .map(|key| ApiKeyEntry::of(key, now))
        .collect();
    keys.sort_by(|left, right| right.id.cmp(&left.id));
    let mut apps: Vec<String> = snapshot.apps().map(|app| app.id.clone()).collect();
    apps.sort_unstable();
    Keys {
        frame: Frame::of(parts, Some(caller), "Keys", "/keys"),
        keys,
        apps,
        may_create: may(parts, caller, Operation::KeyCreate, &Target::any()),
        may_revoke: may(parts, caller, Operation::KeyRevoke, &Target::any()),
        done: false,
        made: None,
    }
}

#[derive(Deserialize)]
struct NewKey {
    app: String,
    person: String,
    days: u32,
}

async fn create(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Form(asked): Form<NewKey>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::KeyCreate, &Target::any())?;
    let now = (parts.clock)();
    let days = i64::from(asked.days).min(KEY_DAYS_MAX + 1);
    let person = asked.person.trim();
    let request = KeyRequest {
        app: &asked.app,
        person: (!person.is_empty()).then_some(person),
        environment: "live",
        expires: now + SignedDuration::from_hours(24 * days),
        systems: &[],
        purposes: &[],
    };
    let key = parts.store.create_key(&request, now).await?;
    let mut keys = keys(&parts, &caller);
    keys.made = Some(Made {
        app: asked.app,
        secret: key.secret.expose_secret().to_owned(),
        expires: shown::time(&key.expires),
    });
    Ok(page(&keys))
}

async fn revoke(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let target = Target {
        kind: "key",
        id: &id,
        made_by: None,
    };
    allow(&parts, &caller, Operation::KeyRevoke, &target)?;
    let id = id.parse().map_err(|_| Refusal::not_found("API key"))?;
    parts.store.revoke_key(id, (parts.clock)()).await?;
    Ok(Redirect::to("/keys?done=revoked").into_response())
}
