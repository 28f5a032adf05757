//! What the labelling step finds in a text decides: for the patient's consent, and for policies.

use serde_json::json;
use wardgate_records::events::EventKind;

use crate::hospital::{Hospital, PATIENTS, says};

const SENSITIVE: &str = "Known HIV infection, on treatment since spring.";
const NORMAL: &str = "Blood pressure 120/80, no fever.";

/// Maria permits the use of normal data only.
fn only_normal() -> String {
    let provision = r#""provision":{"type":"permit","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}"#;
    PATIENTS.replacen(r#""provision":{"type":"permit"}"#, provision, 1)
}

#[tokio::test]
async fn a_consent_for_normal_data_refuses_a_text_with_a_sensitive_diagnosis() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let unlimited = hospital.chat(&key, &says(SENSITIVE)).await;
    assert_eq!(unlimited.status, 200, "{}", unlimited.text());
    hospital.apply_as("patients.ndjson", &only_normal()).await;
    let normal = hospital.chat(&key, &says(NORMAL)).await;
    assert_eq!(normal.status, 200, "{}", normal.text());
    let answer = hospital.chat(&key, &says(SENSITIVE)).await;
    assert_eq!(answer.code(), "consent.denied", "{}", answer.text());
    assert!(!answer.text().contains("HIV"), "{}", answer.text());

    // Wherever in the call it stands.
    let earlier = json!({"model": "note-helper-1", "messages": [
        {"role": "user", "content": SENSITIVE},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": NORMAL},
    ]});
    assert_eq!(hospital.chat(&key, &earlier).await.code(), "consent.denied");
    let in_arguments = json!({"model": "note-helper-1", "messages": [
        {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function",
            "function": {"name": "note", "arguments": "{\"text\":\"HIV positive\"}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "done"},
        {"role": "user", "content": NORMAL},
    ]});
    let mut in_escapes = in_arguments.clone();
    in_escapes["messages"][0]["tool_calls"][0]["function"]["arguments"] =
        json!(r#"{"text":"\u0048IV positive"}"#);
    let mut in_result = in_arguments.clone();
    in_result["messages"][1]["content"] = json!(r#"{"note":"\u0048IV positive"}"#);
    in_result["messages"][0]["tool_calls"][0]["function"]["arguments"] = json!("{}");
    for body in [&in_arguments, &in_escapes, &in_result] {
        let answer = hospital.chat(&key, body).await;
        assert_eq!(answer.code(), "consent.denied", "{}", answer.text());
    }

    let refused = hospital
        .event(|event| event.kind == EventKind::CallRefused)
        .await;
    let facts = refused.data()["facts"].as_array().unwrap();
    let labels = facts.iter().find(|fact| fact["name"] == "data.labels");
    assert_eq!(labels.unwrap()["value"], "R HIV");
    assert!(!hospital.ledger_text().contains("infection"));
}

#[tokio::test]
async fn operations_get_nothing_that_is_labelled_sensitive() {
    let hospital = Hospital::open().await;
    let flow = "---\nkind: Flow\napp: batch\nsystem: note-helper\npurpose: HOPERAT\n\
        data_class: patient-text\nrecipient: acme\nregion: us\n";
    hospital.apply(&(hospital.records() + flow)).await;
    let key = hospital.key("batch", None).await;
    let maria = [
        ("wardgate-purpose", "HOPERAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    let normal = hospital.call(&key, &maria, &says(NORMAL)).await;
    assert_eq!(normal.status, 200, "{}", normal.text());
    let answer = hospital.call(&key, &maria, &says(SENSITIVE)).await;
    assert_eq!(answer.code(), "data_class.sensitive", "{}", answer.text());
    assert_eq!(hospital.model.received().len(), 1);
}
