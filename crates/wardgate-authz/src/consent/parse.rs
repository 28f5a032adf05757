//! From a FHIR R4 Consent to what the engine can use, with a note of all it cannot.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Coding;
use super::instant::Stretch;
use super::strict::Strict;
use crate::purpose::Purpose;

/// A consent, read once and then asked by every call about its patient.
#[derive(Clone)]
pub struct Consent {
    pub(super) id: Arc<str>,
    pub(super) patient: String,
    /// `None` when the status is no FHIR status.
    pub(super) active: Option<bool>,
    /// Whether it is about privacy; `None` when that cannot be told.
    pub(super) privacy: Option<bool>,
    pub(super) period: Period,
    pub(super) rule: Rule,
}

/// Why a text is no consent that could be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentFault {
    /// It is too large.
    #[error("the consent has {bytes} bytes, at most {CONSENT_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is not JSON, or a key occurs twice.
    #[error("the consent is not JSON, or a key occurs twice, at line {line} column {column}")]
    NotJson {
        /// The line, from one.
        line: usize,
        /// The column, from one.
        column: usize,
    },
    /// It is JSON, but not a Consent.
    #[error("the resource is not a Consent")]
    NotAConsent,
    /// It has no usable id.
    #[error("the consent has no `id`")]
    NoId,
    /// It names no patient by reference.
    #[error("the consent has no `patient.reference` of the form `Patient/<id>`")]
    NoPatient,
}

impl Consent {
    /// Reads a FHIR R4 Consent resource.
    ///
    /// What is valid FHIR but not understood is kept, and refuses when it is asked.
    ///
    /// # Errors
    /// When it is no Consent, or nobody could tell whose it is.
    pub fn from_json(text: &str) -> Result<Self, ConsentFault> {
        if text.len() > CONSENT_BYTES_MAX {
            return Err(ConsentFault::TooLarge { bytes: text.len() });
        }
        let Strict(value) = serde_json::from_str(text).map_err(|error| ConsentFault::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        let root = match &value {
            Value::Object(root) if text_of(root, "resourceType") == Some("Consent") => root,
            _ => return Err(ConsentFault::NotAConsent),
        };
        let id = text_of(root, "id").filter(|id| !id.is_empty());
        let id = id.ok_or(ConsentFault::NoId)?;
        let patient = object_of(root, "patient")
            .and_then(|patient| text_of(patient, "reference"))
            .filter(|reference| is_reference(reference, &["Patient"]))
            .ok_or(ConsentFault::NoPatient)?;
        let (period, rule) = rule_of(root);
        Ok(Self {
            id: format!("Consent/{id}").into(),
            patient: patient.to_owned(),
            active: text_of(root, "status").and_then(is_active),
            privacy: is_privacy(root),
            period,
            rule,
        })
    }

    /// `Consent/<id>`.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.id
    }

    /// `Patient/<id>`.
    #[must_use]
    pub fn patient(&self) -> &str {
        &self.patient
    }

    /// Why this consent will refuse whatever is asked of it; `None` when it can be computed
    /// as far as is known without a question.
    #[must_use]
    pub fn not_computable(&self) -> Option<&'static str> {
        match &self.rule {
            Rule::NotComputable(why) => Some(why),
            Rule::DenyAll => None,
            Rule::Provision(provision) => provision.beyond,
        }
    }
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Who consented to what is patient data; the id is not.
        f.debug_tuple("Consent").field(&self.id).finish()
    }
}

/// What a consent lays down.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Provision(Provision),
    DenyAll,
    NotComputable(&'static str),
}

/// The root provision.
#[derive(Clone, Debug)]
pub(super) struct Provision {
    pub(super) kind: Kind,
    /// References; `None` means anybody.
    pub(super) actors: Option<Vec<String>>,
    pub(super) purposes: Purposes,
    /// An element that narrows the provision or makes exceptions, and is not understood.
    pub(super) beyond: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Permit,
    Deny,
}

#[derive(Clone, Debug)]
pub(super) enum Purposes {
    Any,
    Named(Vec<OwnedCoding>),
}

#[derive(Clone, Debug)]
pub(super) struct OwnedCoding {
    system: String,
    code: String,
}

impl OwnedCoding {
    pub(super) fn as_coding(&self) -> Coding<'_> {
        Coding {
            system: &self.system,
            code: &self.code,
        }
    }
}

/// When a consent is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Always,
    Between {
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    },
    Unreadable,
}

