//! Requests for files: ordered, looked at, fetched, ended, as FHIR R4 does asynchronous requests.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use uuid::Uuid;
use wardgate_authz::Operation;
use wardgate_deid::Profile;
use wardgate_records::Author;

use super::files::SentFile;
use super::jobs::{Jobs, KEPT, KeptFile, Seen, State, unknown};
use super::run::Means;
use super::{Places, fetched, files, run, told};
use crate::Parts;
use crate::fhir::answer::{
    JSON_KINDS, NDJSON, NDJSON_KINDS, admit_for, essence, http_date, json as fhir_json,
};
use crate::fhir::outcome::Outcome;

/// What is asked for, and by whom.
pub(super) struct Order {
    pub(super) files: Vec<SentFile>,
    pub(super) profile: Profile,
    pub(super) author: Author,
    /// What the answer calls its files.
    pub(super) given: &'static str,
}

/// Begins a request. It is answered with its address when that is preferred, otherwise when it is done.
pub(super) async fn begin(
    parts: &Parts,
    places: &Arc<Places>,
    (order, means): (Order, Means),
    headers: &HeaderMap,
) -> Result<Response, Outcome> {
    fetched::check(parts, &order.files)?;
    let (author, given) = (order.author.clone(), order.given);
    let (own, places) = (parts.clone(), Arc::clone(places));
    let ordered = (parts.clock)();
    let jobs = Arc::clone(&places.jobs);
    let id = jobs.begin((author.clone(), ordered), given, |told| async move {
        write(&own, &places, (order, means), told).await
    })?;
    if prefers_to_ask_again(headers) {
        let address = address(parts, id);
        return Ok((StatusCode::ACCEPTED, [(header::CONTENT_LOCATION, address)]).into_response());
    }
    let mut seen = jobs.see(id, &author)?;
    // Whoever waits no longer has no address to ask at: a request that has no files by then ends.
    let mut waiting = Waiting {
        jobs: &jobs,
        id,
        author: &author,
        done: false,
    };
    let ended = seen
        .state
        .wait_for(|state| !matches!(state, State::Underway(_)));
    let ended = ended.await.map_err(|_| Outcome::failed())?.clone();
    match ended {
        State::Done(kept) => {
            waiting.done = true;
            Ok(fhir_json(parameters(parts, id, given, &kept)))
        }
        State::Failed(outcome) => Err(outcome),
        State::Underway(_) => Err(Outcome::failed()),
    }
}

/// Ends a request when it is dropped, unless the request is done.
struct Waiting<'a> {
    jobs: &'a Jobs,
    id: Uuid,
    author: &'a Author,
    done: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.done {
            // It may be over already.
            let _ = self.jobs.end(self.id, self.author);
        }
    }
}

/// The work of a request: nothing can be fetched before the ledger has all of it.
async fn write(
    parts: &Parts,
    places: &Places,
    (order, means): (Order, Means),
    told: tokio::sync::watch::Sender<State>,
) -> Result<Vec<KeptFile>, Outcome> {
    let Order {
        files,
        profile,
        author,
        ..
    } = order;
    let fetched = fetched::all(parts, files, &told).await?;
    told.send_replace(State::Underway("waiting for its turn".to_owned()));
    let place = places.take().await?;
    told.send_replace(State::Underway("writing and searching".to_owned()));
    let work = move || (run::files(&means, &fetched, &profile), place);
    let (written, _place) = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Outcome::failed())?;
    let written = match written {
        Ok(written) => written,
        Err(undone) => {
            told::refused(parts, &undone, &author).await;
            return Err(undone.into());
        }
    };
    let mut kept = Vec::with_capacity(written.len());
    for (kind, written) in written {
        told::succeeded(parts, &written, &author).await?;
        kept.push(KeptFile {
            kind,
            resources: written.resources,
            bytes: written.output.into(),
        });
    }
    Ok(kept)
}

