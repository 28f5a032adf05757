//! Facts decide on the very next call.

use jiff::SignedDuration;
use wardgate_records::events::EventKind;

use crate::hospital::{Hospital, PATIENTS, says};

async fn models(hospital: &Hospital, key: &str) -> Vec<String> {
    let list = hospital.get("/v1/models", key).await.json();
    assert_eq!(list["object"], "list");
    let data = list["data"].as_array().unwrap();
    data.iter()
        .map(|model| model["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_agreement_that_expires_refuses_the_next_call_and_renewing_restores_it() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    assert_eq!(hospital.chat(&key, &says("x")).await.status, 200);
    hospital
        .apply(&hospital.records().replace("2027-06-30", "2026-11-01"))
        .await;
    let answer = hospital.chat(&key, &says("x")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (403, "vendor.agreement_expired")
    );
    let error = &answer.json()["error"];
    assert_eq!(error["source"], "vendor/acme");
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("renew the agreement"),
        "{error}"
    );
    let refused = hospital
        .event(|event| event.kind == EventKind::CallRefused)
        .await;
    assert_eq!(error["record"], refused.id.to_string());
    assert_eq!(refused.text("record"), Some("vendor/acme"));
    assert_eq!(refused.text("system"), Some("note-helper"));
    let facts = refused.data()["facts"].as_array().unwrap();
    assert!(
        facts.iter().any(|fact| fact["name"] == "vendor.agreement"),
        "{facts:?}"
    );
    hospital.apply(&hospital.records()).await;
    assert_eq!(hospital.chat(&key, &says("x")).await.status, 200);
    assert_eq!(hospital.model.received().len(), 2);
}

#[tokio::test]
async fn dates_pass_by_themselves() {
    let hospital = Hospital::open().await;
    let soon = |from: &str| hospital.records().replacen(from, "2026-11-23", 1);
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let cases = [
        (soon("2027-06-30"), "vendor.agreement_expired"),
        (soon("2027-03-31"), "system.assessment_expired"),
        (soon("2027-02-28"), "training.lapsed"),
    ];
    // A day in a record counts to its end.
    for (records, _) in &cases {
        hospital.apply(records).await;
        assert_eq!(hospital.chat(&key, &says("x")).await.status, 200);
    }
    hospital.advance(SignedDuration::from_hours(15)).await;
    for (records, code) in &cases {
        hospital.apply(records).await;
        assert_eq!(hospital.chat(&key, &says("x")).await.code(), *code);
    }
}

#[tokio::test]
async fn a_withdrawn_consent_and_a_withdrawn_flow_refuse_the_next_call() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    assert_eq!(hospital.chat(&key, &says("x")).await.status, 200);
    let withdrawn = PATIENTS.replacen(
        "\"id\":\"maria-yes\",\"status\":\"active\"",
        "\"id\":\"maria-yes\",\"status\":\"inactive\"",
        1,
    );
    hospital.apply_as("patients.ndjson", &withdrawn).await;
    assert_eq!(
        hospital.chat(&key, &says("x")).await.code(),
        "consent.denied"
    );
    hospital.apply_as("patients.ndjson", PATIENTS).await;
    assert_eq!(hospital.chat(&key, &says("x")).await.status, 200);
    let flow = "data_class: patient-text\nrecipient: acme\nregion: us";
    let withdrawn = hospital
        .records()
        .replacen(flow, &format!("{flow}\nstate: withdrawn"), 1);
    hospital.apply(&withdrawn).await;
    let answer = hospital.chat(&key, &says("x")).await;
    assert_eq!(answer.code(), "flow.undeclared");
    assert!(
        answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("patient-text")
    );
}

#[tokio::test]
async fn a_consent_for_named_actors_means_this_hospital_person_system_or_vendor_and_no_other() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    for (actor, permitted) in [
        ("Organization/test-hospital", true),
        ("Practitioner/dr.osei", true),
        ("Device/note-helper", true),
        ("Organization/acme", true),
        ("Organization/elsewhere", false),
        ("Practitioner/dr.lind", false),
    ] {
        let role = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
        let actors = format!(
            r#""provision":{{"type":"permit","actor":[{{"role":{{"coding":[{{"system":"{role}","code":"IRCP"}}]}},"reference":{{"reference":"{actor}"}}}}]}}"#
        );
        let named = PATIENTS.replacen(r#""provision":{"type":"permit"}"#, &actors, 1);
        hospital.apply_as("patients.ndjson", &named).await;
        let answer = hospital.chat(&key, &says("x")).await;
        assert_eq!(
            answer.status == 200,
            permitted,
            "{actor}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_refusal_says_the_same_whether_or_not_the_patient_exists() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let mut told = Vec::new();
    for patient in [
        "Patient/otto",
        "Patient/nobody",
        "MRN-9035517",
        "MRN-0000000",
    ] {
        let headers = [("wardgate-purpose", "TREAT"), ("wardgate-patient", patient)];
        let answer = hospital.call(&key, &headers, &says("x")).await;
        assert!(!answer.text().contains(patient));
        let mut error = answer.json()["error"].clone();
        error["record"] = serde_json::Value::Null;
        told.push((answer.status, error));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

#[tokio::test]
async fn the_list_of_models_holds_what_the_caller_may_use_now() {
    let hospital = Hospital::open().await;
    let osei = hospital.key("ward-notes", Some("dr.osei")).await;
    let lind = hospital.key("ward-notes", Some("dr.lind")).await;
    let batch = hospital.key("batch", None).await;
    for key in [&osei, &lind, &batch] {
        assert_eq!(models(&hospital, key).await, ["note-helper-1"]);
        let one = hospital.get("/v1/models/note-helper-1", key).await.json();
        assert_eq!(
            (one["object"].as_str(), one["owned_by"].as_str()),
            (Some("model"), Some("acme"))
        );
    }
    let osei_lapsed = hospital.records().replacen("2027-02-28", "2026-02-28", 1);
    hospital.apply(&osei_lapsed).await;
    assert!(models(&hospital, &osei).await.is_empty(), "training lapsed");
    assert_eq!(
        hospital.get("/v1/models/note-helper-1", &osei).await.code(),
        "model.not_found"
    );
    assert_eq!(
        models(&hospital, &lind).await,
        ["note-helper-1"],
        "of one person only"
    );
    hospital
        .apply(
            &hospital
                .records()
                .replace("state: live", "state: suspended"),
        )
        .await;
    for key in [&osei, &lind, &batch] {
        assert!(models(&hospital, key).await.is_empty());
    }
    hospital.apply(&hospital.records()).await;
    hospital.advance_unattended(SignedDuration::from_secs(60));
    assert!(models(&hospital, &lind).await.is_empty(), "facts too old");
}

#[tokio::test]
async fn a_key_for_other_systems_sees_and_reaches_none() {
    let hospital = Hospital::open().await;
    hospital.apply(&(hospital.records() + SECOND_SYSTEM)).await;
    let key = hospital
        .scoped_key("ward-notes", Some("dr.osei"), &["coder".to_owned()], &[])
        .await;
    assert!(models(&hospital, &key).await.is_empty());
    assert_eq!(
        hospital.chat(&key, &says("x")).await.code(),
        "model.not_found"
    );
}

const SECOND_SYSTEM: &str = "---\nkind: System\nid: coder\nname: Coder\nmodel: coder-1\nvendor: acme\nstate: live\n\
    risk: high\nassessed_until: 2027-03-31\npurposes: [TREAT]\ndata_classes: [patient-text]\n\
    upstreams:\n  - {name: main, url: \"http://127.0.0.1:9/v1\", model: c, token: not-a-real-token}\n";
