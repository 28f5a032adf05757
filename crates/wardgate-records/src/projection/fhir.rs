//! FHIR R4 AuditEvent after the IHE Basic Audit Log Patterns.
//!
//! A call that leaves about a patient is a privacy disclosure at its source, and, where it rests
//! on consents, a consent-authorised decision too; its answer is a read; changes of records are
//! created, updated and deleted resources. A profile is claimed only where the ledger knows all
//! that it asks for. The ledger holds no network addresses: they are absent with that reason.

mod coding;
mod plain;

use serde_json::{Value, json};

use self::coding::{
    AUDIT_TYPE, Agent, DCM, LIFECYCLE, PARTICIPATION, Profile, RESTFUL, coding, purpose, reference,
};
use super::{Call, Proven};
use crate::events::{EventKind, StoredEvent};

pub(super) fn resources(
    entry: &Proven<'_>,
    event: Option<&StoredEvent>,
    call: Option<&Call>,
) -> Vec<Value> {
    let Some(event) = event else {
        return vec![plain::unknown(entry)];
    };
    let known = Known {
        entry,
        event,
        call: call.cloned().unwrap_or_default(),
    };
    match event.kind {
        EventKind::CallIntent => {
            let decision = known.decision(true);
            [Some(known.disclosure()), decision]
                .into_iter()
                .flatten()
                .collect()
        }
        EventKind::CallOutcome => vec![known.answer()],
        EventKind::CallRefused => vec![known.decision(false).unwrap_or_else(|| known.refusal())],
        EventKind::RecordChanged => vec![known.change()],
        EventKind::PatientShredded => vec![known.shredding()],
        _ => vec![plain::event(&known)],
    }
}

/// An entry with what is known of its call.
struct Known<'a> {
    entry: &'a Proven<'a>,
    event: &'a StoredEvent,
    call: Call,
}

