//! Recovery by a code that was written down: it opens the way to new ways to sign in, and nothing
//! else.

use askama::Template;
use axum::Router;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use wardgate_identity::{Checked, read_recovery_code};
use wardgate_records::people::{CredentialKind, LinkPurpose};

use super::sign_in::told;
use super::signing::Door;
use crate::Parts;
use crate::frame::{Frame, page, with_status};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/recover", get(show).post(recover))
}

#[derive(Template)]
#[template(path = "recover.html")]
struct Recover<'a> {
    frame: Frame,
    fault: Option<String>,
    name: &'a str,
}

async fn show(door: Door) -> Response {
    page(&Recover {
        frame: frame(&door),
        fault: None,
        name: "",
    })
}

#[derive(Deserialize)]
struct Lost {
    name: String,
    password: String,
    code: String,
}

/// Right or wrong, known or unknown: the work is the same, and a code is used up only when all
/// else is right.
async fn recover(door: Door, Form(form): Form<Lost>) -> Result<Response, Refusal> {
    let now = door.now();
    let name = form.name.trim();
    let refused = |refusal: &Refusal| {
        let template = Recover {
            frame: frame(&door),
            fault: Some(told(refusal)),
            name,
        };
        Ok(with_status(refusal.status, &template))
    };
    let trying = door.trying(name).await?;
    if let Err(refusal) = door.porter.admit(&trying, now) {
        return refused(&refusal);
    }
    let held = door.ways(name, CredentialKind::Password).await?.pop();
    let stored = held.map(|way| way.secret.to_vec());
    let password = SecretString::from(form.password);
    let checked = door.porter.check(password, stored).await?;
    let store = &door.parts.store;
    let taken = match read_recovery_code(&form.code) {
        Some(code) if checked != Checked::Wrong => {
            store.spend_recovery_code(name, &code, now).await?
        }
        _ => false,
    };
    if !taken {
        door.porter.failed(&trying, now);
        door.porter
            .denied("recovery.refused", None, store, now)
            .await;
        return refused(&wrong());
    }
    door.porter.succeeded(&trying);
    let purpose = LinkPurpose::Recover;
    let link = store.issue_link(name, purpose, Some(name), now).await?;
    let path = format!("/enrol/{}", link.expose_secret());
    Ok(Redirect::to(&path).into_response())
}

fn wrong() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "recovery.refused",
        "name, password or code is not right, or the code was used before",
        "check all three, and take the next code of your list",
    )
}

fn frame(door: &Door) -> Frame {
    Frame::of(&door.parts, None, "Recovery", "/recover").narrow()
}
