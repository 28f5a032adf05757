//! `$de-identify` over FHIR: what leaves, what is refused, who may, and what the ledger is told.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use wardgate_console::Parts;
use wardgate_ledger::Ledger;
use wardgate_records::events::StoredEvent;
use wardgate_records::people::SessionKind;

use crate::stage::{Reply, Stage};

const APPS: &str = "---
kind: App
id: research
name: Research export
acts: autonomously
systems: []
operations: [data.deidentify]
---
kind: App
id: second
name: Another export
acts: autonomously
systems: []
operations: [data.deidentify]
---
kind: App
id: bystander
name: Granted something else
acts: autonomously
systems: []
operations: [consent.read]
";

pub(crate) struct Export {
    pub(crate) stage: Stage,
    ledger: Ledger,
    pub(crate) key: String,
}

impl Export {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Parts)) -> Self {
        let mut ledger = None;
        let stage = Stage::with(APPS, |parts| {
            ledger = Some(parts.ledger.clone());
            change(parts);
        })
        .await;
        let key = stage.key("research").await;
        Self {
            stage,
            ledger: ledger.unwrap(),
            key,
        }
    }

    /// Sends a body of a media type as the application.
    pub(crate) async fn send(&self, path: &str, kind: &str, body: &str) -> Reply {
        self.send_as(&self.key, path, kind, body).await
    }

    async fn send_as(&self, token: &str, path: &str, kind: &str, body: &str) -> Reply {
        let bearer = format!("authorization: Bearer {token}");
        let kind = format!("content-type: {kind}");
        self.stage.send("POST", path, &[&bearer, &kind], body).await
    }

    async fn bundle(&self, path: &str, policy: &str) -> Reply {
        let body = parameters(policy).to_string();
        self.send(path, FHIR, &body).await
    }

    async fn lines(&self, policy: &str, lines: &[String]) -> Reply {
        let path = format!("/fhir/$de-identify?policy={policy}");
        self.send(&path, NDJSON, &(lines.join("\n") + "\n")).await
    }

    /// What the ledger has of a kind.
    pub(crate) fn told(&self, kind: &str) -> Vec<StoredEvent> {
        let entries = self.ledger.entries(..).map(|entry| entry.unwrap().1);
        entries
            .map(|leaf| StoredEvent::parse(&leaf).unwrap())
            .filter(|event| event.kind.as_str() == kind)
            .collect()
    }

    /// Nothing of the patient is in the ledger.
    pub(crate) fn check_ledger(&self) {
        for entry in self.ledger.entries(..) {
            let leaf = String::from_utf8(entry.unwrap().1).unwrap();
            check_clean(&leaf);
        }
    }
}

pub(crate) fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "ashgrove-1", "gender": "female", "birthDate": "1974-04-09",
        "identifier": [{
            "type": {"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR",
            }]},
            "system": "urn:oid:1.2.3", "value": "MR5570921",
        }],
        "name": [{"family": "Ashgrove", "given": ["Oriel"]}],
        "telecom": [{"system": "phone", "value": "(555) 314-8822"}],
    })
}

pub(crate) fn weight() -> Value {
    json!({
        "resourceType": "Observation", "id": "o-1", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/ashgrove-1", "display": "Oriel Ashgrove"},
        "valueQuantity": {"value": 61.50, "unit": "kg"},
        "note": [{"text": "Ashgrove called from 555-314-8822"}],
    })
}

fn parameters(policy: &str) -> Value {
    let entry = [patient(), weight()].map(|resource| json!({"resource": resource}));
    json!({
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "identifiableData",
                "resource": {"resourceType": "Bundle", "type": "collection", "entry": entry},
            },
            {"name": "policy", "valueString": policy},
        ],
    })
}

pub(crate) fn check_clean(text: &str) {
    let text = text.to_lowercase();
    for left in ["ashgrove", "oriel", "mr5570921", "314-8822", "1974-04-09"] {
        assert!(!text.contains(left), "{left} in {text}");
    }
}

pub(crate) fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{reply:?}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) const FHIR: &str = "application/fhir+json";
const NDJSON: &str = "application/fhir+ndjson";

