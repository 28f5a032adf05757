//! `$de-identify` of HL7 DARTS: records in, and out again under a policy, telling of nobody.
//!
//! An answer leaves when the whole of it was searched for what its input told, and when the ledger has the run:
//! where one record is refused, all are, and nothing is half answered. What comes in is held in memory, because the
//! patients of all records must be known before the first is written; a limit of bytes and of runs at a time bounds it.

mod asynchronous;
mod fetched;
mod files;
mod jobs;
mod run;
mod sent;
mod told;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::{Frame, SizeHint};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wardgate_authz::Operation;
use wardgate_deid::{Day, Profile};

use super::answer::{
    FHIR_JSON, JSON_KINDS, NDJSON, NDJSON_KINDS, admit_for, bytes, is_json, is_ndjson,
};
use super::outcome::Outcome;
use super::query::Parameters;
use crate::Parts;
use asynchronous::Order;
use files::SentFile;
use jobs::Jobs;
use run::{Means, Undone, Written};
use sent::Sent;

pub(super) use asynchronous::{end, fetch, look};

/// `[base]/$de-identify`: the operation and what it gives as version 1.0.0 of the guide names them.
pub(super) async fn current(
    State(parts): State<Parts>,
    Extension(places): Extension<Arc<Places>>,
    request: Request,
) -> Result<Response, Outcome> {
    serve(&parts, &places, request, "de-identifiedData").await
}

/// `[base]/$deidentify`: the same as version 0.1.0 names them.
pub(super) async fn earlier(
    State(parts): State<Parts>,
    Extension(places): Extension<Arc<Places>>,
    request: Request,
) -> Result<Response, Outcome> {
    serve(&parts, &places, request, "deidentifiedData").await
}

async fn serve(
    parts: &Parts,
    places: &Arc<Places>,
    request: Request,
    given: &'static str,
) -> Result<Response, Outcome> {
    let headers = request.headers();
    let form = Form::of(headers);
    let accepted = form.map_or(JSON_KINDS, Form::accepted);
    let admitted = admit_for(parts, headers, Operation::DataDeidentify, accepted).await?;
    let form = form.ok_or_else(media_type)?;
    let query = Parameters::read(request.uri().query().unwrap_or_default())?;
    let policy = query.policy()?.map(sent::profile).transpose()?;
    if form == Form::Lines && policy.is_none() {
        return Err(Outcome::required(
            "`policy` is missing: name it in the address, such as `?policy=safe-harbor`",
        ));
    }
    let means = Means {
        store: Arc::clone(&parts.store),
        as_of: today((parts.clock)())?,
    };
    let place = places.take().await?;
    let headers = request.headers().clone();
    let body = bytes(parts, request).await?;
    if form == Form::Parameters
        && let Some((files, profile)) = asked_files(&body, policy.clone())?
    {
        drop(place);
        let author = admitted.author.clone();
        let order = Order {
            files,
            profile,
            author,
            given,
        };
        return asynchronous::begin(parts, places, (order, means), &headers).await;
    }
    // A run goes on when who asked went away: its place stays taken until it ends.
    let work = move || {
        let written = match form {
            Form::Parameters => run::parameters(&means, &body, policy, given),
            Form::Lines => run::lines(&means, &body, policy),
        };
        (written, place)
    };
    let (written, place) = tokio::task::spawn_blocking(work).await.map_err(|broken| {
        tracing::error!(
            panicked = broken.is_panic(),
            "a de-identification broke off"
        );
        Outcome::failed()
    })?;
    match written {
        Ok(written) => {
            told::succeeded(parts, &written, &admitted.author).await?;
            Ok(answer(written, form, place))
        }
        Err(undone) => {
            told::refused(parts, &undone, &admitted.author).await;
            Err(undone.into())
        }
    }
}

/// The files that Parameters ask for, and the profile.
fn asked_files(
    body: &[u8],
    policy: Option<Profile>,
) -> Result<Option<(Vec<SentFile>, Profile)>, Outcome> {
    // A Bundle is large, and is read where it does not keep others waiting.
    if body.len() > ORDER_BYTES_MAX {
        return Ok(None);
    }
    let sent = Sent::read(body)?;
    let files = sent.files()?;
    files
        .map(|files| Ok((files, sent.profile(policy)?)))
        .transpose()
}

/// How records come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A Bundle in Parameters.
    Parameters,
    /// One resource a line.
    Lines,
}

impl Form {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        match (is_json(kind), is_ndjson(kind)) {
            (true, _) => Some(Self::Parameters),
            (_, true) => Some(Self::Lines),
            _ => None,
        }
    }

    fn accepted(self) -> &'static [&'static str] {
        match self {
            Self::Parameters => JSON_KINDS,
            Self::Lines => NDJSON_KINDS,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Parameters => FHIR_JSON,
            Self::Lines => NDJSON,
        }
    }
}

/// Places for runs: each holds its input and its output in memory until the answer is sent, or until the files
/// are ready.
pub(super) struct Places {
    free: Arc<Semaphore>,
    jobs: Arc<Jobs>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(RUNS_MAX)),
            jobs: Arc::default(),
        }
    }
}

impl Places {
    /// Waits for a place; how long a request may take bounds the wait.
    async fn take(&self) -> Result<OwnedSemaphorePermit, Outcome> {
        let place = Arc::clone(&self.free).acquire_owned().await;
        place.map_err(|_| Outcome::failed())
    }
}

/// An answer that keeps the place of its run until it is sent.
struct Kept {
    rest: Bytes,
    _place: OwnedSemaphorePermit,
}

impl hyper::body::Body for Kept {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // In pieces, so that what is not sent yet counts as kept.
        let piece_bytes = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(piece_bytes);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

fn answer(written: Written, form: Form, place: OwnedSemaphorePermit) -> Response {
    let body = Body::new(Kept {
        rest: written.output.into(),
        _place: place,
    });
    ([(header::CONTENT_TYPE, form.media_type())], body).into_response()
}

/// The day by which ages are reckoned.
fn today(now: Timestamp) -> Result<Day, Outcome> {
    let date = now.to_zoned_datetime(TimeZone::UTC).date();
    let [month, day] = [date.month(), date.day()].map(|part| u32::from(part.unsigned_abs()));
    Day::new(date.year().into(), month, day).ok_or_else(Outcome::failed)
}

fn media_type() -> Outcome {
    Outcome::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-supported",
        "send Parameters as `Content-Type: application/fhir+json`, or resources, one a line, as \
         `application/fhir+ndjson`",
    )
}

impl From<Undone> for Outcome {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::Asked(outcome) => outcome,
            Undone::Refused(faults) => Self::of_records(&faults),
        }
    }
}

/// The largest input that is read.
pub(super) const INPUT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest request for files. One of 100 files with long addresses has less.
const ORDER_BYTES_MAX: usize = 1024 * 1024;
/// Runs at a time: what holds for one in memory holds for so many.
const RUNS_MAX: usize = 2;
const PIECE_BYTES: usize = 64 * 1024;
