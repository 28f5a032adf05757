//! A Consent as it comes in and as it goes out: what FHIR R4 demands of it, its id, its `meta`.
//!
//! INVARIANT: no issue repeats a value of the resource. Element names come from our own list.

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use wardgate_authz::{Consent, ConsentFault};
use zeroize::Zeroizing;

use crate::fhir::Resource;

/// What is wrong with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentIssue {
    /// Which kind of fault it is.
    pub kind: IssueKind,
    /// The element, such as `Consent.status`.
    pub element: &'static str,
    /// What is wrong, without a value of the resource.
    pub message: String,
}

/// Which kind of fault a resource has, after the issue types of FHIR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueKind {
    /// It does not have the form of a resource.
    Structure,
    /// An element is missing.
    Required,
    /// An element has a value that it cannot have.
    Value,
    /// It is too large.
    TooLong,
}

/// A resource that can be kept.
pub(super) struct Checked {
    /// The text as it is stored: with the id that was given, and without version and time.
    pub(super) json: Zeroizing<String>,
    pub(super) consent: Consent,
}

/// Checks a resource that is to be kept under an id.
pub(super) fn check(text: &str, id: &str) -> Result<Checked, Vec<ConsentIssue>> {
    let resource = Resource::parse(text).map_err(|fault| {
        let (line, column) = (fault.line, fault.column);
        vec![issue(
            IssueKind::Structure,
            "Consent",
            format!("this is not a FHIR resource in JSON, from line {line} column {column} on"),
        )]
    })?;
    if resource.text("resourceType").as_deref() != Some("Consent") {
        let message = "the resource is not a Consent";
        return Err(vec![issue(IssueKind::Structure, "Consent", message)]);
    }
    if resource.duplicate().is_some() {
        let message = "an element stands there twice: readers disagree on which one counts";
        return Err(vec![issue(IssueKind::Structure, "Consent", message)]);
    }
    // Reading it strictly finds doubled keys at any depth, and bounds size and depth.
    let meta = resource.raw("meta").map(RawValue::get);
    let consent = written(&resource, id, meta)
        .map_or(Err(ConsentFault::NotAConsent), |json| {
            Consent::from_json(&json)
        })
        .map_err(|fault| vec![of_fault(&fault)])?;
    let json = stored(&resource, id).ok_or_else(|| {
        let message = "`meta` is not an object";
        vec![issue(IssueKind::Structure, "Consent.meta", message)]
    })?;
    let issues = issues(&resource);
    if issues.is_empty() {
        Ok(Checked { json, consent })
    } else {
        Err(issues)
    }
}

/// The id and the text as it goes out: with version and time.
pub(super) fn with_meta(
    text: &str,
    version: u64,
    at: Timestamp,
) -> Option<(String, Zeroizing<String>)> {
    let resource = Resource::parse(text).ok()?;
    let id = resource.text("id")?.into_owned();
    let mut meta: Map<String, Value> = resource.element("meta").ok()?.unwrap_or_default();
    meta.insert("versionId".to_owned(), version.to_string().into());
    let at = format!("{at:.6}");
    meta.insert("lastUpdated".to_owned(), at.into());
    let meta = serde_json::to_string(&meta).ok()?;
    let json = written(&resource, &id, Some(&meta))?;
    Some((id, json))
}

fn stored(resource: &Resource<'_>, id: &str) -> Option<Zeroizing<String>> {
    let meta: Option<Map<String, Value>> = resource.element("meta").ok()?;
    let meta = meta
        .map(|mut meta| {
            meta.remove("versionId");
            meta.remove("lastUpdated");
            meta
        })
        .filter(|meta| !meta.is_empty());
    let meta = meta
        .map(|meta| serde_json::to_string(&meta))
        .transpose()
        .ok()?;
    written(resource, id, meta.as_deref())
}

/// The resource anew: every other element exactly as it was written.
fn written(resource: &Resource<'_>, id: &str, meta: Option<&str>) -> Option<Zeroizing<String>> {
    let mut json = Zeroizing::new(format!(
        "{{\"resourceType\":\"Consent\",\"id\":{}",
        serde_json::to_string(id).ok()?
    ));
    if let Some(meta) = meta {
        json.push_str(",\"meta\":");
        json.push_str(meta);
    }
    for (name, raw) in resource.elements() {
        if ["resourceType", "id", "meta"].contains(&name) {
            continue;
        }
        json.push(',');
        json.push_str(&serde_json::to_string(name).ok()?);
        json.push(':');
        json.push_str(raw.get());
    }
    json.push('}');
    Some(json)
}