#[tokio::test]
async fn a_bundle_comes_back_clean_and_the_ledger_has_the_run() {
    let export = Export::open().await;
    for (path, given) in [
        ("/fhir/$de-identify", "de-identifiedData"),
        ("/fhir/%24de-identify", "de-identifiedData"),
        ("/fhir/$deidentify", "deidentifiedData"),
    ] {
        let reply = export.bundle(path, "safe-harbor").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.header("content-type").unwrap().starts_with(FHIR));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        check_clean(&reply.body);
        let answer = json_of(&reply);
        assert_eq!(answer["resourceType"], "Parameters");
        assert_eq!(answer["parameter"].as_array().unwrap().len(), 1);
        assert_eq!(answer["parameter"][0]["name"], given);
        let bundle = &answer["parameter"][0]["resource"];
        assert_eq!(bundle["type"], "collection");
        let [patient, weight] = [0, 1].map(|at| bundle["entry"][at]["resource"].clone());
        assert_eq!(
            weight["subject"]["reference"],
            format!("Patient/{}", patient["id"].as_str().unwrap())
        );
        assert_eq!(weight["valueQuantity"]["value"], 61.5);

        let told = export.told("dataset.deidentified");
        let event = told.last().unwrap();
        assert_eq!(event.text("app"), Some("research"));
        assert_eq!(event.text("person"), None);
        assert_eq!(event.text("profile"), Some("safe-harbor"));
        assert_eq!(event.number("resources"), Some(2));
        assert_eq!(event.number("verified"), Some(2));
        assert_eq!(event.number("bytes"), Some(reply.body.len() as u64));
        let sum = digest(&SHA256, reply.body.as_bytes());
        assert_eq!(event.text("output"), Some(hex(sum.as_ref()).as_str()));
        assert!(event.number("replaced").unwrap() > 0 && event.number("kept").unwrap() > 0);
    }
    assert_eq!(export.told("dataset.deidentified").len(), 3);
    export.check_ledger();
}

#[tokio::test]
async fn lines_keep_their_order_and_know_patients_who_come_later() {
    let export = Export::open().await;
    let lines = [weight().to_string(), String::new(), patient().to_string()];
    let reply = export.lines("safe-harbor", &lines).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some(NDJSON));
    check_clean(&reply.body);
    let written: Vec<Value> = reply
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<_> = written.iter().map(|one| &one["resourceType"]).collect();
    assert_eq!(kinds, ["Observation", "Patient"]);
    let id = written[1]["id"].as_str().unwrap();
    assert_eq!(written[0]["subject"]["reference"], format!("Patient/{id}"));
    assert_eq!(export.told("dataset.deidentified").len(), 1);
}

