//! From a FHIR R4 Consent to what the engine can use, with a note of all it cannot.

mod provision;
mod values;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::instant::Stretch;
use super::rule::{Kind, Period, Rule};
use super::strict::Strict;
use super::systems;
use values::{is_reference, list, object_of, text_of, unknown};

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
    /// When it was given, as far as that is known.
    pub(super) given: Option<Stretch>,
    /// The outermost rule, or why none of it can be computed.
    pub(super) rule: Result<Arc<Rule>, &'static str>,
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
            given: text_of(root, "dateTime").and_then(Stretch::parse),
            rule: rule.map(Arc::new),
        })
    }

    /// Stands for a consent of this patient that could not be read: it refuses.
    #[must_use]
    pub fn unreadable(id: &str, patient: &str) -> Self {
        Self {
            id: format!("Consent/{id}").into(),
            patient: patient.to_owned(),
            active: None,
            privacy: None,
            period: Period::Unreadable,
            given: None,
            rule: Err("it could not be read"),
        }
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

    /// Why this consent, or a part of it, cannot be computed whatever is asked of it.
    #[must_use]
    pub fn not_computable(&self) -> Option<&'static str> {
        match &self.rule {
            Err(why) => Some(why),
            Ok(rule) => rule.unclear(),
        }
    }
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Who consented to what is patient data; the id is not.
        f.debug_tuple("Consent").field(&self.id).finish()
    }
}

fn rule_of(root: &Map<String, Value>) -> (Period, Result<Rule, &'static str>) {
    let provision = match root.get("provision") {
        None => None,
        Some(Value::Object(provision)) => Some(provision),
        Some(_) => return (Period::Unreadable, Err("its provision is not an object")),
    };
    let period = provision.map_or(Period::Always, |provision| {
        provision::period_of(provision, "period").unwrap_or(Period::Always)
    });
    (period, computable(root, provision, period))
}

fn computable(
    root: &Map<String, Value>,
    provision: Option<&Map<String, Value>>,
    period: Period,
) -> Result<Rule, &'static str> {
    if period == Period::Unreadable {
        return Err("its period is not understood");
    }
    if let Some(why) = unknown(root, ROOT_KNOWN) {
        return Err(why);
    }
    if is_active(text_of(root, "status").unwrap_or_default()).is_none() {
        return Err("its status is not understood");
    }
    if is_privacy(root).is_none() {
        return Err("its scope is not understood");
    }
    let base = policy_rule(root, provision.is_some())?;
    provision::read(provision, base)
}

/// The policy rule as the kind of rule that it stands for. A rule that is not understood is like
/// the policy that a consent names by address: it says where the form comes from.
fn policy_rule(
    root: &Map<String, Value>,
    has_provision: bool,
) -> Result<Option<Kind>, &'static str> {
    if !root.contains_key("policyRule") {
        return Ok(None);
    }
    let codings = object_of(root, "policyRule")
        .and_then(|rule| rule.get("coding"))
        .and_then(list)
        .unwrap_or_default();
    let mut kinds = codings
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|coding| {
            if systems::known(text_of(coding, "system")?) != systems::ACT_CODE {
                return None;
            }
            match text_of(coding, "code")? {
                "OPTIN" => Some(Kind::Permit),
                "OPTOUT" => Some(Kind::Deny),
                // With restrictions or with exceptions, which only a provision can state.
                "OPTINR" if has_provision => Some(Kind::Permit),
                "OPTOUTE" if has_provision => Some(Kind::Deny),
                _ => None,
            }
        });
    let first = kinds.next();
    if kinds.any(|kind| Some(kind) != first) {
        return Err("its policy rule says both opt in and opt out");
    }
    Ok(first)
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
        if text_of(coding, "system") == Some(systems::SCOPE) {
            match text_of(coding, "code")? {
                "patient-privacy" => return Some(true),
                "research" | "treatment" | "adr" => understood = true,
                _ => return None,
            }
        }
    }
    understood.then_some(false)
}

/// The largest consent that is read.
pub const CONSENT_BYTES_MAX: usize = 256 * 1024;
/// The deepest exceptions that are read; a deeper consent is not computable.
pub const PROVISION_DEPTH_MAX: usize = 32;
/// The most rules in one consent; one with more is not computable.
pub const PROVISIONS_MAX: usize = 1_024;

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
