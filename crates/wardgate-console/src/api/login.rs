//! How a command line gets a session of its person: `wardgate login`.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardgate_records::people::{Means, SessionKind, SessionRequest};

use super::route::{Api, Route};
use crate::Parts;
use crate::logins::{Logins, Standing, WAIT_S};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    Api::default()
        .open(
            Route::open("/api/login", "Begin to sign in a command line.")
                .takes::<LoginBegun>()
                .makes::<LoginCodes>(),
            post(begin),
        )
        .open(
            Route::open(
                "/api/login/token",
                "Ask whether a person has let the command line act for them.",
            )
            .takes::<LoginCode>()
            .makes::<LoginToken>(),
            post(token),
        )
}

/// A command line that wants to act for a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginBegun {
    /// What it is, in words that the person reads, such as the name of the machine.
    #[schema(max_length = 200)]
    about: String,
}

/// What the command line shows, and what it keeps.
#[derive(Serialize, ToSchema)]
struct LoginCodes {
    /// To keep: opens the session once a person said yes.
    device_code: String,
    /// To show: the person enters it on the page.
    user_code: String,
    /// The page.
    page: String,
    expires_in_s: i64,
    /// How often to ask.
    interval_s: u64,
}

/// The code that the command line kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginCode {
    device_code: String,
}

/// A session of the command line.
#[derive(Serialize, ToSchema)]
struct LoginToken {
    /// To send in `Authorization: Bearer`. It is not told again.
    token: String,
    person: String,
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
}

async fn begin(
    State(parts): State<Parts>,
    Extension(logins): Extension<Arc<Logins>>,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: LoginBegun = read(request).await?;
    let now = (parts.clock)();
    let codes = logins
        .begin(&asked.about, wardgate_vault::random(), now)
        .ok_or_else(|| {
            Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "login.too_many",
                "too many command lines wait for a person already",
                "try again in a few minutes",
            )
        })?;
    let answer = LoginCodes {
        device_code: codes.long.expose_secret().to_owned(),
        page: format!(
            "{}/command-line?code={}",
            parts.settings.origin, codes.short
        ),
        user_code: codes.short,
        expires_in_s: WAIT_S,
        interval_s: INTERVAL_S,
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn token(
    State(parts): State<Parts>,
    Extension(logins): Extension<Arc<Logins>>,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: LoginCode = read(request).await?;
    let now = (parts.clock)();
    let (approval, about) = match logins.take(&asked.device_code, now) {
        Standing::Approved { approval, about } => (approval, about),
        Standing::Waiting => {
            return Err(Refusal::conflict(
                "login.waiting",
                "nobody has said yes yet",
                "ask again after the interval",
            ));
        }
        Standing::None => {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                "login.ended",
                "this login was refused or its time is over",
                "run `wardgate login` again",
            ));
        }
    };
    let request = SessionRequest {
        person: &approval.person,
        kind: SessionKind::Cli,
        means: Means::Approval,
        mfa_level: approval.mfa_level,
        proven_at: approval.proven_at,
        granted_roles: approval.granted_roles.as_deref(),
        about: &about,
        provider: None,
    };
    let session = parts.store.start_session(&request, now).await?;
    let answer = LoginToken {
        token: session.token.expose_secret().to_owned(),
        person: approval.person,
        expires: session.ends_at,
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn read<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let unreadable = |_| Refusal::unreadable("the body is not what is asked for");
    let Json(body) = Json::<T>::from_request(request, &())
        .await
        .map_err(unreadable)?;
    Ok(body)
}

const INTERVAL_S: u64 = 2;
