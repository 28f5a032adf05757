//! What this interface can do, as a CapabilityStatement. It tells nothing of patients or people,
//! so whoever can reach the console may read it.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::json as answer;
use crate::Parts;

pub(super) async fn read(State(parts): State<Parts>) -> Response {
    answer(statement(&parts.settings.origin).to_string())
}

fn statement(origin: &str) -> Value {
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-30",
        "kind": "instance",
        "software": {"name": "Wardgate", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {
            "description": "Consents that decide about calls to AI systems, and de-identification of records",
            "url": format!("{origin}/fhir"),
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+ndjson"],
        "rest": [{
            "mode": "server",
            "documentation": "Whoever was granted consent.read or consent.write may use the \
                consents of all patients. De-identification needs data.deidentify.",
            "security": {"service": [{"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                "code": "SMART-on-FHIR",
            }]}]},
            "resource": [consent(), provenance()],
            "interaction": [{"code": "transaction"}, {"code": "batch"}],
            "operation": [deidentify("de-identify"), deidentify("deidentify")],
        }],
    })
}

fn consent() -> Value {
    json!({
        "type": "Consent",
        "profile": "http://hl7.org/fhir/StructureDefinition/Consent",
        "documentation": "Not deleted: a consent is withdrawn by an update to inactive.",
        "interaction": [
            {"code": "create"},
            {"code": "read"},
            {"code": "vread"},
            {"code": "update"},
            {"code": "history-instance"},
            {"code": "search-type"},
        ],
        "versioning": "versioned",
        "readHistory": true,
        "updateCreate": false,
        "conditionalCreate": false,
        "conditionalRead": "not-supported",
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "searchParam": [
            {"name": "_id", "type": "token"},
            {"name": "_lastUpdated", "type": "date"},
            {"name": "patient", "type": "reference"},
            {"name": "status", "type": "token"},
            {"name": "category", "type": "token"},
            {"name": "date", "type": "date"},
        ],
    })
}

/// The operation of HL7 DARTS, by its name in version 1.0.0 or 0.1.0 of the guide.
fn deidentify(name: &str) -> Value {
    json!({
        "name": name,
        "definition": format!("http://hl7.org/fhir/us/darts/OperationDefinition/{name}"),
        "documentation": "Takes Parameters with policy and identifiableData or \
            identifiableDataFileUrls, or resources as application/fhir+ndjson with policy in the \
            address. Policies: safe-harbor (HHS_SAFE_HARBOR_DETERMINISTIC_METHOD), limited-data-set, \
            gdpr-pseudonymise. Files are fetched from configured sources only; Prefer: respond-async \
            is honoured for them.",
    })
}

fn provenance() -> Value {
    json!({
        "type": "Provenance",
        "profile": "http://hl7.org/fhir/StructureDefinition/Provenance",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "readHistory": false,
        "updateCreate": false,
        "searchParam": [{"name": "target", "type": "reference"}],
    })
}
