//! Consents and what belongs to them, and de-identification of records, as FHIR R4 over HTTP.
//!
//! An application that was granted `consent.read` or `consent.write` may use the consents of all
//! patients: it stands for the hospital's consent service, not for one patient. What a request is
//! refused for is told by an OperationOutcome, whose words never repeat a value of a resource.

mod answer;
mod bundle;
mod consent;
mod deidentify;
mod metadata;
mod outcome;
mod provenance;
mod query;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use axum::{Extension, Router};

use crate::Parts;

pub(crate) use answer::author;
pub(crate) use outcome::Outcome;

/// The largest file that [`Parts::fetch_files`] needs to bring.
pub const FILE_BYTES_MAX: usize = deidentify::INPUT_BYTES_MAX;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    let all = get(consent::search)
        .post(consent::create)
        .fallback(outcome::no_method);
    let one = get(consent::read)
        .put(consent::update)
        .fallback(consent::no_delete);
    Router::new()
        .route("/fhir", post(bundle::write).fallback(outcome::no_method))
        .route("/fhir/", post(bundle::write).fallback(outcome::no_method))
        .layer(DefaultBodyLimit::max(BUNDLE_BYTES_MAX))
        .merge(operations())
        .route("/fhir/metadata", get(metadata::read))
        .route("/fhir/Consent", all)
        .route("/fhir/Consent/_search", post(consent::search_by_form))
        .route("/fhir/Consent/{id}", one)
        .route("/fhir/Consent/{id}/_history", get(consent::history))
        .route(
            "/fhir/Consent/{id}/_history/{version}",
            get(consent::read_version),
        )
        .route("/fhir/Provenance", get(provenance::search))
        .route("/fhir/Provenance/{id}", get(provenance::read))
        .route("/fhir/{*elsewhere}", any(outcome::no_route))
}

/// De-identification, under the names of both versions of its guide, and requests for files. Some clients encode the dollar sign.
fn operations() -> Router<Parts> {
    let mut operations = Router::new();
    for dollar in ["$", "%24"] {
        let current = post(deidentify::current).fallback(outcome::no_method);
        let earlier = post(deidentify::earlier).fallback(outcome::no_method);
        operations = operations
            .route(&format!("/fhir/{dollar}de-identify"), current)
            .route(&format!("/fhir/{dollar}deidentify"), earlier);
    }
    let request = get(deidentify::look)
        .delete(deidentify::end)
        .fallback(outcome::no_method);
    let file = get(deidentify::fetch).fallback(outcome::no_method);
    operations
        .route("/fhir/deidentified/{id}", request)
        .route("/fhir/deidentified/{id}/{file}", file)
        .layer(DefaultBodyLimit::max(deidentify::INPUT_BYTES_MAX))
        .layer(Extension(Arc::new(deidentify::Places::default())))
}

/// The largest Bundle of consents that is read. One Consent has the limit of every request.
const BUNDLE_BYTES_MAX: usize = 4 * 1024 * 1024;
