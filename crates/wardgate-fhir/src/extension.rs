//! Extensions by their URL: those that are known, and what the values of some of them are.

use std::sync::LazyLock;

use hashbrown::HashSet;

/// What an extension holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Values of the types that they have; each is treated by its type.
    Values,
    /// A person's name in a string.
    Name,
    /// The day or time of a birth.
    Birth,
    /// What identifies by itself, such as a place on the map.
    Identity,
}

impl Holds {
    /// What the extension of a URL holds; nothing when no list knows it.
    pub(crate) fn of(url: &str) -> Option<Self> {
        if let Some(core) = url.strip_prefix(CORE) {
            return match core {
                name if IDENTITIES.contains(&name)
                    || IDENTITY_PARTS.iter().any(|part| name.starts_with(part)) =>
                {
                    Some(Self::Identity)
                }
                name if NAMES.contains(&name) => Some(Self::Name),
                name if BIRTHS.contains(&name) => Some(Self::Birth),
                name if KNOWN.contains(name) || LATER.contains(&name) => Some(Self::Values),
                _ => None,
            };
        }
        if let Some(name) = url.strip_prefix(US_CORE) {
            return US_CORE_KNOWN.contains(&name).then_some(Self::Values);
        }
        if let Some(name) = url.strip_prefix(SYNTHEA) {
            return SYNTHEA_KNOWN.contains(&name).then_some(Self::Values);
        }
        None
    }
}

/// The extensions of the core specification, by the last part of their URLs (`data/README.md` names the source).
static KNOWN: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("../data/extensions.urls").lines().collect());

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";
const US_CORE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/";
const SYNTHEA: &str = "http://synthetichealth.github.io/synthea/";

/// Core extensions that came after R4.
const LATER: &[&str] = &[
    "individual-genderIdentity",
    "individual-pronouns",
    "individual-recordedSexOrGender",
    "patient-sexParameterForClinicalUse",
    "artifact-author",
    "observation-analysis-date-time",
    "medicationrequest-category",
    "note-type",
    "targetElement",
    "targetPath",
    "alternate-codes",
    "alternate-reference",
    "additionalIdentifier",
];

/// US Core (HL7, CC0-1.0).
const US_CORE_KNOWN: &[&str] = &[
    "us-core-race",
    "us-core-ethnicity",
    "us-core-birthsex",
    "us-core-sex",
    "us-core-genderIdentity",
    "us-core-individual-sex",
    "us-core-direct",
    "us-core-jurisdiction",
    "us-core-medication-adherence",
    "us-core-interpreter-needed",
    "us-core-authentication-time",
    "uscdi-requirement",
];

/// Numbers that the generator Synthea adds.
const SYNTHEA_KNOWN: &[&str] = &[
    "disability-adjusted-life-years",
    "quality-adjusted-life-years",
    "utilization-encounters-extension",
    "utilization-procedures-extension",
    "utilization-prescriptions-extension",
    "utilization-labs-extension",
];

const NAMES: &[&str] = &[
    "patient-mothersMaidenName",
    "patient-fathersName",
    "humanname-own-name",
    "humanname-own-prefix",
    "humanname-partner-name",
    "humanname-partner-prefix",
    "humanname-fathers-family",
    "humanname-mothers-family",
];

const BIRTHS: &[&str] = &["patient-birthTime"];

/// Where somebody is or was born, how they are reached, what they look like, and what was signed or hashed.
const IDENTITIES: &[&str] = &[
    "geolocation",
    "address-geolocation",
    "patient-congregation",
    "iso21090-TEL-address",
    "rendered-value",
    "rendering-xhtml",
    "rendering-markdown",
    "originalText",
    "narrativeLink",
    "auditevent-Accession",
    "auditevent-ParticipantObjectContainsStudy",
    "consent-NotificationEndpoint",
    "openEHR-location",
    "openEHR-management",
    "http-response-header",
];

/// Parts of addresses and of phone numbers.
const IDENTITY_PARTS: &[&str] = &["iso21090-ADXP-", "contactpoint-"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_extensions_are_known() {
        let core = |name: &str| Holds::of(&format!("{CORE}{name}"));
        assert_eq!(core("patient-mothersMaidenName"), Some(Holds::Name));
        assert_eq!(core("geolocation"), Some(Holds::Identity));
        assert_eq!(core("patient-birthTime"), Some(Holds::Birth));
        assert_eq!(core("data-absent-reason"), Some(Holds::Values));
        assert_eq!(core("patient-nickname"), None);
        assert_eq!(
            Holds::of(&format!("{US_CORE}us-core-race")),
            Some(Holds::Values)
        );
        assert_eq!(Holds::of("http://hospital.example/vip"), None);
        assert_eq!(Holds::of("n"), None);
    }
}
