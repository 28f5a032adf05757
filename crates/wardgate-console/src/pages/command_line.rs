//! Where a person lets a command line act for them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Form, Router};
use serde::Deserialize;
use wardgate_authz::{Operation, Target};

use crate::Parts;
use crate::allow::allow;
use crate::caller::{Caller, SignedIn};
use crate::frame::{Frame, page, with_status};
use crate::guard::STEP_UP;
use crate::logins::{Approval, Logins};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new().route(PATH, get(ask).post(answer))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
struct Answered {
    code: String,
    answer: String,
}

#[derive(Template)]
#[template(path = "command_line.html")]
struct CommandLine {
    frame: Frame,
    code: String,
    /// What waits under the code.
    about: Option<String>,
    fault: bool,
    done: Option<&'static str>,
}

impl CommandLine {
    fn new(parts: &Parts, caller: &Caller, code: &str) -> Self {
        Self {
            frame: Frame::of(parts, Some(caller), "Command line", PATH).narrow(),
            code: code.to_owned(),
            about: None,
            fault: false,
            done: None,
        }
    }
}

async fn ask(
    State(parts): State<Parts>,
    Extension(logins): Extension<Arc<Logins>>,
    SignedIn(caller): SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    freshly_proven(&parts, &caller)?;
    let mut shown = CommandLine::new(&parts, &caller, &asked.code);
    if asked.code.is_empty() {
        return Ok(page(&shown));
    }
    shown.about = logins.about(&asked.code, (parts.clock)());
    shown.fault = shown.about.is_none();
    Ok(with_status(status(&shown), &shown))
}

async fn answer(
    State(parts): State<Parts>,
    Extension(logins): Extension<Arc<Logins>>,
    SignedIn(caller): SignedIn,
    Form(answered): Form<Answered>,
) -> Result<Response, Refusal> {
    freshly_proven(&parts, &caller)?;
    let now = (parts.clock)();
    let mut shown = CommandLine::new(&parts, &caller, &answered.code);
    if answered.answer == "yes" {
        let session = caller.session.as_ref().ok_or_else(Refusal::stranger)?;
        let approval = Approval {
            person: session.person.clone(),
            mfa_level: session.mfa_level,
            proven_at: session.proven_at,
            granted_roles: session.granted_roles.clone(),
        };
        let approved = logins.approve(&answered.code, approval, now);
        shown.fault = !approved;
        shown.done = approved.then_some("The command line is signed in as you, for 8 hours.");
    } else {
        logins.refuse(&answered.code, now);
        shown.done = Some("The command line was refused.");
    }
    Ok(with_status(status(&shown), &shown))
}

/// Lending one's name to a program needs a fresh proof of who one is.
fn freshly_proven(parts: &Parts, caller: &Caller) -> Result<(), Refusal> {
    let own = Target {
        kind: "account",
        id: caller.id(),
        made_by: Some(caller.id()),
    };
    allow(parts, caller, Operation::AccountOwn, &own)?;
    if caller.mfa_level >= 2 && caller.mfa_age_s < PROOF_AGE_S {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        STEP_UP,
        "this needs a fresh proof of who you are",
        "prove it again and come back",
    ))
}

fn status(shown: &CommandLine) -> StatusCode {
    if shown.fault {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    }
}

const PATH: &str = "/command-line";
const PROOF_AGE_S: u64 = 300;
