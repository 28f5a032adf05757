//! The code systems that consents use, under the names that they are known by.

pub(super) const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
pub(super) const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(super) const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
pub(super) const ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
pub(super) const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";

/// The present name of a code system: the HL7 v3 systems have older names and identifiers.
pub(super) fn known(system: &str) -> &str {
    match system {
        "urn:oid:2.16.840.1.113883.5.25" | "http://hl7.org/fhir/v3/Confidentiality" => {
            CONFIDENTIALITY
        }
        "urn:oid:2.16.840.1.113883.5.4" | "http://hl7.org/fhir/v3/ActCode" => ACT_CODE,
        "urn:oid:2.16.840.1.113883.5.8" | "http://hl7.org/fhir/v3/ActReason" => ACT_REASON,
        "urn:oid:2.16.840.1.113883.5.90" | "http://hl7.org/fhir/v3/ParticipationType" => {
            PARTICIPATION
        }
        "http://hl7.org/fhir/consentaction" => ACTION,
        other => other,
    }
}
