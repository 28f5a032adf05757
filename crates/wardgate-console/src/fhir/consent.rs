//! Consents: create, read, update, search, history.

use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use wardgate_authz::Operation;
use wardgate_records::{Author, ConsentError, ConsentRefused, ConsentWrite, Origin, StoredConsent};

use super::answer::{admit, body, json, resource, text, version_of};
use super::bundle::{Entry, Page};
use super::outcome::Outcome;
use super::query::{HistoryQuery, Parameters, SearchQuery};
use crate::Parts;

pub(super) async fn create(
    State(parts): State<Parts>,
    request: Request,
) -> Result<Response, Outcome> {
    let headers = request.headers();
    let admitted = admit(&parts, headers, Operation::ConsentWrite).await?;
    if headers.contains_key("if-none-exist") {
        let diagnostics = "`If-None-Exist` is not supported; search first, then create";
        return Err(Outcome::not_supported(diagnostics));
    }
    let text = body(&parts, request).await?;
    let writes = [ConsentWrite::Create { json: &text }];
    let consent = write_one(&parts, &writes, &admitted.author).await?;
    Ok(resource(StatusCode::CREATED, &parts, &consent))
}

pub(super) async fn update(
    State(parts): State<Parts>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Outcome> {
    let headers = request.headers();
    let admitted = admit(&parts, headers, Operation::ConsentWrite).await?;
    let if_version = match headers.get(header::IF_MATCH) {
        None => None,
        Some(tag) => {
            let version = tag.to_str().ok().and_then(version_of);
            Some(version.ok_or_else(|| {
                Outcome::invalid("`If-Match` is not the tag of a version, such as `W/\"3\"`")
            })?)
        }
    };
    let text = body(&parts, request).await?;
    is_named(&text, &id)?;
    let writes = [ConsentWrite::Update {
        id: &id,
        json: &text,
        if_version,
    }];
    let consent = write_one(&parts, &writes, &admitted.author).await?;
    Ok(resource(StatusCode::OK, &parts, &consent))
}

pub(super) async fn read(
    State(parts): State<Parts>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    admit(&parts, &headers, Operation::ConsentRead).await?;
    let consent = parts.store.consent(&id).await?;
    Ok(resource(StatusCode::OK, &parts, &consent))
}

pub(super) async fn read_version(
    State(parts): State<Parts>,
    Path((id, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    admit(&parts, &headers, Operation::ConsentRead).await?;
    let version = version
        .parse()
        .map_err(|_| Outcome::not_found("version of a consent"))?;
    let consent = parts.store.consent_version(&id, version).await?;
    Ok(resource(StatusCode::OK, &parts, &consent))
}

pub(super) async fn history(
    State(parts): State<Parts>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    admit(&parts, &headers, Operation::ConsentRead).await?;
    let parameters = Parameters::read(query.as_deref().unwrap_or_default())?;
    let wanted = HistoryQuery::of(&parameters)?;
    // One more than asked for tells whether there is another page.
    let mut versions = parts
        .store
        .consent_history(&id, wanted.before, wanted.count + 1)
        .await?;
    let more = versions.len() > wanted.count;
    versions.truncate(wanted.count);
    let oldest = versions.last().map(|version| version.version);
    let base = format!("{}/fhir/Consent/{id}/_history", parts.settings.origin);
    let mut page = Page::new("history", &base, &parameters);
    if let (true, Some(oldest)) = (more, oldest) {
        page.next("_before", &oldest.to_string());
    } else if wanted.before.is_none() {
        page.total(versions.len());
    }
    for version in &versions {
        page.add(Entry::of_history(&parts.settings.origin, version));
    }
    Ok(json(page.write()?))
}

pub(super) async fn search(
    State(parts): State<Parts>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    admit(&parts, &headers, Operation::ConsentRead).await?;
    find(&parts, query.as_deref().unwrap_or_default()).await
}

/// The search whose parameters, which name a patient, stand in no address and no log of one.
pub(super) async fn search_by_form(
    State(parts): State<Parts>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Outcome> {
    admit(&parts, request.headers(), Operation::ConsentRead).await?;
    let form = text(&parts, request).await?;
    let both = [query.unwrap_or_default(), form];
    find(&parts, both.join("&").trim_matches('&')).await
}

async fn find(parts: &Parts, query: &str) -> Result<Response, Outcome> {
    let parameters = Parameters::read(query)?;
    let wanted = SearchQuery::of(&parameters)?;
    let found = parts.store.search_consents(&wanted.search()).await?;
    let base = format!("{}/fhir/Consent", parts.settings.origin);
    let mut page = Page::new("searchset", &base, &parameters);
    match &found.next {
        Some(next) => page.next("_after", next),
        None if !wanted.is_continued() => page.total(found.consents.len()),
        None => {}
    }
    for consent in &found.consents {
        page.add(Entry::of_search(&parts.settings.origin, consent));
    }
    Ok(json(page.write()?))
}

/// Every other method, above all `DELETE`.
pub(super) async fn no_delete() -> Outcome {
    Outcome::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "not-supported",
        "a consent is not deleted, because its versions are evidence; withdraw it by an update to \
         `status: inactive`, and where nothing on file means yes, create an active denial",
    )
}

async fn write_one(
    parts: &Parts,
    writes: &[ConsentWrite<'_>],
    author: &Author,
) -> Result<StoredConsent, Outcome> {
    let written = parts
        .store
        .write_consents(writes, (author, Origin::Api), (parts.clock)())
        .await
        .map_err(|ConsentRefused { why, .. }| why)?;
    let changed = written.into_iter().next().ok_or(ConsentError::Unknown)?;
    Ok(changed.consent)
}

/// Whether a resource has the id that the address names.
pub(super) fn is_named(text: &str, id: &str) -> Result<(), Outcome> {
    #[derive(Deserialize)]
    struct Named {
        id: Option<String>,
    }
    let named = serde_json::from_str::<Named>(text).ok();
    // What is no resource at all is told by the store, with its place.
    if named.is_none_or(|named| named.id.as_deref() == Some(id)) {
        return Ok(());
    }
    Err(Outcome::invalid(
        "the `id` of the resource is not the one in the address",
    ))
}