fn of_fault(fault: &ConsentFault) -> ConsentIssue {
    let (kind, element) = match fault {
        ConsentFault::TooLarge { .. } => (IssueKind::TooLong, "Consent"),
        ConsentFault::NoPatient => (IssueKind::Required, "Consent.patient"),
        _ => (IssueKind::Structure, "Consent"),
    };
    issue(kind, element, fault.to_string())
}

fn issues(resource: &Resource<'_>) -> Vec<ConsentIssue> {
    let mut issues = Vec::new();
    let unknown = resource
        .elements()
        .any(|(name, _)| !ELEMENTS.contains(&name.strip_prefix('_').unwrap_or(name)));
    if unknown {
        let message = "the resource has an element that a Consent does not have";
        issues.push(issue(IssueKind::Structure, "Consent", message));
    }
    match resource.raw("status").map(|_| resource.text("status")) {
        None => issues.push(missing("Consent.status")),
        Some(Some(status)) if STATUSES.contains(&status.as_ref()) => {}
        Some(_) => issues.push(issue(
            IssueKind::Value,
            "Consent.status",
            format!("`status` is one of {}", STATUSES.join(", ")),
        )),
    }
    demand(
        resource,
        "scope",
        "Consent.scope",
        Form::Object,
        &mut issues,
    );
    demand(
        resource,
        "category",
        "Consent.category",
        Form::List,
        &mut issues,
    );
    for (name, element, form) in OPTIONAL {
        if resource.raw(name).is_some() {
            demand(resource, name, element, *form, &mut issues);
        }
    }
    issues
}

#[derive(Clone, Copy)]
enum Form {
    Object,
    /// At least one object.
    List,
    Date,
}

fn demand(
    resource: &Resource<'_>,
    name: &str,
    element: &'static str,
    form: Form,
    issues: &mut Vec<ConsentIssue>,
) {
    let Some(raw) = resource.raw(name) else {
        issues.push(missing(element));
        return;
    };
    let (has, what) = match form {
        Form::Object => (is::<Map<String, Value>>(raw), "an object"),
        Form::List => {
            let list: Option<Vec<Map<String, Value>>> = serde_json::from_str(raw.get()).ok();
            let filled = list.is_some_and(|list| !list.is_empty());
            (filled, "a list of at least one object")
        }
        Form::Date => {
            let text: Option<String> = serde_json::from_str(raw.get()).ok();
            let date = text.is_some_and(|text| super::search::Span::parse(&text).is_some());
            (date, "a date of FHIR")
        }
    };
    if !has {
        let name = element.trim_start_matches("Consent.");
        let message = format!("`{name}` is not {what}");
        issues.push(issue(IssueKind::Value, element, message));
    }
}

fn is<T: for<'de> serde::Deserialize<'de>>(raw: &RawValue) -> bool {
    serde_json::from_str::<T>(raw.get()).is_ok()
}

fn missing(element: &'static str) -> ConsentIssue {
    let name = element.trim_start_matches("Consent.");
    let message = format!("`{name}` is missing, and a Consent must have it");
    issue(IssueKind::Required, element, message)
}

fn issue(kind: IssueKind, element: &'static str, message: impl Into<String>) -> ConsentIssue {
    ConsentIssue {
        kind,
        element,
        message: message.into(),
    }
}

const STATUSES: &[&str] = &[
    "draft",
    "proposed",
    "active",
    "rejected",
    "inactive",
    "entered-in-error",
];

/// The elements of a Consent of R4.
const ELEMENTS: &[&str] = &[
    "resourceType",
    "id",
    "meta",
    "implicitRules",
    "language",
    "text",
    "contained",
    "extension",
    "modifierExtension",
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
    "verification",
    "provision",
];

/// Elements that need not be there, and what they are when they are.
const OPTIONAL: &[(&str, &str, Form)] = &[
    ("text", "Consent.text", Form::Object),
    ("contained", "Consent.contained", Form::List),
    ("extension", "Consent.extension", Form::List),
    ("modifierExtension", "Consent.modifierExtension", Form::List),
    ("identifier", "Consent.identifier", Form::List),
    ("dateTime", "Consent.dateTime", Form::Date),
    ("performer", "Consent.performer", Form::List),
    ("organization", "Consent.organization", Form::List),
    ("sourceAttachment", "Consent.sourceAttachment", Form::Object),
    ("sourceReference", "Consent.sourceReference", Form::Object),
    ("policy", "Consent.policy", Form::List),
    ("policyRule", "Consent.policyRule", Form::Object),
    ("verification", "Consent.verification", Form::List),
    ("provision", "Consent.provision", Form::Object),
];
