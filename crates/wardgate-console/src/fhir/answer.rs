//! Who asks, what they accept, and how a resource goes out.

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::fmt::rfc2822::DateTimePrinter;
use wardgate_authz::{Allowed, Operation, Target};
use wardgate_records::{Author, StoredConsent};

use super::outcome::Outcome;
use crate::Parts;
use crate::allow::allow;
use crate::caller::{Caller, Named, Stranger, identify};
use crate::refusal::Refusal;

/// Somebody who was identified and may do what they ask for.
pub(super) struct Admitted {
    pub(super) author: Author,
    _allowed: Allowed,
}

/// Identifies the sender and asks the policies. Before anything is looked up: whoever may not
/// read learns nothing of what there is.
pub(super) async fn admit(
    parts: &Parts,
    headers: &HeaderMap,
    operation: Operation,
) -> Result<Admitted, Outcome> {
    admit_for(parts, headers, operation, JSON_KINDS).await
}

/// The same where answers are of other media types.
pub(super) async fn admit_for(
    parts: &Parts,
    headers: &HeaderMap,
    operation: Operation,
    kinds: &[&str],
) -> Result<Admitted, Outcome> {
    let caller = identify(parts, headers)
        .await
        .map_err(|Stranger| Refusal::stranger())?;
    let allowed = allow(parts, &caller, operation, &Target::any())?;
    accepts(headers, kinds)?;
    Ok(Admitted {
        author: author(&caller),
        _allowed: allowed,
    })
}

/// The caller, as the versions of a consent name who wrote them.
pub(crate) fn author(caller: &Caller) -> Author {
    match &caller.who {
        Named::Person { id, .. } => Author::Person(id.clone()),
        Named::App { id, .. } => Author::App(id.clone()),
    }
}

/// The text of the body, when it says that it is JSON. It is read once the caller is admitted:
/// a stranger can not make the console hold it.
pub(super) async fn body(parts: &Parts, request: Request) -> Result<String, Outcome> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if !is_json(kind) {
        return Err(Outcome::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-supported",
            "only JSON is taken; send `Content-Type: application/fhir+json`",
        ));
    }
    text(parts, request).await
}

/// Whether a media type is that of a resource in JSON.
pub(super) fn is_json(kind: &str) -> bool {
    ["application/fhir+json", "application/json"].contains(&essence(kind).as_str())
}

/// Whether a media type is that of resources, one a line.
pub(super) fn is_ndjson(kind: &str) -> bool {
    [
        "application/fhir+ndjson",
        "application/ndjson",
        "application/x-ndjson",
    ]
    .contains(&essence(kind).as_str())
}

/// The body as text, whatever it is.
pub(super) async fn text(parts: &Parts, request: Request) -> Result<String, Outcome> {
    let body = bytes(parts, request).await?;
    String::from_utf8(body.into()).map_err(|_| Outcome::invalid("the body is not UTF-8 text"))
}

/// The body, whatever it is.
pub(super) async fn bytes(parts: &Parts, request: Request) -> Result<Bytes, Outcome> {
    let body = Bytes::from_request(request, parts).await;
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Outcome::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-long",
            "the resource is larger than is read here; send less at once",
        ),
        _ => Outcome::invalid("the request broke off"),
    })
}

/// One version of a consent as the whole answer.
pub(super) fn resource(status: StatusCode, parts: &Parts, consent: &StoredConsent) -> Response {
    let json = consent.json.as_str().to_owned();
    let mut response = (status, [(header::CONTENT_TYPE, FHIR_JSON)], json).into_response();
    let location = format!(
        "{}/fhir/Consent/{}/_history/{}",
        parts.settings.origin, consent.id, consent.version
    );
    let more = [
        (header::ETAG, etag(consent.version)),
        (header::LAST_MODIFIED, http_date(consent.written.at)),
        (header::LOCATION, location),
    ];
    for (name, value) in more {
        let needed = name != header::LOCATION || status == StatusCode::CREATED;
        if let (true, Ok(value)) = (needed, value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A resource of our own making.
pub(super) fn json(body: String) -> Response {
    ([(header::CONTENT_TYPE, FHIR_JSON)], body).into_response()
}

/// The version as an entity tag.
pub(super) fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// Reads `W/"3"`.
pub(super) fn version_of(etag: &str) -> Option<u64> {
    let quoted = etag.trim().strip_prefix("W/").unwrap_or(etag.trim());
    quoted.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

/// A moment as headers tell it.
pub(super) fn http_date(at: jiff::Timestamp) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_default()
}

/// Whether one of these media types will do, the last of which is what is sent.
fn accepts(headers: &HeaderMap, kinds: &[&str]) -> Result<(), Outcome> {
    let mut accepted = headers.get_all(header::ACCEPT).iter().peekable();
    let will_do = accepted.peek().is_none()
        || accepted
            .filter_map(|accepted| accepted.to_str().ok())
            .flat_map(|accepted| accepted.split(','))
            .any(|kind| kinds.contains(&essence(kind).as_str()));
    if will_do {
        Ok(())
    } else {
        Err(Outcome::new(
            StatusCode::NOT_ACCEPTABLE,
            "not-supported",
            format!(
                "this is answered as `{0}` only; send `Accept: {0}`",
                kinds.last().unwrap_or(&FHIR_JSON)
            ),
        ))
    }
}

/// A media type without its parameters, in lower case.
pub(super) fn essence(kind: &str) -> String {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

pub(super) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
/// Resources, one a line.
pub(super) const NDJSON: &str = "application/fhir+ndjson";
pub(super) const JSON_KINDS: &[&str] = &[
    "*/*",
    "application/*",
    "application/json",
    "application/fhir+json",
];
pub(super) const NDJSON_KINDS: &[&str] = &[
    "*/*",
    "application/*",
    "application/x-ndjson",
    "application/ndjson",
    "application/fhir+ndjson",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_survive_their_tags_and_nothing_else_is_one() {
        assert_eq!(version_of(&etag(7)), Some(7));
        assert_eq!(version_of("\"7\""), Some(7));
        for text in ["", "7", "W/7", "W/\"x\"", "*", "W/\"7\", W/\"8\""] {
            assert_eq!(version_of(text), None, "{text}");
        }
    }
}