impl Known<'_> {
    /// Data leaves for a model.
    fn disclosure(&self) -> Value {
        let profile = self.call.patient.as_ref().map(|_| Profile::Disclosure);
        let mut resource = self.resource(profile, "");
        resource.set("type", coding(DCM, "110106", "Export"));
        resource.list(
            "subtype",
            vec![coding(
                LIFECYCLE,
                "disclose",
                "Disclose Record Lifecycle Event",
            )],
        );
        resource.set("action", "R".into());
        resource.set("outcome", "0".into());
        resource.list("purposeOfEvent", self.purposes());
        let system = self.call.system.as_deref().unwrap_or_default();
        let mut agents = vec![
            self.node(coding(DCM, "110153", "Source Role ID")),
            Agent::of(
                coding(DCM, "110152", "Destination Role ID"),
                reference("Device", "system", system),
            )
            .named(system)
            .unlocated(),
        ];
        agents.extend(self.callers());
        resource.agents(agents);
        let mut entities = self.patient_entity();
        entities.push(self.data_entity(&self.event.id.to_string()));
        if let Some(recipient) = &self.call.recipient {
            entities.push(json!({
                "what": reference("Organization", "recipient", recipient),
                "type": coding(coding::ENTITY_TYPE, "3", "Organization"),
                "role": coding(coding::OBJECT_ROLE, "16", "Data Destination"),
            }));
        }
        resource.list("entity", entities);
        resource.0
    }

    /// Consents decided; `None` where the ledger does not know all that the profile asks for.
    fn decision(&self, permit: bool) -> Option<Value> {
        let consents = self.event.data().get("consents")?.as_array()?;
        let patient = self.patient_entity();
        let (app, person) = (self.call.app.as_deref()?, self.call.person.as_deref()?);
        if consents.is_empty() || patient.is_empty() {
            return None;
        }
        let mut resource = self.resource(
            Some(Profile::ConsentDecision),
            if permit { "-decision" } else { "" },
        );
        resource.set("type", coding(DCM, "110113", "Security Alert"));
        resource.list(
            "subtype",
            vec![coding(
                coding::AUTHZ_SUBTYPE,
                "AuthZ-Consent",
                "Authorization Decision using Roles and Consent",
            )],
        );
        resource.set("action", "E".into());
        resource.set("outcome", if permit { "0" } else { "8" }.into());
        if let Some(code) = self.event.text("code") {
            resource.set("outcomeDesc", code.into());
        }
        resource.list("purposeOfEvent", self.purposes());
        resource.agents(vec![
            Agent::of(
                coding(DCM, "110150", "Application"),
                reference("Device", "app", app),
            )
            .unlocated(),
            self.user(person),
            Agent::of(
                coding(coding::ROLE_CLASS, "PROV", "healthcare provider"),
                reference("Organization", "organization", self.entry.origin),
            ),
            Agent::of(
                coding(coding::SECURITY_ROLE, "authserver", "authorization server"),
                self.observer(),
            ),
        ]);
        let mut entities = patient;
        entities.extend(consents.iter().filter_map(Value::as_str).map(|consent| {
            json!({
                "what": reference("Consent", "consent-digest", consent),
                "type": coding("http://hl7.org/fhir/resource-types", "Consent", "Consent"),
            })
        }));
        resource.list("entity", entities);
        Some(resource.0)
    }

    /// A refusal that rests on no consent.
    fn refusal(&self) -> Value {
        let mut resource = self.resource(None, "");
        resource.set("type", coding(DCM, "110113", "Security Alert"));
        resource.list(
            "subtype",
            vec![coding(
                coding::AUTHZ_SUBTYPE,
                "AuthZ-Role",
                "Authorization Decision using only Roles",
            )],
        );
        resource.set("action", "E".into());
        resource.set("outcome", "8".into());
        resource.set(
            "outcomeDesc",
            self.event.text("code").unwrap_or("refused").into(),
        );
        resource.list("purposeOfEvent", self.purposes());
        let mut agents = vec![self.node(coding(
            coding::SECURITY_ROLE,
            "authserver",
            "authorization server",
        ))];
        agents.extend(self.callers());
        resource.agents(agents);
        let mut entities = self.patient_entity();
        entities.push(self.data_entity(&self.event.id.to_string()));
        resource.list("entity", entities);
        resource.0
    }

    /// The answer went back to the caller.
    fn answer(&self) -> Value {
        let status = self.event.text("status").unwrap_or_default();
        let answered = status == "answered";
        let app = self.call.app.as_deref();
        let profile = match (&self.call.patient, answered && app.is_some()) {
            (_, false) => None,
            (Some(_), true) => Some(Profile::PatientRead),
            (None, true) => Some(Profile::Read),
        };
        let mut resource = self.resource(profile, "");
        resource.set("type", coding(AUDIT_TYPE, "rest", "Restful Operation"));
        resource.list("subtype", vec![coding(RESTFUL, "read", "read")]);
        resource.set("action", "R".into());
        let outcome = match status {
            "answered" => "0",
            "upstream_failed" => "8",
            _ => "4",
        };
        resource.set("outcome", outcome.into());
        if !answered {
            resource.set("outcomeDesc", status.into());
        }
        resource.list("purposeOfEvent", self.purposes());
        let mut agents = vec![self.node(coding(DCM, "110153", "Source Role ID"))];
        agents.extend(app.map(|app| {
            let kind = coding(DCM, "110152", "Destination Role ID");
            Agent::of(kind, reference("Device", "app", app)).unlocated()
        }));
        agents.extend(self.call.person.as_deref().map(|person| self.user(person)));
        resource.agents(agents);
        let mut entities = self.patient_entity();
        entities.push(self.data_entity(self.event.text("call").unwrap_or_default()));
        resource.list("entity", entities);
        resource.0
    }

    /// A record was created or changed, by whoever administers the node.
    fn change(&self) -> Value {
        let created = self.event.text("change") == Some("created");
        let record = self.event.text("record").unwrap_or_default();
        // A consent is about a patient whom the entry does not name.
        let profile = match (record, created) {
            ("consent", _) => None,
            ("patient", true) => Some(Profile::PatientCreate),
            ("patient", false) => Some(Profile::PatientUpdate),
            (_, true) => Some(Profile::Create),
            (_, false) => Some(Profile::Update),
        };
        let mut resource = self.resource(profile, "");
        resource.set("type", coding(AUDIT_TYPE, "rest", "Restful Operation"));
        let word = if created { "create" } else { "update" };
        resource.list("subtype", vec![coding(RESTFUL, word, word)]);
        resource.set("action", if created { "C" } else { "U" }.into());
        resource.set("outcome", "0".into());
        resource.agents(vec![
            self.administration(coding(DCM, "110153", "Source Role ID")),
            self.node(coding(DCM, "110152", "Destination Role ID")),
        ]);
        let id = self.event.text("record_id").unwrap_or_default();
        let mut entities = Vec::new();
        if record == "patient" {
            entities.push(patient(id));
        }
        entities.push(self.data_entity(&format!("{record}/{id}")));
        resource.list("entity", entities);
        resource.0
    }

    /// A patient's key is gone, and with it all that it sealed.
    fn shredding(&self) -> Value {
        let mut resource = self.resource(Some(Profile::PatientDelete), "");
        resource.set("type", coding(AUDIT_TYPE, "rest", "Restful Operation"));
        resource.list("subtype", vec![coding(RESTFUL, "delete", "delete")]);
        resource.set("action", "D".into());
        resource.set("outcome", "0".into());
        resource.agents(vec![
            self.administration(coding(DCM, "110150", "Application")),
            self.node(coding(coding::PROVENANCE, "custodian", "Custodian")),
        ]);
        let handle = self.event.text("patient").unwrap_or_default();
        resource.list(
            "entity",
            vec![
                patient(handle),
                self.data_entity(&format!("patient/{handle}")),
            ],
        );
        resource.0
    }

    fn user(&self, person: &str) -> Agent {
        let kind = coding(PARTICIPATION, "IRCP", "information recipient");
        Agent::of(kind, reference("Practitioner", "person", person))
            .named(person)
            .asking()
            .for_purposes(self.purposes())
    }

    /// The app and the person it acts for, as far as they are known.
    fn callers(&self) -> Vec<Agent> {
        let person = self.call.person.as_deref();
        let app = self.call.app.as_deref().map(|app| {
            let kind = coding(DCM, "110150", "Application");
            let agent = Agent::of(kind, reference("Device", "app", app))
                .named(app)
                .unlocated();
            if person.is_some() {
                agent
            } else {
                agent.asking()
            }
        });
        let person = person.map(|person| self.user(person));
        app.into_iter().chain(person).collect()
    }

    fn purposes(&self) -> Vec<Value> {
        self.call.purpose.iter().map(|code| purpose(code)).collect()
    }

    fn patient_entity(&self) -> Vec<Value> {
        self.call
            .patient
            .iter()
            .map(|handle| patient(handle))
            .collect()
    }

    /// What the event is about, with the members of the entry that tell most.
    fn data_entity(&self, id: &str) -> Value {
        let told = [
            "data_class",
            "gate",
            "record",
            "policy_hash",
            "request_commitment",
            "answer_commitment",
            "payload_hash",
            "certificate",
            "digest",
        ];
        let details: Vec<Value> = told
            .iter()
            .filter_map(|name| Some(json!({"type": name, "valueString": self.event.text(name)?})))
            .collect();
        let mut entity = json!({
            "what": {"identifier": coding::identifier("record", id)},
            "type": coding(coding::ENTITY_TYPE, "2", "System Object"),
            "role": coding(coding::OBJECT_ROLE, "4", "Domain Resource"),
        });
        if let (false, Some(entity)) = (details.is_empty(), entity.as_object_mut()) {
            entity.insert("detail".to_owned(), details.into());
        }
        entity
    }
}

fn patient(handle: &str) -> Value {
    json!({
        "what": reference("Patient", "patient-handle", handle),
        "type": coding(coding::ENTITY_TYPE, "1", "Person"),
        "role": coding(coding::OBJECT_ROLE, "1", "Patient"),
    })
}
