//! API keys: which there are, new ones, and their end.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::{KEY_DAYS_MAX, Key, KeyRequest};

use super::route::{Answer, Api, Ask, Route};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default()
        .route(
            Route::get(
                "/api/keys",
                Operation::KeyRead,
                "List the API keys, newest first.",
            )
            .query("app", "Only the keys of this app.")
            .gives::<ApiKeys>(),
            list,
        )
        .route(
            Route::post(
                "/api/keys",
                Operation::KeyCreate,
                "Make an API key. Its secret is told once.",
            )
            .takes::<NewApiKey>()
            .makes::<MadeApiKey>(),
            create,
        )
        .route(
            Route::delete("/api/keys/{id}", Operation::KeyRevoke, "Revoke an API key."),
            revoke,
        )
}

/// Which keys are asked for.
#[derive(Deserialize)]
struct Wanted {
    app: Option<String>,
}

/// The API keys on file.
#[derive(Serialize, ToSchema)]
struct ApiKeys {
    keys: Vec<ApiKeyEntry>,
}

/// An API key: everything but its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyEntry {
    pub(crate) id: String,
    pub(crate) app: String,
    /// The person it acts for, if it is for one person only.
    pub(crate) person: Option<String>,
    pub(crate) environment: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created: Timestamp,
    /// The first instant at which it is not accepted any more.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires: Timestamp,
    /// `live`, `expired` or `revoked`.
    pub(crate) state: &'static str,
    /// The systems it may call; none means all that policy allows.
    pub(crate) systems: Vec<String>,
    /// The purposes it may state; none means all that policy allows.
    pub(crate) purposes: Vec<String>,
}

impl ApiKeyEntry {
    pub(crate) fn of(key: &Key, now: Timestamp) -> Self {
        Self {
            id: key.id.to_string(),
            app: key.app.clone(),
            person: key.person.clone(),
            environment: key.environment.clone(),
            created: key.created,
            expires: key.expires,
            state: match (key.revoked.is_some(), now >= key.expires) {
                (true, _) => "revoked",
                (false, true) => "expired",
                (false, false) => "live",
            },
            systems: key.systems.clone(),
            purposes: key.purposes.clone(),
        }
    }
}

/// The key that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApiKey {
    /// The app that will use it.
    app: String,
    /// The person it acts for, if it is for one person only.
    #[serde(default)]
    person: Option<String>,
    /// 1 to 16 of `a-z` and `0-9`.
    #[serde(default = "live")]
    environment: String,
    /// For how many days it is valid, at most 400.
    #[schema(minimum = 1, maximum = 400)]
    days: u32,
    /// The systems it may call; none means all that policy allows.
    #[serde(default)]
    systems: Vec<String>,
    /// The purposes it may state; none means all that policy allows.
    #[serde(default)]
    purposes: Vec<String>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
struct MadeApiKey {
    id: String,
    /// The text that the app presents. It is not told again.
    secret: String,
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
}

async fn list(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let wanted: Wanted = ask.query()?;
    let snapshot = ask.parts.store.snapshot();
    let mut keys: Vec<ApiKeyEntry> = snapshot
        .keys()
        .filter(|key| wanted.app.as_ref().is_none_or(|app| *app == key.app))
        .map(|key| ApiKeyEntry::of(key, ask.now()))
        .collect();
    keys.sort_by(|left, right| right.id.cmp(&left.id));
    Ok(Answer::of(allowed, &ApiKeys { keys }))
}

async fn create(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let asked: NewApiKey = ask.json()?;
    let now = ask.now();
    if i64::from(asked.days) > KEY_DAYS_MAX {
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "request.refused",
            format!("a key is valid for at most {KEY_DAYS_MAX} days"),
            "ask for fewer days",
        ));
    }
    let request = KeyRequest {
        app: &asked.app,
        person: asked.person.as_deref(),
        environment: &asked.environment,
        expires: now + SignedDuration::from_hours(24 * i64::from(asked.days)),
        systems: &asked.systems,
        purposes: &asked.purposes,
    };
    let key = ask.parts.store.create_key(&request, now).await?;
    let made = MadeApiKey {
        id: key.id.to_string(),
        secret: key.secret.expose_secret().to_owned(),
        expires: key.expires,
    };
    Ok(Answer::of(allowed, &made))
}

async fn revoke(ask: Ask) -> Result<Answer, Refusal> {
    let id = ask.path("id");
    let target = Target {
        kind: "key",
        id,
        made_by: None,
    };
    let allowed = ask.allow(&target)?;
    let id = id.parse().map_err(|_| Refusal::not_found("API key"))?;
    ask.parts.store.revoke_key(id, ask.now()).await?;
    Ok(Answer::done(allowed))
}

fn live() -> String {
    "live".to_owned()
}
