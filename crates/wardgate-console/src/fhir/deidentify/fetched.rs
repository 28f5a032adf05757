//! Brings files from where the configuration allows it.

use axum::http::{Request, StatusCode, header};
use tokio::sync::watch;
use wardgate_identity::FetchFault;

use super::INPUT_BYTES_MAX;
use super::files::SentFile;
use super::jobs::State;
use crate::Parts;
use crate::fhir::outcome::Outcome;
use crate::file_sources::FileSource;

/// A file whose bytes are here.
pub(super) struct FetchedFile {
    /// The type of its resources.
    pub(super) kind: String,
    pub(super) bytes: Vec<u8>,
}

/// Refuses files of which one is not of a source. Nothing is fetched for such a request.
pub(super) fn check(parts: &Parts, files: &[SentFile]) -> Result<(), Outcome> {
    if parts.settings.file_sources.is_empty() {
        return Err(Outcome::not_supported(
            "`identifiableDataFileUrls` is not supported here, because no source is configured \
             (`console.file_sources`): send the Bundle in `identifiableData`, or the lines of the file as \
             `application/fhir+ndjson`",
        ));
    }
    match files.iter().position(|file| source(parts, file).is_none()) {
        None => Ok(()),
        Some(at) => Err(Outcome::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "business-rule",
            format!(
                "file {} is at none of the sources that are configured (`console.file_sources`)",
                at + 1
            ),
        )),
    }
}

/// Fetches all files, one after another, and tells how far it is. Addresses are not repeated in faults.
pub(super) async fn all(
    parts: &Parts,
    files: Vec<SentFile>,
    told: &watch::Sender<State>,
) -> Result<Vec<FetchedFile>, Outcome> {
    let count = files.len();
    let mut room_bytes = INPUT_BYTES_MAX;
    let mut fetched = Vec::with_capacity(count);
    for (number, file) in (1..).zip(files) {
        told.send_replace(State::Underway(format!(
            "fetching file {number} of {count}"
        )));
        let bytes = one(parts, &file, number).await?;
        room_bytes = room_bytes
            .checked_sub(bytes.len())
            .ok_or_else(|| too_large(number))?;
        let kind = file.kind;
        fetched.push(FetchedFile { kind, bytes });
    }
    Ok(fetched)
}

async fn one(parts: &Parts, file: &SentFile, number: usize) -> Result<Vec<u8>, Outcome> {
    let source = source(parts, file).ok_or_else(Outcome::failed)?;
    let mut request = Request::get(file.address.as_str())
        .header(
            header::ACCEPT,
            "application/fhir+ndjson, application/ndjson",
        )
        .header(header::ACCEPT_ENCODING, "identity");
    if let Some(token) = source.token() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Vec::new()).map_err(|_| Outcome::failed())?;
    let answer = parts.fetch_files.fetch(request).await.map_err(|fault| {
        if fault == FetchFault::TooLarge {
            return too_large(number);
        }
        unfetched(number, &fault.to_string())
    })?;
    if answer.status() != StatusCode::OK {
        // Redirects too: where one leads was not allowed by anybody.
        let status = answer.status().as_u16();
        return Err(unfetched(number, &format!("its server answers {status}")));
    }
    if answer.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(unfetched(number, "its server compresses it unasked"));
    }
    Ok(answer.into_body())
}

fn source<'p>(parts: &'p Parts, file: &SentFile) -> Option<&'p FileSource> {
    let mut sources = parts.settings.file_sources.iter();
    sources.find(|source| source.has(&file.address))
}

fn unfetched(number: usize, why: &str) -> Outcome {
    Outcome::new(
        StatusCode::BAD_GATEWAY,
        "transient",
        format!("file {number} can not be fetched: {why}"),
    )
}

fn too_large(number: usize) -> Outcome {
    Outcome::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-long",
        format!(
            "with file {number} the files are larger than the {} MiB that are read at once; ask for less",
            INPUT_BYTES_MAX >> 20
        ),
    )
}
