//! A console with two patients, and those who ask it for consents.

use std::path::Path;

use serde_json::{Value, json};
use wardgate_records::people::SessionKind;
use wardgate_records::{Documents, Mode};

use crate::stage::{NOW, Reply, Stage};

pub(crate) struct Desk {
    stage: Stage,
    /// Of a privacy officer.
    key: String,
    /// Of a clinician, who may do nothing with consents as such.
    pub(crate) plain_key: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    reply: Reply,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.reply.header(name);
        found.unwrap_or_else(|| panic!("no {name}: {}", self.reply.head))
    }

    /// The type of the first issue.
    pub(crate) fn issue(&self) -> String {
        self.json()["issue"][0]["code"].as_str().unwrap().to_owned()
    }
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let stage = Stage::new().await;
        let documents = Documents::of_text(Path::new("patients.ndjson"), PATIENTS);
        let now = NOW.parse().unwrap();
        let applied = stage.store.apply(&documents, Mode::Commit, now).await;
        applied.unwrap_or_else(|fault| panic!("{fault:?}"));
        let key = stage.session("privacy_officer", SessionKind::Cli).await;
        let plain_key = stage.session("clinician", SessionKind::Cli).await;
        Self {
            stage,
            key,
            plain_key,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, resource: &Value) -> Answer {
        self.send("POST", path, &[FHIR], &resource.to_string())
            .await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send("POST", path, &headers, &body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, resource: &Value, tag: Option<&str>) -> Answer {
        let mut headers = vec![FHIR];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        self.send("PUT", path, &headers, &resource.to_string())
            .await
    }

    /// A request of the privacy officer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.raw(method, path, &all, body).await
    }

    /// A request of somebody else.
    pub(crate) async fn as_key(&self, key: &str, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        let mut all = vec![("authorization", bearer.as_str())];
        if !body.is_empty() {
            all.push(FHIR);
        }
        self.raw(method, path, &all, body).await
    }

    /// A request of nobody.
    pub(crate) async fn strange(&self, method: &str, path: &str) -> Answer {
        self.raw(method, path, &[], "").await
    }

    async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let reply = self.stage.send(method, path, &lines, body).await;
        Answer {
            status: reply.status,
            body: reply.body.clone(),
            reply,
        }
    }
}

/// A consent of Maria.
pub(crate) fn consent(status: &str) -> Value {
    json!({
        "resourceType": "Consent",
        "status": status,
        "scope": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/consentscope",
            "code": "patient-privacy",
        }]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/maria"},
        "provision": {"type": "permit"},
    })
}

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");

pub(crate) const PATIENTS: &str = concat!(
    r#"{"resourceType":"Patient","id":"maria","name":[{"given":["Maria"],"family":"Castellanos"}]}"#,
    "\n",
    r#"{"resourceType":"Patient","id":"otto","name":[{"given":["Otto"],"family":"Brandvik"}]}"#,
    "\n",
);
