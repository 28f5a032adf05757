//! Enrolment by a one-time link: a passkey, or a password with an authenticator app.
//!
//! The link is used up in the step that completes, not by looking at it.

use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use qrcode::QrCode;
use qrcode::render::svg;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use wardgate_identity::{Proof, RECOVERY_CODES, TOTP_SECRET_BYTES, TotpSecret, recovery_code};
use wardgate_records::RecordId;
use wardgate_records::people::{ChallengeKind, Link, LinkPurpose, Means, NewCredential, NewSecret};
use zeroize::Zeroizing;

use super::signing::{Answer, Ask, Door, passkey_refused, with_cookies};
use crate::Parts;
use crate::frame::{Frame, page, with_status};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/enrol/{token}", get(show))
        .route("/enrol/{token}/passkey/begin", post(begin))
        .route("/enrol/{token}/passkey/finish", post(finish))
        .route("/enrol/{token}/password", post(password))
        .route("/enrol/{token}/totp", post(totp))
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct Enrol<'a> {
    frame: Frame,
    fault: Option<String>,
    person: &'a str,
    recovers: bool,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "enrol_totp.html")]
struct EnrolTotp<'a> {
    frame: Frame,
    fault: Option<String>,
    token: &'a str,
    challenge: &'a str,
    picture: &'a str,
    spelled: &'a str,
}

#[derive(Template)]
#[template(path = "codes.html")]
pub(super) struct Codes<'a> {
    pub(super) frame: Frame,
    pub(super) codes: &'a [Zeroizing<String>],
}

/// A password and a second factor that wait for the first code.
#[derive(Serialize, Deserialize)]
struct Pending {
    link: RecordIdText,
    hash: Vec<u8>,
    secret: [u8; TOTP_SECRET_BYTES],
}

type RecordIdText = String;

async fn show(door: Door, Path(token): Path<String>) -> Result<Response, Refusal> {
    let link = good(&door, &token).await?;
    Ok(choice(&door, &link, &token, None))
}

fn choice(door: &Door, link: &Link, token: &str, fault: Option<String>) -> Response {
    let status = match fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let template = Enrol {
        frame: frame(door, "Enrolment"),
        fault,
        person: &link.person,
        recovers: link.purpose == LinkPurpose::Recover,
        token,
    };
    with_status(status, &template)
}

async fn begin(door: Door, Path(token): Path<String>) -> Result<Json<Ask>, Refusal> {
    let link = good(&door, &token).await?;
    let recovers = link.purpose == LinkPurpose::Recover;
    ask_for_passkey(&door, &link.person, recovers).await
}

/// Asks for a new passkey. Those that are about to be replaced may be used again.
pub(super) async fn ask_for_passkey(
    door: &Door,
    person: &str,
    recovers: bool,
) -> Result<Json<Ask>, Refusal> {
    let store = &door.parts.store;
    let account = store.open_account(person, door.now()).await?;
    let mut known = Vec::new();
    if !recovers {
        for way in store.credentials(person).await? {
            if let Ok(id) = wardgate_identity::Passkeys::credential_id(&way.secret) {
                known.push(id);
            }
        }
    }
    let asked = door
        .passkeys()?
        .begin_registration(account.user_handle, person, &known)
        .map_err(passkey_refused)?;
    let state = serde_json::to_vec(&Registering {
        person: person.to_owned(),
        state: asked.state,
    })
    .map_err(|_| Refusal::internal())?;
    let kind = ChallengeKind::PasskeyRegistration;
    let challenge = store.put_challenge(kind, &state, door.now()).await?;
    Ask::new(&challenge, &asked.options)
}

#[derive(Serialize, Deserialize)]
struct Registering {
    person: String,
    state: Vec<u8>,
}

/// Checks a new passkey of a person.
pub(super) async fn registered(
    door: &Door,
    person: &str,
    answer: &Answer,
) -> Result<wardgate_identity::Registered, Refusal> {
    let kind = ChallengeKind::PasskeyRegistration;
    let state = door
        .parts
        .store
        .take_challenge(kind, &answer.challenge, door.now())
        .await?
        .ok_or_else(super::signing::not_right)?;
    let registering: Registering =
        serde_json::from_slice(&state).map_err(|_| Refusal::internal())?;
    if registering.person != person {
        return Err(super::signing::not_right());
    }
    door.passkeys()?
        .finish_registration(&answer.answer.to_string(), &registering.state)
        .map_err(passkey_refused)
}

async fn finish(
    door: Door,
    Path(token): Path<String>,
    Json(answer): Json<Answer>,
) -> Result<Response, Refusal> {
    let link = good(&door, &token).await?;
    let new = registered(&door, &link.person, &answer).await?;
    let way = NewCredential {
        label: answer.label(),
        secret: NewSecret::Passkey {
            credential_id: &new.credential_id,
            state: &new.state,
        },
    };
    complete(&door, &token, &[way]).await?;
    let cookies = door
        .sign_in(&link.person, Means::Passkey, Proof::Passkey)
        .await?;
    Ok(with_cookies(cookies, answer.next()))
}

#[derive(Deserialize)]
struct Password {
    password: String,
    again: String,
}

