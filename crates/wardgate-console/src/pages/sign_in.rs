//! Signing in and out: by passkey without a name, or by name, password and one-time code.

use askama::Template;
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::SecretString;
use serde::Deserialize;
use wardgate_identity::{Checked, Cost, Passkeys, Proof, SESSION_COOKIE, hash_password};
use wardgate_records::people::{ChallengeKind, CredentialKind, Means};

use super::signing::{Answer, Ask, Door, forget, not_right, on_to, passkey_refused, with_cookies};
use crate::frame::{Frame, page, with_status};
use crate::refusal::Refusal;
use crate::{Parts, return_to};

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/sign-in", get(show).post(password))
        .route("/sign-in/code", post(code))
        .route("/sign-in/passkey/begin", post(begin))
        .route("/sign-in/passkey/finish", post(finish))
        .route("/sign-out", post(sign_out))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    frame: Frame,
    fault: Option<String>,
    name: &'a str,
    next: &'a str,
    /// The hospital's own providers of identity.
    providers: Vec<Through>,
}

/// A provider of identity, as pages show it.
pub(super) struct Through {
    pub(super) path: String,
    pub(super) label: String,
}

impl Through {
    /// The providers, each with where it is begun: to sign in, or to prove oneself again.
    pub(super) fn all(parts: &Parts, next: &str, again: bool) -> Vec<Self> {
        let providers = parts.settings.providers.iter();
        providers
            .map(|provider| {
                let settings = provider.settings();
                let start = format!("/sso/{}/start", settings.name);
                let path = return_to::by_way_of(&start, next);
                let mark = if path.contains('?') { '&' } else { '?' };
                Self {
                    path: if again {
                        format!("{path}{mark}again=1")
                    } else {
                        path
                    },
                    label: settings.label.clone(),
                }
            })
            .collect()
    }
}

impl<'a> SignIn<'a> {
    fn new(door: &Door, fault: Option<String>, name: &'a str, next: &'a str) -> Self {
        Self {
            frame: frame(door, "Sign in"),
            fault,
            name,
            next,
            providers: Through::all(&door.parts, next, false),
        }
    }
}

#[derive(Template)]
#[template(path = "code.html")]
struct Code<'a> {
    frame: Frame,
    fault: Option<String>,
    challenge: &'a str,
    next: &'a str,
}

#[derive(Deserialize)]
struct Way {
    #[serde(rename = "return", default)]
    back: String,
}

async fn show(door: Door, Query(way): Query<Way>) -> Response {
    let next = return_to::local(&way.back).unwrap_or("/");
    page(&SignIn::new(&door, None, "", next))
}

#[derive(Deserialize)]
struct Named {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// The first of two factors. Right or wrong, known or unknown: the work is the same.
async fn password(door: Door, Form(form): Form<Named>) -> Result<Response, Refusal> {
    let now = door.now();
    let password = SecretString::from(form.password);
    let name = form.name.trim();
    let next = return_to::local(&form.next).unwrap_or("/");
    let refused = |refusal: &Refusal| {
        let template = SignIn::new(&door, Some(told(refusal)), name, next);
        Ok(with_status(refusal.status, &template))
    };
    let trying = door.trying(name).await?;
    if let Err(refusal) = door.porter.admit(&trying, now) {
        return refused(&refusal);
    }
    let held = door.ways(name, CredentialKind::Password).await?.pop();
    let has_code = !door.ways(name, CredentialKind::Totp).await?.is_empty();
    let stored = held.as_ref().map(|way| way.secret.to_vec());
    let checked = door.porter.check(password.clone(), stored).await?;
    let Some(held) = held.filter(|_| checked != Checked::Wrong && has_code) else {
        door.porter.failed(&trying, now);
        door.porter
            .denied("sign_in.refused", None, &door.parts.store, now)
            .await;
        return refused(&wrong());
    };
    if checked == Checked::RightButCheap {
        rehash(&door, name, &held, password).await?;
    }
    door.parts.store.note_use(held.id, now).await?;
    ask_for_code(&door, name, next, None).await
}

/// Hashes a password that is right at the cost of today.
async fn rehash(
    door: &Door,
    person: &str,
    held: &wardgate_records::people::Credential,
    password: SecretString,
) -> Result<(), Refusal> {
    let salt = wardgate_vault::random();
    let hashed = tokio::task::spawn_blocking(move || hash_password(&password, salt, Cost::CURRENT));
    let hashed = hashed.await.map_err(|_| Refusal::internal())?;
    let hashed = hashed.map_err(|_| Refusal::internal())?;
    Ok(door
        .parts
        .store
        .keep_secret(person, held.id, &hashed)
        .await?)
}

/// The page of the second factor, with a challenge that only whoever passed the first has.
async fn ask_for_code(
    door: &Door,
    person: &str,
    next: &str,
    fault: Option<String>,
) -> Result<Response, Refusal> {
    use secrecy::ExposeSecret as _;
    let kind = ChallengeKind::SecondFactor;
    let state = person.as_bytes();
    let challenge = door.parts.store.put_challenge(kind, state, door.now());
    let challenge = challenge.await?;
    let status = match fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNAUTHORIZED,
    };
    let template = Code {
        frame: frame(door, "One-time code"),
        fault,
        challenge: challenge.expose_secret(),
        next,
    };
    Ok(with_status(status, &template))
}