fn rule_of(root: &Map<String, Value>) -> (Period, Rule) {
    let refuse = |period, why| (period, Rule::NotComputable(why));
    let provision = match root.get("provision") {
        None => None,
        Some(Value::Object(provision)) => Some(provision),
        Some(_) => return refuse(Period::Unreadable, "its provision is not an object"),
    };
    let period = provision.map_or(Period::Always, period_of);
    if period == Period::Unreadable {
        return refuse(period, "its period is not understood");
    }
    if let Some(why) = unknown(root, ROOT_KNOWN) {
        return refuse(period, why);
    }
    if is_active(text_of(root, "status").unwrap_or_default()).is_none() {
        return refuse(period, "its status is not understood");
    }
    if is_privacy(root).is_none() {
        return refuse(period, "its scope is not understood");
    }
    let rule = match (provision, policy_rule(root)) {
        (_, Err(why)) => Err(why),
        (None, Ok(Some(Kind::Deny))) => Ok(Rule::DenyAll),
        (None, Ok(_)) => Err("it has no provision"),
        (Some(provision), Ok(rule)) => read_provision(provision, rule).map(Rule::Provision),
    };
    (period, rule.unwrap_or_else(Rule::NotComputable))
}

fn read_provision(
    provision: &Map<String, Value>,
    policy_rule: Option<Kind>,
) -> Result<Provision, &'static str> {
    if let Some(why) = unknown(provision, PROVISION_KNOWN) {
        return Err(why);
    }
    let kind = match provision.get("type").map(Value::as_str) {
        Some(Some("permit")) => Kind::Permit,
        Some(Some("deny")) => Kind::Deny,
        Some(_) => return Err("its type is neither permit nor deny"),
        None => return Err("it does not say whether it permits or denies"),
    };
    if policy_rule.is_some_and(|rule| rule != kind) {
        return Err("its policy rule and its provision disagree");
    }
    let beyond = BEYOND
        .iter()
        .find(|(name, _)| provision.contains_key(*name))
        .map(|(_, why)| *why);
    Ok(Provision {
        kind,
        actors: actors_of(provision)?,
        purposes: purposes_of(provision)?,
        beyond,
    })
}

fn actors_of(provision: &Map<String, Value>) -> Result<Option<Vec<String>>, &'static str> {
    let Some(actors) = provision.get("actor") else {
        return Ok(None);
    };
    let actors = list(actors).ok_or("its actors are not understood")?;
    let read = |actor: &Value| -> Result<String, &'static str> {
        let actor = actor.as_object().ok_or("an actor is not understood")?;
        if let Some(why) = unknown(actor, ACTOR_KNOWN) {
            return Err(why);
        }
        let role = object_of(actor, "role").ok_or("an actor has no role")?;
        let codings = role.get("coding").and_then(list);
        let codings = codings.ok_or("an actor's role is not understood")?;
        let receives = |coding: &Value| {
            coding.as_object().is_some_and(|coding| {
                text_of(coding, "system") == Some(PARTICIPATION)
                    && text_of(coding, "code").is_some_and(|code| RECIPIENTS.contains(&code))
            })
        };
        if !codings.iter().all(receives) {
            return Err("an actor's role is not that of a recipient");
        }
        let reference = object_of(actor, "reference")
            .and_then(|reference| text_of(reference, "reference"))
            .ok_or("an actor has no reference")?;
        if !is_reference(reference, ACTOR_TYPES) {
            return Err("an actor is a group, or is not named by type and id");
        }
        Ok(reference.to_owned())
    };
    actors.iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn purposes_of(provision: &Map<String, Value>) -> Result<Purposes, &'static str> {
    let Some(purposes) = provision.get("purpose") else {
        return Ok(Purposes::Any);
    };
    let purposes = list(purposes).ok_or("its purposes are not understood")?;
    let read = |purpose: &Value| -> Result<OwnedCoding, &'static str> {
        let purpose = purpose.as_object().ok_or("a purpose is not understood")?;
        if let Some(why) = unknown(purpose, CODING_KNOWN) {
            return Err(why);
        }
        let part = |name| text_of(purpose, name).filter(|text| !text.is_empty());
        match (part("system"), part("code")) {
            (Some(system), Some(code)) if is_known_code(system, code) => Ok(OwnedCoding {
                system: system.to_owned(),
                code: code.to_owned(),
            }),
            (Some(_), Some(_)) => Err("a purpose has a code that its system does not define"),
            _ => Err("a purpose has no system or no code"),
        }
    };
    let purposes = purposes.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Purposes::Named(purposes))
}

/// A code of HL7 v3 that is not known here may contain, or be part of, the purpose asked.
fn is_known_code(system: &str, code: &str) -> bool {
    let ours = [Purpose::HL7_SYSTEM, Purpose::AI_SYSTEM].contains(&system);
    !ours
        || code
            .parse::<Purpose>()
            .is_ok_and(|purpose| purpose.system() == system)
}

fn period_of(provision: &Map<String, Value>) -> Period {
    let period = match provision.get("period") {
        None => return Period::Always,
        Some(Value::Object(period)) if unknown(period, PERIOD_KNOWN).is_none() => period,
        Some(_) => return Period::Unreadable,
    };
    let read = |name: &str| match period.get(name) {
        None => Some(None),
        Some(Value::String(text)) => Stretch::parse(text).map(Some),
        Some(_) => None,
    };
    match (read("start"), read("end")) {
        (Some(start), Some(end)) => Period::Between {
            from: start.map(|start| start.from),
            until: end.map(|end| end.until),
        },
        _ => Period::Unreadable,
    }
}

