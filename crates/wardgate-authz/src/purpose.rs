//! Why data is used: HL7 v3 PurposeOfUse, and two purposes of AI.

use std::fmt;
use std::str::FromStr;

/// A purpose of use. Parsed from `wardgate-purpose`; everything else is refused.
#[derive(Clone, Copy)]
pub struct Purpose(&'static Entry);

struct Entry {
    code: &'static str,
    part_of: Option<&'static str>,
    words: &'static str,
    system: &'static str,
}

/// The text is not a purpose that Wardgate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the purpose is not a code of HL7 v3 PurposeOfUse, `AI-INFERENCE` or `AI-TRAINING`")]
pub struct UnknownPurpose;

impl Purpose {
    /// The code system of HL7 v3 purposes.
    pub const HL7_SYSTEM: &'static str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    /// The code system of the purposes of AI.
    pub const AI_SYSTEM: &'static str = "urn:wardgate:purpose";

    /// The code, such as `TREAT`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// The code system it is from.
    #[must_use]
    pub fn system(self) -> &'static str {
        self.0.system
    }

    /// What it means, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.0.words
    }

    /// This purpose and everything it is a part of, from narrow to wide.
    pub fn lineage(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |purpose| {
            purpose.0.part_of.and_then(Self::by_code)
        })
    }

    /// Whether `other` is this purpose or a part of it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        other.lineage().any(|purpose| purpose == self)
    }

    /// All purposes, in the order of the reference.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(Self)
    }

    /// What every call through the gate is, whatever else it is for: inference by an AI system.
    pub(crate) fn inference() -> Option<Self> {
        Self::by_code("AI-INFERENCE")
    }

    fn by_code(code: &str) -> Option<Self> {
        ENTRIES.iter().find(|entry| entry.code == code).map(Self)
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    /// Reads `TREAT`, or `system|TREAT` as FHIR writes a token.
    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        let (system, code) = match text.split_once('|') {
            Some((system, code)) => (Some(system), code),
            None => (None, text),
        };
        Self::by_code(code)
            .filter(|purpose| system.is_none_or(|system| system == purpose.system()))
            .ok_or(UnknownPurpose)
    }
}

impl PartialEq for Purpose {
    fn eq(&self, other: &Self) -> bool {
        self.0.code == other.0.code
    }
}

impl Eq for Purpose {}