/// `GET [base]/deidentified/{id}`: how far a request is, and its files when it is done.
pub(in crate::fhir) async fn look(
    Shared(parts): Shared<Parts>,
    Extension(places): Extension<Arc<Places>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    let (id, author) = addressed(&parts, &headers, &id, JSON_KINDS).await?;
    let seen = places.jobs.see(id, &author)?;
    let state = seen.state.borrow().clone();
    match state {
        State::Underway(step) => {
            let told = [("x-progress", step), ("retry-after", "1".to_owned())];
            Ok((StatusCode::ACCEPTED, told).into_response())
        }
        State::Done(kept) => {
            let mut response = if wants_manifest(&headers) {
                let manifest = manifest(&parts, id, &seen, &kept);
                ([(header::CONTENT_TYPE, "application/json")], manifest).into_response()
            } else {
                fhir_json(parameters(&parts, id, seen.given, &kept))
            };
            if let Ok(expires) = http_date(seen.ordered + KEPT).parse() {
                response.headers_mut().insert(header::EXPIRES, expires);
            }
            Ok(response)
        }
        State::Failed(outcome) => Err(outcome),
    }
}

/// `GET [base]/deidentified/{id}/{file}`: a file of a request that is done.
pub(in crate::fhir) async fn fetch(
    Shared(parts): Shared<Parts>,
    Extension(places): Extension<Arc<Places>>,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    let (id, author) = addressed(&parts, &headers, &id, NDJSON_KINDS).await?;
    let seen = places.jobs.see(id, &author)?;
    let state = seen.state.borrow().clone();
    let State::Done(kept) = state else {
        return Err(unknown());
    };
    let kept = (1..)
        .zip(kept.iter())
        .find(|(number, kept)| name(*number, kept) == file);
    let (_, kept) = kept.ok_or_else(unknown)?;
    Ok(([(header::CONTENT_TYPE, NDJSON)], kept.bytes.clone()).into_response())
}

/// `DELETE [base]/deidentified/{id}`: the request ends, and its files are dropped.
pub(in crate::fhir) async fn end(
    Shared(parts): Shared<Parts>,
    Extension(places): Extension<Arc<Places>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    let (id, author) = addressed(&parts, &headers, &id, JSON_KINDS).await?;
    places.jobs.end(id, &author)?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The request that is named by somebody who may ask, and who that is.
async fn addressed(
    parts: &Parts,
    headers: &HeaderMap,
    id: &str,
    kinds: &[&str],
) -> Result<(Uuid, Author), Outcome> {
    let admitted = admit_for(parts, headers, Operation::DataDeidentify, kinds).await?;
    let id = id.parse().map_err(|_| unknown())?;
    Ok((id, admitted.author))
}

/// What the operation gives, by the guide.
fn parameters(parts: &Parts, id: Uuid, given: &str, kept: &[KeptFile]) -> String {
    let files = (1..).zip(kept).map(|(number, kept)| {
        let address = format!("{}/{}", address(parts, id), name(number, kept));
        (kept.kind.clone(), address)
    });
    let parameter = json!({"name": format!("{given}FileUrls"), "resource": files::resource(files)});
    json!({"resourceType": "Parameters", "parameter": [parameter]}).to_string()
}

/// The same as a client of bulk data reads it.
fn manifest(parts: &Parts, id: Uuid, seen: &Seen, kept: &[KeptFile]) -> String {
    let output = (1..).zip(kept).map(|(number, kept)| {
        json!({
            "type": kept.kind,
            "url": format!("{}/{}", address(parts, id), name(number, kept)),
            "count": kept.resources,
        })
    });
    json!({
        "transactionTime": seen.ordered.to_string(),
        "request": format!("{}/fhir/$de-identify", parts.settings.origin),
        "requiresAccessToken": true,
        "output": output.collect::<Vec<_>>(),
        "error": [],
    })
    .to_string()
}

fn address(parts: &Parts, id: Uuid) -> String {
    format!("{}/fhir/deidentified/{id}", parts.settings.origin)
}

/// What a file is called, from 1 on.
fn name(number: usize, kept: &KeptFile) -> String {
    format!("{number}-{}.ndjson", kept.kind)
}

/// `Prefer: respond-async`.
fn prefers_to_ask_again(headers: &HeaderMap) -> bool {
    let prefer = headers.get_all("prefer").iter();
    prefer
        .filter_map(|prefer| prefer.to_str().ok())
        .flat_map(|prefer| prefer.split([',', ';']))
        .any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}

/// Whether JSON is accepted that is no resource, and no other.
fn wants_manifest(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted
        .filter_map(|accepted| accepted.to_str().ok())
        .flat_map(|accepted| accepted.split(','))
        .map(essence)
        .peekable();
    accepted.peek().is_some() && accepted.all(|kind| kind == "application/json")
}