#[tokio::test]
async fn a_patient_has_one_stand_in_in_all_answers_under_a_profile_and_another_under_another() {
    let export = Export::open().await;
    let mut ids = Vec::new();
    for policy in [
        "safe-harbor",
        "HHS_SAFE_HARBOR_DETERMINISTIC_METHOD",
        "limited-data-set",
        "gdpr-pseudonymise",
    ] {
        let in_bundle = json_of(&export.bundle("/fhir/$de-identify", policy).await);
        let entry = &in_bundle["parameter"][0]["resource"]["entry"][0];
        let in_lines = json_of(&export.lines(policy, &[patient().to_string()]).await);
        assert_eq!(entry["resource"]["id"], in_lines["id"]);
        assert_eq!(entry["resource"]["name"], in_lines["name"]);
        ids.push(in_lines["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn one_bad_line_refuses_all_of_them_by_its_number() {
    let export = Export::open().await;
    let good = patient().to_string();
    let bad = [
        "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ashgrove\"".to_owned(),
        json!({"resourceType": "Ashgrove", "id": "oriel"}).to_string(),
        good.replace("\"gender\":", "\"gender\":\"oriel\",\"gender\":"),
        format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)),
        "\"Ashgrove\"".to_owned(),
        "Ashgrove".to_owned(),
    ];
    for (number, bad) in bad.iter().enumerate() {
        let lines = [good.clone(), String::new(), bad.clone(), good.clone()];
        let reply = export.lines("safe-harbor", &lines).await;
        assert_eq!(reply.status, 422, "{number}: {reply:?}");
        check_clean(&reply.body);
        let outcome = json_of(&reply);
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        assert_eq!(outcome["issue"].as_array().unwrap().len(), 1);
        let issue = &outcome["issue"][0];
        assert!(issue["diagnostics"].as_str().unwrap().starts_with("line 3"));
        assert_eq!(issue["extension"][0]["valueInteger"], 3);
        assert_eq!(export.told("dataset.refused").len(), number + 1);
    }
    let event = &export.told("dataset.refused")[0];
    assert_eq!(event.text("person"), Some("research"));
    assert_eq!(event.text("reasons"), Some("fhir.json"));
    assert!(export.told("dataset.deidentified").is_empty());
    export.check_ledger();

    // Faults are told up to a number, so that an answer is never large.
    let many = vec!["Ashgrove".to_owned(); 500];
    let reply = export.lines("safe-harbor", &many).await;
    assert_eq!(json_of(&reply)["issue"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn what_is_not_of_the_operation_is_refused_with_what_to_do() {
    let export = Export::open().await;
    let whole = parameters("safe-harbor");
    let mut by_urls = whole.clone();
    by_urls["parameter"][0] = json!({"name": "identifiableDataFileUrls", "resource": {
        "resourceType": "Parameters",
        "parameter": [{"name": "data", "part": [
            {"name": "resourceType", "valueCode": "Patient"},
            {"name": "resourceUrl", "valueUrl": "https://bulk.example.org/Patient.ndjson"},
        ]}],
    }});
    let mut both = by_urls.clone();
    let data = whole["parameter"][0].clone();
    both["parameter"].as_array_mut().unwrap().push(data);
    let mut no_policy = whole.clone();
    no_policy["parameter"].as_array_mut().unwrap().pop();
    let bundle = whole["parameter"][0]["resource"].clone();
    let lines = patient().to_string();
    let unknown = parameters("Ashgrove");
    let in_parameters = [
        ("", &by_urls, 400, "not-supported"),
        ("", &both, 400, "invalid"),
        ("", &no_policy, 400, "required"),
        ("", &bundle, 400, "invalid"),
        ("", &unknown, 422, "code-invalid"),
        ("?policy=limited-data-set", &whole, 400, "invalid"),
        ("?patient=Ashgrove", &whole, 400, "not-supported"),
    ];
    let in_parameters = in_parameters
        .map(|(query, body, status, code)| (query, FHIR, body.to_string(), status, code));
    let policy = "?policy=safe-harbor";
    let others = [
        ("", FHIR, "{\"Ashgrove\"", 400, "invalid"),
        ("", NDJSON, &lines, 400, "required"),
        ("?policy=Ashgrove", NDJSON, &lines, 422, "code-invalid"),
        (policy, NDJSON, "\n\n", 400, "required"),
        (policy, "application/fhir+xml", &lines, 415, "invalid"),
    ];
    let others = others
        .map(|(query, kind, body, status, code)| (query, kind, body.to_owned(), status, code));
    for (query, kind, body, status, code) in in_parameters.into_iter().chain(others) {
        let path = format!("/fhir/$de-identify{query}");
        let reply = export.send(&path, kind, &body).await;
        let outcome = json_of(&reply);
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{reply:?}");
        assert_eq!(reply.status, status, "{query} {kind}: {reply:?}");
        assert_eq!(outcome["issue"][0]["code"], code, "{reply:?}");
        check_clean(&reply.body);
        if code == "code-invalid" {
            assert!(reply.body.contains("gdpr-pseudonymise"), "{reply:?}");
        }
    }
    assert!(export.told("dataset.deidentified").is_empty());
    assert!(export.told("dataset.refused").is_empty());
}

#[tokio::test]
async fn answers_of_another_type_and_other_methods_are_not_there() {
    let export = Export::open().await;
    let body = parameters("safe-harbor").to_string();
    let by_hand = format!("authorization: Bearer {}", export.key);
    let accepts = [
        by_hand.as_str(),
        "content-type: application/fhir+json",
        "accept: text/html",
    ];
    let reply = export
        .stage
        .send("POST", "/fhir/$de-identify", &accepts, &body)
        .await;
    assert_eq!(reply.status, 406, "{reply:?}");
    let reply = export
        .stage
        .send("GET", "/fhir/$de-identify", &[&by_hand], "")
        .await;
    assert_eq!(reply.status, 405, "{reply:?}");
    assert!(export.told("dataset.deidentified").is_empty());
}

#[tokio::test]
async fn only_who_was_granted_it_has_records_deidentified() {
    let export = Export::open().await;
    let body = parameters("safe-harbor").to_string();
    let path = "/fhir/$de-identify";
    let stranger = export.send_as("nobody", path, FHIR, &body).await;
    assert_eq!(stranger.status, 401, "{stranger:?}");
    let bystander = export.stage.key("bystander").await;
    let refused = export.send_as(&bystander, path, FHIR, &body).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    check_clean(&refused.body);
    for role in wardgate_authz::ROLES {
        let token = export.stage.session(role, SessionKind::Cli).await;
        let reply = export.send_as(&token, path, FHIR, &body).await;
        let expected = if *role == "privacy_officer" { 200 } else { 403 };
        assert_eq!(reply.status, expected, "{role}: {reply:?}");
    }
    let told = export.told("dataset.deidentified");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].text("person"), Some("privacy_officer"));
    assert_eq!(told[0].text("app"), None);
}

#[tokio::test]
async fn what_the_ledger_can_not_keep_is_not_answered() {
    let closed = |parts: &mut Parts| parts.ledger.clone().close().unwrap();
    let stage = Stage::with(APPS, closed).await;
    let key = stage.key("research").await;
    let bearer = format!("authorization: Bearer {key}");
    let head = [bearer.as_str(), "content-type: application/fhir+json"];
    let body = parameters("safe-harbor").to_string();
    let reply = stage.send("POST", "/fhir/$de-identify", &head, &body).await;
    assert_eq!(reply.status, 503, "{reply:?}");
    let outcome: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(outcome["issue"][0]["code"], "transient");
    assert!(!reply.body.contains("Parameters"));
}

#[tokio::test]
async fn the_statement_names_the_operation_by_the_definitions_of_its_guide() {
    let stage = Stage::new().await;
    let reply = stage.send("GET", "/fhir/metadata", &[], "").await;
    let statement: Value = serde_json::from_str(&reply.body).unwrap();
    for (at, name) in ["de-identify", "deidentify"].into_iter().enumerate() {
        let operation = &statement["rest"][0]["operation"][at];
        assert_eq!(operation["name"], name);
        assert_eq!(
            operation["definition"],
            format!("http://hl7.org/fhir/us/darts/OperationDefinition/{name}")
        );
    }
}