impl std::hash::Hash for Purpose {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.code.hash(state);
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

const fn hl7(code: &'static str, part_of: Option<&'static str>, words: &'static str) -> Entry {
    Entry {
        code,
        part_of,
        words,
        system: Purpose::HL7_SYSTEM,
    }
}

const fn ai(code: &'static str, words: &'static str) -> Entry {
    Entry {
        code,
        part_of: None,
        words,
        system: Purpose::AI_SYSTEM,
    }
}

static ENTRIES: &[Entry] = &[
    hl7("TREAT", None, "treatment"),
    hl7("CLINTRL", Some("TREAT"), "clinical trial"),
    hl7("COC", Some("TREAT"), "coordination of care"),
    hl7("ETREAT", Some("TREAT"), "emergency treatment"),
    hl7("BTG", Some("ETREAT"), "break the glass"),
    hl7("ERTREAT", Some("ETREAT"), "emergency room treatment"),
    hl7("POPHLTH", Some("TREAT"), "population health"),
    hl7("HPAYMT", None, "healthcare payment"),
    hl7("CLMATTCH", Some("HPAYMT"), "claim attachment"),
    hl7("COVAUTH", Some("HPAYMT"), "coverage authorisation"),
    hl7(
        "COVERAGE",
        Some("HPAYMT"),
        "coverage under a policy or programme",
    ),
    hl7("ELIGDTRM", Some("COVERAGE"), "eligibility determination"),
    hl7("ELIGVER", Some("COVERAGE"), "eligibility verification"),
    hl7("ENROLLM", Some("COVERAGE"), "enrolment"),
    hl7("REMITADV", Some("HPAYMT"), "remittance advice"),
    hl7("HOPERAT", None, "healthcare operations"),
    hl7("CAREMGT", Some("HOPERAT"), "care management"),
    hl7("DONAT", Some("HOPERAT"), "donation"),
    hl7("FRAUD", Some("HOPERAT"), "fraud detection"),
    hl7("GOV", Some("HOPERAT"), "government"),
    hl7("HACCRED", Some("HOPERAT"), "health accreditation"),
    hl7("HCOMPL", Some("HOPERAT"), "health compliance"),
    hl7("HDECD", Some("HOPERAT"), "decedent"),
    hl7("HDIRECT", Some("HOPERAT"), "directory"),
    hl7("HDM", Some("HOPERAT"), "healthcare delivery management"),
    hl7("HLEGAL", Some("HOPERAT"), "legal"),
    hl7("HOUTCOMS", Some("HOPERAT"), "health outcome measure"),
    hl7("HPRGRP", Some("HOPERAT"), "health programme reporting"),
    hl7("HQUALIMP", Some("HOPERAT"), "health quality improvement"),
    hl7("HSYSADMIN", Some("HOPERAT"), "health system administration"),
    hl7("LABELING", Some("HOPERAT"), "labelling"),
    hl7("METAMGT", Some("HOPERAT"), "metadata management"),
    hl7("MEMADMIN", Some("HOPERAT"), "member administration"),
    hl7("PATADMIN", Some("HOPERAT"), "patient administration"),
    hl7("PATSFTY", Some("HOPERAT"), "patient safety"),
    hl7("PERFMSR", Some("HOPERAT"), "performance measure"),
    hl7("RECORDMGT", Some("HOPERAT"), "records management"),
    hl7("SYSDEV", Some("HOPERAT"), "system development"),
    hl7("HTEST", Some("SYSDEV"), "test health data"),
    hl7("TRAIN", Some("HOPERAT"), "training of staff"),
    hl7("HMARKT", None, "healthcare marketing"),
    hl7("HRESCH", None, "healthcare research"),
    hl7("BIORCH", Some("HRESCH"), "biomedical research"),
    hl7("CLINTRCH", Some("HRESCH"), "clinical trial research"),
    hl7(
        "CLINTRCHNPC",
        Some("CLINTRCH"),
        "clinical trial research without patient care",
    ),
    hl7(
        "CLINTRCHPC",
        Some("CLINTRCH"),
        "clinical trial research with patient care",
    ),
    hl7(
        "PRECLINTRCH",
        Some("CLINTRCH"),
        "preclinical trial research",
    ),
    hl7("DSRCH", Some("HRESCH"), "disease specific research"),
    hl7(
        "POARCH",
        Some("HRESCH"),
        "population origins or ancestry research",
    ),
    hl7("TRANSRCH", Some("HRESCH"), "translational research"),
    hl7("PATRQT", None, "patient requested"),
    hl7("FAMRQT", Some("PATRQT"), "family requested"),
    hl7("PWATRNY", Some("PATRQT"), "power of attorney"),
    hl7("SUPNWK", Some("PATRQT"), "support network"),
    hl7("PUBHLTH", None, "public health"),
    hl7("DISASTER", Some("PUBHLTH"), "disaster"),
    hl7("THREAT", Some("PUBHLTH"), "threat"),
    ai("AI-INFERENCE", "inference by an AI system"),
    ai("AI-TRAINING", "training of an AI system"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lineage_ends_and_every_parent_is_known() {
        for purpose in Purpose::all() {
            assert!(purpose.lineage().count() <= 4, "{purpose}");
            if let Some(parent) = purpose.0.part_of {
                assert!(Purpose::by_code(parent).is_some(), "{parent}");
            }
            assert_eq!(purpose.code().parse(), Ok(purpose));
        }
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = Purpose::all().map(Purpose::code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn purpose_is_read_from_a_code_or_a_token() {
        let treat: Purpose = "TREAT".parse().unwrap();
        let token = "http://terminology.hl7.org/CodeSystem/v3-ActReason|TREAT";
        assert_eq!(token.parse(), Ok(treat));
        for text in [
            "",
            "treat",
            " TREAT",
            "urn:other|TREAT",
            "TREAT,HRESCH",
            "|TREAT",
        ] {
            assert_eq!(text.parse::<Purpose>(), Err(UnknownPurpose), "{text}");
        }
    }

    #[test]
    fn a_purpose_covers_its_parts_only() {
        let of = |code: &str| code.parse::<Purpose>().unwrap();
        assert!(of("TREAT").covers(of("BTG")));
        assert!(of("TREAT").covers(of("TREAT")));
        assert!(!of("ETREAT").covers(of("TREAT")));
        assert!(!of("TREAT").covers(of("AI-INFERENCE")));
    }
}
