//! The pieces of an AuditEvent: codes, references, agents, and the frame that all share.

use serde_json::{Map, Value, json};

use super::Known;
use crate::projection::Proven;

/// A profile of the IHE Basic Audit Log Patterns.
#[derive(Clone, Copy)]
pub(super) enum Profile {
    Create,
    PatientCreate,
    Read,
    PatientRead,
    Update,
    PatientUpdate,
    PatientDelete,
    Disclosure,
    ConsentDecision,
}

impl Profile {
    fn url(self) -> String {
        let name = match self {
            Self::Create => "Create",
            Self::PatientCreate => "PatientCreate",
            Self::Read => "Read",
            Self::PatientRead => "PatientRead",
            Self::Update => "Update",
            Self::PatientUpdate => "PatientUpdate",
            Self::PatientDelete => "PatientDelete",
            Self::Disclosure => "PrivacyDisclosure.Source",
            Self::ConsentDecision => "AuthZconsent",
        };
        format!("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{name}")
    }
}

/// A resource under construction.
pub(super) struct Resource(pub(super) Value);

impl Resource {
    pub(super) fn set(&mut self, name: &str, value: Value) {
        if let Some(members) = self.0.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    }

    /// FHIR has no empty lists.
    pub(super) fn list(&mut self, name: &str, values: Vec<Value>) {
        if !values.is_empty() {
            self.set(name, values.into());
        }
    }

    pub(super) fn agents(&mut self, agents: Vec<Agent>) {
        let agents = agents.into_iter().map(|agent| Value::Object(agent.0));
        self.list("agent", agents.collect());
    }
}

/// Somebody who took part.
pub(super) struct Agent(Map<String, Value>);

impl Agent {
    pub(super) fn of(kind: Value, who: Value) -> Self {
        let mut agent = Map::new();
        agent.insert("type".to_owned(), json!({"coding": [kind]}));
        agent.insert("who".to_owned(), who);
        agent.insert("requestor".to_owned(), false.into());
        Self(agent)
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(super) fn named(self, name: &str) -> Self {
        self.with("name", name.into())
    }

    /// Who asked for what happened.
    pub(super) fn asking(self) -> Self {
        self.with("requestor", true.into())
    }

    pub(super) fn for_purposes(self, purposes: Vec<Value>) -> Self {
        if purposes.is_empty() {
            return self;
        }
        self.with("purposeOfUse", purposes.into())
    }

    /// Its network address is not in the ledger.
    pub(super) fn unlocated(self) -> Self {
        self.with(
            "network",
            json!({"extension": [{
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": "unknown",
            }]}),
        )
    }

    fn at_machine(self, name: &str) -> Self {
        self.with("network", json!({"address": name, "type": "1"}))
    }
}

impl Known<'_> {
    /// What every AuditEvent of the ledger has. A second one of an entry has a suffix to its id.
    pub(super) fn resource(&self, profile: Option<Profile>, suffix: &str) -> Resource {
        let mut resource = frame(self.entry);
        resource.set("id", format!("{}{suffix}", self.event.id).into());
        resource.set("recorded", self.event.at.to_string().into());
        if let Some(profile) = profile {
            resource.set("meta", json!({"profile": [profile.url()]}));
        }
        resource
    }

    /// Who observed the event: the node that keeps the ledger.
    pub(super) fn observer(&self) -> Value {
        observer(self.entry)
    }

    pub(super) fn node(&self, kind: Value) -> Agent {
        Agent::of(kind, self.observer()).at_machine(self.entry.origin)
    }

    /// Whoever administers the node, of whom the ledger knows no more.
    pub(super) fn administration(&self, kind: Value) -> Agent {
        let who = reference("Device", "administration", self.entry.origin);
        Agent::of(kind, who).asking().unlocated()
    }
}

/// The members that do not depend on the kind.
pub(super) fn frame(entry: &Proven<'_>) -> Resource {
    let part = |url: &str, value: String| json!({"url": url, "valueString": value});
    let mut parts = vec![
        part("origin", entry.origin.to_owned()),
        part("tree-size", entry.tree_size.to_string()),
        part("index", entry.index.to_string()),
        part("leaf-hash", entry.leaf_hash()),
    ];
    parts.extend(entry.path().into_iter().map(|hash| part("proof", hash)));
    parts.push(part("entry", entry.text().into_owned()));
    Resource(json!({
        "resourceType": "AuditEvent",
        "extension": [{"url": "urn:wardgate:ledger-entry", "extension": parts}],
        "source": {
            "site": entry.origin,
            "observer": observer(entry),
            "type": [coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")],
        },
    }))
}

pub(super) fn observer(entry: &Proven<'_>) -> Value {
    reference("Device", "node", entry.origin)
}

/// A code; with an empty display it goes without.
pub(super) fn coding(system: &str, code: &str, display: &str) -> Value {
    if display.is_empty() {
        return json!({"system": system, "code": code});
    }
    json!({"system": system, "code": code, "display": display})
}

pub(super) fn identifier(kind: &str, value: &str) -> Value {
    json!({"system": format!("urn:wardgate:{kind}"), "value": value})
}

/// A logical reference: the ledger's own name of a thing.
pub(super) fn reference(resource: &str, kind: &str, value: &str) -> Value {
    json!({"type": resource, "identifier": identifier(kind, value)})
}

/// A purpose of use; the hospital's own are no codes of HL7.
pub(super) fn purpose(code: &str) -> Value {
    let hl7 = code.bytes().all(|byte| byte.is_ascii_uppercase());
    let system = if hl7 {
        "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    } else {
        "urn:wardgate:purpose"
    };
    json!({"coding": [{"system": system, "code": code}]})
}

pub(super) const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
pub(super) const AUDIT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
pub(super) const RESTFUL: &str = "http://hl7.org/fhir/restful-interaction";
pub(super) const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(super) const ROLE_CLASS: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";
pub(super) const SECURITY_ROLE: &str =
    "http://terminology.hl7.org/CodeSystem/extra-security-role-type";
pub(super) const PROVENANCE: &str =
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
pub(super) const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
pub(super) const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
pub(super) const AUTHZ_SUBTYPE: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType";