#[derive(Deserialize)]
struct Second {
    challenge: String,
    code: String,
    #[serde(default)]
    next: String,
}

async fn code(door: Door, Form(form): Form<Second>) -> Result<Response, Refusal> {
    let now = door.now();
    let kind = ChallengeKind::SecondFactor;
    let state = door
        .parts
        .store
        .take_challenge(kind, &form.challenge, now)
        .await?;
    let person = state.and_then(|state| String::from_utf8(state.to_vec()).ok());
    let Some(person) = person else {
        let fault = Some("That took too long. Start again.".to_owned());
        let next = return_to::local(&form.next).unwrap_or("/");
        let template = SignIn::new(&door, fault, "", next);
        return Ok(with_status(StatusCode::UNAUTHORIZED, &template));
    };
    let trying = door.trying(&person).await?;
    if let Err(refusal) = door.porter.admit(&trying, now) {
        return ask_for_code(&door, &person, &form.next, Some(told(&refusal))).await;
    }
    if !door.takes_code(&person, &form.code).await? {
        door.porter.failed(&trying, now);
        let code = "sign_in.second_factor";
        door.porter
            .denied(code, Some(&person), &door.parts.store, now)
            .await;
        let fault = "This code is wrong, or was used before. Wait for the next one.".to_owned();
        return ask_for_code(&door, &person, &form.next, Some(fault)).await;
    }
    door.porter.succeeded(&trying);
    let (means, proof) = (Means::PasswordTotp, Proof::TwoFactors);
    let cookies = door.sign_in(&person, means, proof).await?;
    Ok(with_cookies(cookies, on_to(&form.next)))
}

async fn begin(door: Door) -> Result<Json<Ask>, Refusal> {
    let asked = door.passkeys()?.begin_sign_in().map_err(passkey_refused)?;
    let kind = ChallengeKind::PasskeySignIn;
    let challenge = door
        .parts
        .store
        .put_challenge(kind, &asked.state, door.now());
    Ask::new(&challenge.await?, &asked.options)
}

async fn finish(door: Door, Json(answer): Json<Answer>) -> Result<Response, Refusal> {
    let person = prove(&door, ChallengeKind::PasskeySignIn, &answer, None).await;
    let person = match person {
        Ok(person) => person,
        Err(refusal) => {
            door.porter
                .denied("sign_in.passkey", None, &door.parts.store, door.now())
                .await;
            return Err(refusal);
        }
    };
    let cookies = door.sign_in(&person, Means::Passkey, Proof::Passkey).await;
    // Somebody suspended is told no more than a stranger.
    let cookies = cookies.map_err(|_| not_right())?;
    Ok(with_cookies(cookies, answer.next()))
}

/// Checks an answer of an authenticator, for anybody or for one person. Returns whose it is.
pub(super) async fn prove(
    door: &Door,
    kind: ChallengeKind,
    answer: &Answer,
    only: Option<&str>,
) -> Result<String, Refusal> {
    let store = &door.parts.store;
    let now = door.now();
    let state = store.take_challenge(kind, &answer.challenge, now).await?;
    let state = state.ok_or_else(not_right)?;
    let text = answer.answer.to_string();
    let claimed = Passkeys::claimed(&text).map_err(passkey_refused)?;
    let held = store.passkey(&claimed.credential_id).await?;
    let held = held.ok_or_else(not_right)?;
    if only.is_some_and(|person| person != held.person) {
        return Err(not_right());
    }
    let account = store.account(&held.person).await?.ok_or_else(not_right)?;
    // An authenticator that names its owner must name the one whose passkey this is; without a
    // name, only a person who is known already may be asked.
    let fits = match claimed.user_handle {
        Some(handle) => handle == account.user_handle,
        None => only.is_some(),
    };
    if !fits {
        return Err(not_right());
    }
    let proven = door
        .passkeys()?
        .finish(&text, &state, &held.secret)
        .map_err(passkey_refused)?;
    if proven.counter_regressed {
        tracing::warn!(
            credential = %held.id,
            "the counter of a passkey did not go on: it may have been copied"
        );
    }
    if let Some(state) = proven.state {
        store.keep_secret(&held.person, held.id, &state).await?;
    }
    store.note_use(held.id, now).await?;
    Ok(held.person)
}

async fn sign_out(door: Door) -> Result<Response, Refusal> {
    if let Some(token) = door.cookie(SESSION_COOKIE) {
        door.parts.store.end_session(token, door.now()).await?;
    }
    Ok(with_cookies(forget(), on_to("/sign-in")).into_response())
}

fn frame(door: &Door, title: &str) -> Frame {
    Frame::of(&door.parts, None, title, "/sign-in").narrow()
}

/// The fault of a form, in a sentence.
pub(super) fn told(refusal: &Refusal) -> String {
    let mut letters = refusal.message.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let mut hint = refusal.hint.chars();
    let hint_first: String = hint
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!(
        "{first}{}. {hint_first}{}.",
        letters.as_str(),
        hint.as_str()
    )
}

/// The one fault of a name and a password that do not sign anybody in.
pub(super) fn wrong() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "sign_in.refused",
        "name or password is not right",
        "type both again",
    )
}