/// The policy rule as the kind of provision it stands for.
fn policy_rule(root: &Map<String, Value>) -> Result<Option<Kind>, &'static str> {
    const NOT_UNDERSTOOD: &str = "its policy rule is not understood";
    if !root.contains_key("policyRule") {
        return Ok(None);
    }
    let codings = object_of(root, "policyRule")
        .and_then(|rule| rule.get("coding"))
        .and_then(list)
        .ok_or(NOT_UNDERSTOOD)?;
    let [coding] = codings else {
        return Err(NOT_UNDERSTOOD);
    };
    let coding = coding.as_object().ok_or(NOT_UNDERSTOOD)?;
    if text_of(coding, "system") != Some(ACT_CODE) {
        return Err(NOT_UNDERSTOOD);
    }
    match text_of(coding, "code") {
        Some("OPTIN") => Ok(Some(Kind::Permit)),
        Some("OPTOUT") => Ok(Some(Kind::Deny)),
        _ => Err(NOT_UNDERSTOOD),
    }
}

fn is_active(status: &str) -> Option<bool> {
    match status {
        "active" => Some(true),
        "draft" | "proposed" | "rejected" | "inactive" | "entered-in-error" => Some(false),
        _ => None,
    }
}

fn is_privacy(root: &Map<String, Value>) -> Option<bool> {
    let codings = list(object_of(root, "scope")?.get("coding")?)?;
    let mut understood = false;
    for coding in codings {
        let coding = coding.as_object()?;
        if text_of(coding, "system") == Some(SCOPE) {
            match text_of(coding, "code")? {
                "patient-privacy" => return Some(true),
                "research" | "treatment" | "adr" => understood = true,
                _ => return None,
            }
        }
    }
    understood.then_some(false)
}

/// `Type/id` with one of the types, and nothing else.
fn is_reference(reference: &str, types: &[&str]) -> bool {
    reference.split_once('/').is_some_and(|(kind, id)| {
        types.contains(&kind)
            && (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    })
}

/// The first element that is not known. `modifierExtension` and `implicitRules` can turn the
/// meaning of everything around; the rest is a newer FHIR or a mistake.
fn unknown(object: &Map<String, Value>, known: &[&str]) -> Option<&'static str> {
    object
        .keys()
        .find(|key| !known.contains(&key.as_str()))
        .map(|key| match key.as_str() {
            "modifierExtension" => "it has a modifier extension",
            "implicitRules" => "it has implicit rules",
            "verification" => "its verification is not understood",
            _ => "it has an element that is not understood",
        })
}

/// A list that is there has at least one entry, as FHIR demands.
fn list(value: &Value) -> Option<&[Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .filter(|list| !list.is_empty())
}

fn text_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn object_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name).and_then(Value::as_object)
}

/// The largest consent that is read.
pub const CONSENT_BYTES_MAX: usize = 256 * 1024;

const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const RECIPIENTS: &[&str] = &["IRCP", "PRCP"];
const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const ACTOR_TYPES: &[&str] = &[
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Device",
    "Patient",
    "RelatedPerson",
];

/// Elements that are used, or that do not change what a consent permits.
const ROOT_KNOWN: &[&str] = &[
    "resourceType",
    "id",
    "meta",
    "language",
    "text",
    "contained",
    "extension",
    "identifier",
    "status",
    "scope",
    "category",
    "patient",
    "dateTime",
    "performer",
    "organization",
    "sourceAttachment",
    "sourceReference",
    "policy",
    "policyRule",
    "provision",
];
const PROVISION_KNOWN: &[&str] = &[
    "id",
    "extension",
    "type",
    "period",
    "actor",
    "action",
    "securityLabel",
    "purpose",
    "class",
    "code",
    "dataPeriod",
    "data",
    "provision",
];
const ACTOR_KNOWN: &[&str] = &["id", "extension", "role", "reference"];
const CODING_KNOWN: &[&str] = &[
    "id",
    "extension",
    "system",
    "version",
    "code",
    "display",
    "userSelected",
];
const PERIOD_KNOWN: &[&str] = &["id", "extension", "start", "end"];

/// Elements of a provision that are valid and wait for the complete engine.
const BEYOND: &[(&str, &str)] = &[
    ("provision", "it has nested provisions"),
    ("securityLabel", "it is limited by security label"),
    ("dataPeriod", "it is limited by the date of the data"),
    ("data", "it is limited to certain data"),
    ("class", "it is limited by class"),
    ("code", "it is limited by code"),
    ("action", "it is limited by action"),
];
