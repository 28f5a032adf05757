//! Who wrote which version of a consent, when and how.

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use wardgate_authz::Operation;
use wardgate_records::{Author, ConsentError, StoredConsent};

use super::answer::{admit, json as answer};
use super::bundle::{Entry, Page};
use super::outcome::Outcome;
use super::query::{Parameters, ProvenanceQuery};
use crate::Parts;

pub(super) async fn read(
    State(parts): State<Parts>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    admit(&parts, &headers, Operation::ConsentRead).await?;
    let consent = match parts.store.consent_of_provenance(&id).await {
        Err(ConsentError::Unknown) => return Err(Outcome::not_found("Provenance")),
        other => other?,
    };
    Ok(answer(resource(&consent).to_string()))
}

pub(super) async fn search(
    State(parts): State<Parts>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    admit(&parts, &headers, Operation::ConsentRead).await?;
    let parameters = Parameters::read(query.as_deref().unwrap_or_default())?;
    let base = format!("{}/fhir/Provenance", parts.settings.origin);
    let mut page = Page::new("searchset", &base, &parameters);
    let mut versions = match ProvenanceQuery::of(&parameters)? {
        None => {
            page.total(0);
            Vec::new()
        }
        Some(wanted) => {
            let found = find(&parts, &wanted).await?;
            if let (true, Some(last)) = (found.len() > wanted.count, found.get(wanted.count - 1)) {
                page.next("_before", &last.version.to_string());
            } else if wanted.before.is_none() {
                page.total(found.len());
            }
            found.into_iter().take(wanted.count).collect()
        }
    };
    for consent in versions.drain(..) {
        let url = format!("{base}/{}", consent.provenance_id());
        page.add(Entry::of_own(url, &resource(&consent)));
    }
    Ok(answer(page.write()?))
}

/// The versions that are asked for, and one more when there is one.
async fn find(parts: &Parts, wanted: &ProvenanceQuery<'_>) -> Result<Vec<StoredConsent>, Outcome> {
    let found = match wanted.version {
        Some(version) => parts
            .store
            .consent_version(wanted.id, version)
            .await
            .map(|version| vec![version]),
        None => {
            parts
                .store
                .consent_history(wanted.id, wanted.before, wanted.count + 1)
                .await
        }
    };
    match found {
        Err(ConsentError::Unknown) => Ok(Vec::new()),
        other => Ok(other?),
    }
}

fn resource(consent: &StoredConsent) -> Value {
    let (activity, display) = match consent.version {
        1 => ("CREATE", "create"),
        _ => ("UPDATE", "revise"),
    };
    let at = format!("{:.6}", consent.written.at);
    let mut resource = json!({
        "resourceType": "Provenance",
        "id": consent.provenance_id(),
        "meta": {"versionId": "1", "lastUpdated": at},
        "target": [{
            "reference": format!("Consent/{}/_history/{}", consent.id, consent.version),
        }],
        "recorded": at,
        "activity": {"coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation",
                "code": activity,
                "display": display,
            },
            {"system": "urn:wardgate:consent-origin", "code": consent.written.how.word()},
        ]},
        "agent": [{
            "type": {"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                "code": "enterer",
                "display": "Enterer",
            }]},
            "who": who(&consent.written.by),
        }],
    });
    if let (Some(source), Some(resource)) = (&consent.written.source, resource.as_object_mut()) {
        let entity = json!([{"role": "source", "what": {"display": source.as_str()}}]);
        resource.insert("entity".to_owned(), entity);
    }
    resource
}

fn who(author: &Author) -> Value {
    match author {
        Author::Person(id) => json!({
            "type": "Practitioner",
            "identifier": {"system": "urn:wardgate:person", "value": id},
        }),
        Author::App(id) => json!({
            "type": "Device",
            "identifier": {"system": "urn:wardgate:app", "value": id},
        }),
        Author::Host => json!({"display": "operator of the host, by a command"}),
    }
}
