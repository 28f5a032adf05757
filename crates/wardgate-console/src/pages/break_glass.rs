//! Emergency access: opened by those with the authority, seen and reviewed by others.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use wardgate_authz::{Operation, Target};
use wardgate_records::{
    BREAK_GLASS_WORDS_BYTES_MAX, BREAK_GLASS_WORDS_BYTES_MIN, BreakGlass, BreakGlassReason,
    BreakGlassRequest, BreakGlassVerdict, RecordId,
};

use super::shown;
use crate::Parts;
use crate::allow::{allow, may};
use crate::api::break_glass::refusal;
use crate::caller::{Caller, SignedIn};
use crate::emergency;
use crate::frame::{Frame, page, with_status};
use crate::refusal::Refusal;

pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/break-glass", get(list))
        .route("/emergency", get(ask).post(open))
        .route("/break-glass/{id}/review", post(review))
}

#[derive(Template)]
#[template(path = "break_glass.html")]
struct Accesses {
    frame: Frame,
    waiting: Vec<Entry>,
    reviewed: Vec<Entry>,
}

/// An emergency access as a row.
struct Entry {
    access: BreakGlass,
    words: Option<String>,
    is_open: bool,
    may_review: bool,
}

impl Entry {
    fn reason(&self) -> &'static str {
        in_words(self.access.reason)
    }
}

#[derive(Template)]
#[template(path = "emergency.html")]
struct Emergency {
    frame: Frame,
    opened: Option<BreakGlass>,
    fault: Option<String>,
    patient: String,
    words: String,
    chosen: String,
}

impl Emergency {
    fn new(parts: &Parts, caller: &Caller) -> Self {
        Self {
            frame: Frame::of(parts, Some(caller), "Emergency access", "/emergency").narrow(),
            opened: None,
            fault: None,
            patient: String::new(),
            words: String::new(),
            chosen: String::new(),
        }
    }

    /// The reasons: code, words, whether it was chosen.
    fn reasons(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        BreakGlassReason::ALL.iter().map(|reason| {
            let chosen = reason.word() == self.chosen;
            (reason.word(), in_words(*reason), chosen)
        })
    }

    fn words_min(&self) -> usize {
        BREAK_GLASS_WORDS_BYTES_MIN
    }

    fn words_max(&self) -> usize {
        BREAK_GLASS_WORDS_BYTES_MAX
    }
}

async fn list(State(parts): State<Parts>, SignedIn(caller): SignedIn) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::BreakGlassRead, &Target::any())?;
    let now = (parts.clock)();
    let history = parts.store.break_glass_history(LIST_MAX).await?;
    let entries = history.into_iter().map(|(access, words)| Entry {
        words: words.map(|words| words.to_string()),
        is_open: access.is_open(now),
        may_review: access.review.is_none()
            && may(&parts, &caller, Operation::BreakGlassReview, &of(&access)),
        access,
    });
    let (reviewed, waiting) = entries.partition(|entry| entry.access.review.is_some());
    Ok(page(&Accesses {
        frame: Frame::of(&parts, Some(&caller), "Break-glass", "/break-glass"),
        waiting,
        reviewed,
    }))
}

async fn ask(State(parts): State<Parts>, SignedIn(caller): SignedIn) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::BreakGlassOpen, &own(&caller))?;
    Ok(page(&Emergency::new(&parts, &caller)))
}

#[derive(Deserialize)]
struct Asked {
    patient: String,
    #[serde(default)]
    reason: String,
    words: String,
}

async fn open(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Form(asked): Form<Asked>,
) -> Result<Response, Refusal> {
    allow(&parts, &caller, Operation::BreakGlassOpen, &own(&caller))?;
    let mut shown = Emergency::new(&parts, &caller);
    let reason = BreakGlassReason::from_word(&asked.reason);
    let patient = asked.patient.trim();
    let (Some(reason), 1..=PATIENT_BYTES_MAX) = (reason, patient.len()) else {
        shown.fault = Some("Name the patient and choose a reason.".to_owned());
        return Ok(again(shown, asked));
    };
    let request = BreakGlassRequest {
        person: caller.id(),
        patient,
        reason,
        words: &asked.words,
    };
    match parts
        .store
        .open_break_glass(&request, (parts.clock)())
        .await
    {
        Ok(access) => {
            emergency::alert(&access);
            shown.opened = Some(access);
            Ok(page(&shown))
        }
        Err(error) => {
            let refusal = refusal(error);
            if refusal.status.is_server_error() {
                return Err(refusal);
            }
            shown.fault = Some(format!("{}: {}.", refusal.message, refusal.hint));
            Ok(again(shown, asked))
        }
    }
}

/// The form with what was typed, and what is wrong with it.
fn again(mut shown: Emergency, asked: Asked) -> Response {
    shown.patient = asked.patient;
    shown.words = asked.words;
    shown.chosen = asked.reason;
    with_status(StatusCode::UNPROCESSABLE_ENTITY, &shown)
}

#[derive(Deserialize)]
struct Judged {
    verdict: String,
}

async fn review(
    State(parts): State<Parts>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Form(judged): Form<Judged>,
) -> Result<Response, Refusal> {
    let access = match id.parse::<RecordId>() {
        Ok(id) => parts.store.break_glass(id).await?,
        Err(_) => None,
    };
    let target = Target {
        kind: "break_glass",
        id: &id,
        made_by: Some(access.as_ref().map_or("", |access| &access.person)),
    };
    allow(&parts, &caller, Operation::BreakGlassReview, &target)?;
    let access = access.ok_or_else(|| Refusal::not_found("emergency access"))?;
    let verdict = BreakGlassVerdict::from_word(&judged.verdict)
        .ok_or_else(|| Refusal::unreadable("this verdict is not known"))?;
    parts
        .store
        .review_break_glass(access.id, caller.id(), verdict, (parts.clock)())
        .await
        .map_err(refusal)?;
    Ok(Redirect::to("/break-glass").into_response())
}

fn of(access: &BreakGlass) -> Target<'_> {
    Target {
        kind: "break_glass",
        id: "any",
        made_by: Some(&access.person),
    }
}

fn own(caller: &Caller) -> Target<'_> {
    Target {
        kind: "break_glass",
        id: "new",
        made_by: Some(caller.id()),
    }
}

fn in_words(reason: BreakGlassReason) -> &'static str {
    match reason {
        BreakGlassReason::ImmediateDanger => "Life or limb is in danger",
        BreakGlassReason::CannotConsent => "The patient cannot be asked",
        BreakGlassReason::CoveringForColleague => "The one who cares for the patient is not there",
        BreakGlassReason::RecordSystemDown => "The record system is down",
        _ => "Something else",
    }
}

const LIST_MAX: u32 = 100;
const PATIENT_BYTES_MAX: usize = 256;