async fn password(
    door: Door,
    Path(token): Path<String>,
    Form(form): Form<Password>,
) -> Result<Response, Refusal> {
    let link = good(&door, &token).await?;
    let password = SecretString::from(form.password);
    let again = SecretString::from(form.again);
    if password.expose_secret() != again.expose_secret() {
        let fault = "The two passwords differ. Type the same one twice.".to_owned();
        return Ok(choice(&door, &link, &token, Some(fault)));
    }
    let breached = door.parts.settings.breached_passwords.as_deref();
    let person = link.person.clone();
    let hash = match door.porter.keep(password, person, breached).await? {
        Ok(hash) => hash,
        Err(fault) => return Ok(choice(&door, &link, &token, Some(capital(&fault)))),
    };
    let pending = Pending {
        link: link.id.to_string(),
        hash,
        secret: wardgate_vault::random(),
    };
    ask_for_first_code(&door, &link, &token, &pending, None).await
}

async fn ask_for_first_code(
    door: &Door,
    link: &Link,
    token: &str,
    pending: &Pending,
    fault: Option<String>,
) -> Result<Response, Refusal> {
    let state = serde_json::to_vec(pending).map(Zeroizing::new);
    let state = state.map_err(|_| Refusal::internal())?;
    let kind = ChallengeKind::TotpSetup;
    let challenge = door.parts.store.put_challenge(kind, &state, door.now());
    let challenge = challenge.await?;
    let secret = TotpSecret::new(Zeroizing::new(pending.secret));
    let address = secret.address(&link.person, "Wardgate");
    let address = address.ok_or_else(Refusal::internal)?;
    let template = EnrolTotp {
        frame: frame(door, "Authenticator app"),
        fault,
        token,
        challenge: challenge.expose_secret(),
        picture: &picture(&address)?,
        spelled: &secret.spelled(),
    };
    Ok(page(&template))
}

/// The address as a picture, drawn into the page: nothing is loaded, and no other program sees it.
fn picture(address: &str) -> Result<String, Refusal> {
    let code = QrCode::new(address).map_err(|_| Refusal::internal())?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(220, 220)
        .build();
    // The declaration of a file has no place within a page.
    Ok(match picture.split_once("?>") {
        Some((_, svg)) => svg.to_owned(),
        None => picture,
    })
}

#[derive(Deserialize)]
struct FirstCode {
    challenge: String,
    code: String,
}

async fn totp(
    door: Door,
    Path(token): Path<String>,
    Form(form): Form<FirstCode>,
) -> Result<Response, Refusal> {
    let link = good(&door, &token).await?;
    let kind = ChallengeKind::TotpSetup;
    let state = door
        .parts
        .store
        .take_challenge(kind, &form.challenge, door.now())
        .await?;
    let pending: Option<Pending> = state.and_then(|state| serde_json::from_slice(&state).ok());
    let Some(pending) = pending.filter(|pending| pending.link == link.id.to_string()) else {
        let fault = "That took too long. Choose again.".to_owned();
        return Ok(choice(&door, &link, &token, Some(fault)));
    };
    let secret = TotpSecret::new(Zeroizing::new(pending.secret));
    let Some(step) = secret.check(&form.code, door.now()) else {
        let fault = "This code is wrong. Check that the clock of your phone is right, and type the next code.";
        return ask_for_first_code(&door, &link, &token, &pending, Some(fault.to_owned())).await;
    };
    let store = &door.parts.store;
    store.open_account(&link.person, door.now()).await?;
    let codes = new_codes();
    let ways = [
        way("Password", NewSecret::Password(&pending.hash)),
        way("Authenticator app", NewSecret::Totp(secret.bytes())),
        way("Recovery codes", NewSecret::Recovery(&codes)),
    ];
    let added = complete(&door, &token, &ways).await?;
    // The code that was just typed is used up like any other.
    if let Some(id) = added.get(1) {
        store.spend_totp_step(*id, step).await?;
    }
    let (means, proof) = (Means::PasswordTotp, Proof::TwoFactors);
    let cookies = door.sign_in(&link.person, means, proof).await?;
    let template = Codes {
        frame: frame(&door, "Recovery codes"),
        codes: &codes,
    };
    Ok(with_cookies(cookies, page(&template)))
}

const fn way<'a>(label: &'a str, secret: NewSecret<'a>) -> NewCredential<'a> {
    NewCredential { label, secret }
}

pub(super) fn new_codes() -> Vec<Zeroizing<String>> {
    (0..RECOVERY_CODES)
        .map(|_| recovery_code(&Zeroizing::new(wardgate_vault::random())))
        .collect()
}

async fn complete(
    door: &Door,
    token: &str,
    ways: &[NewCredential<'_>],
) -> Result<Vec<RecordId>, Refusal> {
    let enrolled = door.parts.store.enrol(token, ways, door.now()).await?;
    let (_, added) = enrolled.ok_or_else(not_good)?;
    Ok(added)
}

async fn good(door: &Door, token: &str) -> Result<Link, Refusal> {
    let link = door.parts.store.find_link(token, door.now()).await?;
    link.ok_or_else(not_good)
}

fn not_good() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "enrolment.link",
        "this link is not good, or not any more",
        "a link works once and for a day; ask an administrator for another one",
    )
}

fn frame(door: &Door, title: &str) -> Frame {
    Frame::of(&door.parts, None, title, "/enrol").narrow()
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}.", letters.as_str())
}
