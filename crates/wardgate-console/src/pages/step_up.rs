//! A fresh proof for a session that exists: it gets a new token.

use askama::Template;
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use wardgate_identity::Proof;
use wardgate_records::people::{ChallengeKind, CredentialKind, Means};

use super::sign_in::{Through, prove, told};
use super::signing::{Answer, Ask, Door, on_to, passkey_refused, with_cookies};
use crate::caller::{Caller, SignedIn};
use crate::frame::{Frame, with_status};
use crate::refusal::Refusal;
use crate::{Parts, return_to};

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/step-up", get(show).post(code))
        .route("/step-up/passkey/begin", post(begin))
        .route("/step-up/passkey/finish", post(finish))
}

#[derive(Template)]
#[template(path = "step_up.html")]
struct StepUp<'a> {
    frame: Frame,
    fault: Option<String>,
    next: &'a str,
    has_passkey: bool,
    has_totp: bool,
    /// Those through which somebody who came through one proves themselves again.
    providers: Vec<Through>,
}

#[derive(Deserialize)]
struct Way {
    #[serde(rename = "return", default)]
    back: String,
}

async fn show(
    SignedIn(caller): SignedIn,
    door: Door,
    Query(way): Query<Way>,
) -> Result<Response, Refusal> {
    let next = return_to::local(&way.back).unwrap_or("/");
    ask(&door, &caller, next, None, StatusCode::OK).await
}

async fn ask(
    door: &Door,
    caller: &Caller,
    next: &str,
    fault: Option<String>,
    status: StatusCode,
) -> Result<Response, Refusal> {
    let ways = door.parts.store.credentials(caller.id()).await?;
    let has = |kind| ways.iter().any(|way| way.kind == kind);
    let session = caller.session.as_ref();
    let providers = if session.is_some_and(|session| session.through_provider) {
        Through::all(&door.parts, next, true)
    } else {
        Vec::new()
    };
    let template = StepUp {
        frame: Frame::of(
            &door.parts,
            Some(caller),
            "Prove that it is you",
            "/step-up",
        )
        .narrow(),
        fault,
        next,
        has_passkey: has(CredentialKind::Passkey),
        has_totp: has(CredentialKind::Totp),
        providers,
    };
    Ok(with_status(status, &template))
}

#[derive(Deserialize)]
struct Proving {
    code: String,
    #[serde(default)]
    next: String,
}

async fn code(
    SignedIn(caller): SignedIn,
    door: Door,
    Form(form): Form<Proving>,
) -> Result<Response, Refusal> {
    let now = door.now();
    let next = return_to::local(&form.next).unwrap_or("/");
    let trying = door.trying(caller.id()).await?;
    if let Err(refusal) = door.porter.admit(&trying, now) {
        return ask(&door, &caller, next, Some(told(&refusal)), refusal.status).await;
    }
    // A code proves two factors only to whoever signed in with two.
    if caller.mfa_level < 2 || !door.takes_code(caller.id(), &form.code).await? {
        door.porter.failed(&trying, now);
        let code = "step_up.refused";
        door.porter
            .denied(code, Some(caller.id()), &door.parts.store, now)
            .await;
        let fault = "This code is wrong, or was used before. Wait for the next one.".to_owned();
        return ask(&door, &caller, next, Some(fault), StatusCode::UNAUTHORIZED).await;
    }
    door.porter.succeeded(&trying);
    let cookies = door.step_up(Means::PasswordTotp, Proof::TwoFactors).await?;
    Ok(with_cookies(cookies, on_to(next)))
}

async fn begin(SignedIn(caller): SignedIn, door: Door) -> Result<Json<Ask>, Refusal> {
    let own = door.ways(caller.id(), CredentialKind::Passkey).await?;
    let own: Vec<&[u8]> = own.iter().map(|way| way.secret.as_slice()).collect();
    let asked = door
        .passkeys()?
        .begin_step_up(&own)
        .map_err(passkey_refused)?;
    let kind = ChallengeKind::PasskeyStepUp;
    let challenge = door
        .parts
        .store
        .put_challenge(kind, &asked.state, door.now());
    Ask::new(&challenge.await?, &asked.options)
}

async fn finish(
    SignedIn(caller): SignedIn,
    door: Door,
    Json(answer): Json<Answer>,
) -> Result<Response, Refusal> {
    prove(
        &door,
        ChallengeKind::PasskeyStepUp,
        &answer,
        Some(caller.id()),
    )
    .await?;
    let cookies = door.step_up(Means::Passkey, Proof::Passkey).await?;
    Ok(with_cookies(cookies, answer.next()))
}
