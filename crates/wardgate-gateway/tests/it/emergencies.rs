//! Emergency access on the path of a call: what it passes, and every way to take it further.

use jiff::SignedDuration;
use wardgate_records::events::{EventKind, StoredEvent};
use wardgate_records::{BreakGlass, BreakGlassReason, BreakGlassRequest, BreakGlassVerdict};

use crate::hospital::{Answer, Hospital, says};

/// Otto has denied every use, nobody cares for him, and Dr. Osei's training has lapsed.
async fn hospital() -> (Hospital, String) {
    let hospital = Hospital::open().await;
    hospital.apply(&records(&hospital)).await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    (hospital, key)
}

fn records(hospital: &Hospital) -> String {
    let authority = "mfa: 2\nbreak_glass: true\ntrainings";
    let records = hospital.records().replace("mfa: 2\ntrainings", authority);
    records.replacen("2027-02-28", "2026-02-28", 1) + EMERGENCIES
}

async fn open(hospital: &Hospital, person: &str, patient: &str) -> BreakGlass {
    let request = BreakGlassRequest {
        person,
        patient,
        reason: BreakGlassReason::CannotConsent,
        words: "unconscious after a fall, allergies needed",
    };
    let access = hospital.store.open_break_glass(&request, hospital.now());
    access.await.unwrap()
}

async fn call(hospital: &Hospital, key: &str, patient: &str, access: &str) -> Answer {
    let headers = [
        ("wardgate-purpose", "BTG"),
        ("wardgate-patient", patient),
        ("wardgate-break-glass", access),
    ];
    hospital.call(key, &headers, &says(NOTE)).await
}

fn fact<'e>(event: &'e StoredEvent, name: &str) -> &'e serde_json::Value {
    let facts = event.data()["facts"].as_array().unwrap();
    let fact = facts.iter().find(|fact| fact["name"] == name);
    fact.unwrap_or_else(|| panic!("no {name}: {facts:?}"))
}

#[tokio::test]
async fn an_open_access_passes_training_care_relationship_and_consent() {
    let (hospital, key) = hospital().await;
    // The ordinary way, each of the three refuses.
    let otto = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/otto"),
    ];
    let ordinary = hospital.call(&key, &otto, &says(NOTE)).await;
    assert_eq!(ordinary.status, 403, "{}", ordinary.text());
    let access = open(&hospital, "dr.osei", "Patient/otto").await;
    let id = access.id.to_string();
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // An identifier means the same patient.
    let answer = call(&hospital, &key, "MRN-9035517", &id).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let intent = hospital
        .event(|event| event.kind == EventKind::CallIntent)
        .await;
    assert_eq!(intent.text("purpose"), Some("BTG"));
    let active = fact(&intent, "break_glass.active");
    assert_eq!(active["source"], format!("break_glass/{id}"));
    assert_eq!(active["value"], format!("open/{}", access.until));
    assert_eq!(fact(&intent, "care.relationship")["value"], "none");
}

#[tokio::test]
async fn the_model_still_learns_nobodys_name() {
    let (hospital, key) = hospital().await;
    let access = open(&hospital, "dr.osei", "Patient/otto").await;
    let answer = call(&hospital, &key, "Patient/otto", &access.id.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for request in hospital.model.received() {
        let sent = request.body.to_string();
        for identifier in ["Otto", "Brandvik", "9035517", "1948-12-01"] {
            assert!(!sent.contains(identifier), "{identifier} in {sent}");
        }
    }
    let ledger = hospital.ledger_text();
    for secret in ["Brandvik", "9035517", "unconscious"] {
        assert!(!ledger.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn it_opens_one_patient_to_one_person_and_only_as_what_it_is() {
    let (hospital, key) = hospital().await;
    let access = open(&hospital, "dr.osei", "Patient/otto").await;
    let id = access.id.to_string();
    let unknown = if id.ends_with('0') { "1" } else { "0" };
    let unknown = format!("{}{unknown}", &id[..id.len() - 1]);
    let lind = hospital.key("ward-notes", Some("dr.lind")).await;
    for (key, patient, id) in [
        (&key, "Patient/maria", &id),
        (&key, "Patient/nobody-on-file", &id),
        (&lind, "Patient/otto", &id),
        (&key, "Patient/otto", &unknown),
    ] {
        let answer = call(&hospital, key, patient, id).await;
        assert_eq!(answer.code(), "break_glass.not_open", "{patient}");
        assert_eq!(answer.status, 403);
    }
    // The purpose alone opens nothing, and nothing opens the ordinary purpose.
    let alone = [
        ("wardgate-purpose", "BTG"),
        ("wardgate-patient", "Patient/otto"),
    ];
    let answer = hospital.call(&key, &alone, &says(NOTE)).await;
    assert_eq!(answer.code(), "break_glass.not_open");
    let ordinary = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/otto"),
        ("wardgate-break-glass", &id),
    ];
    let answer = hospital.call(&key, &ordinary, &says(NOTE)).await;
    assert_eq!(answer.code(), "care.no_relationship");
    assert!(hospital.model.received().is_empty());
}

#[tokio::test]
async fn it_ends_with_its_hour_its_review_and_the_authority_for_it() {
    let (hospital, key) = hospital().await;
    let access = open(&hospital, "dr.osei", "Patient/otto").await;
    let id = access.id.to_string();
    hospital.advance(SignedDuration::from_mins(59)).await;
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let without = records(&hospital).replace("break_glass: true", "break_glass: false");
    hospital.apply(&without).await;
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.code(), "break_glass.not_open");
    hospital.apply(&records(&hospital)).await;
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    hospital.advance(SignedDuration::from_mins(1)).await;
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.code(), "break_glass.not_open");

    let again = open(&hospital, "dr.osei", "Patient/otto").await;
    let id = again.id.to_string();
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let verdict = BreakGlassVerdict::NotJustified;
    let reviewed = hospital
        .store
        .review_break_glass(again.id, "p.chen", verdict, hospital.now())
        .await;
    reviewed.unwrap();
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.code(), "break_glass.not_open");
}

#[tokio::test]
async fn it_passes_no_agreement_no_approval_and_no_flow() {
    let (hospital, key) = hospital().await;
    let access = open(&hospital, "dr.osei", "Patient/otto").await;
    let id = access.id.to_string();
    for (from, to, code) in [
        ("2027-06-30", "2026-11-01", "vendor.agreement_expired"),
        ("state: live", "state: suspended", "system.suspended"),
        ("state: active", "state: suspended", "vendor.suspended"),
        ("2027-03-31", "2026-03-31", "system.assessment_expired"),
        (
            "risk: high",
            "risk: high\nfindings_overdue: 1",
            "system.findings_overdue",
        ),
        ("mfa: 0", "mfa: 3", "mfa.required"),
        (
            "purpose: BTG",
            "state: withdrawn\npurpose: BTG",
            "flow.undeclared",
        ),
    ] {
        let lapsed = records(&hospital).replacen(from, to, 1);
        hospital.apply(&lapsed).await;
        let answer = call(&hospital, &key, "Patient/otto", &id).await;
        assert_eq!(answer.code(), code, "{}", answer.text());
    }
    assert!(hospital.model.received().is_empty());
    hospital.apply(&records(&hospital)).await;
    let answer = call(&hospital, &key, "Patient/otto", &id).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

const NOTE: &str = "Otto Brandvik, MRN-9035517, born 1948-12-01, found unconscious. Allergies?";

const EMERGENCIES: &str = "---\nkind: Settings\ncare_relationship: required\n\
    ---\nkind: Person\nid: p.chen\nroles: [privacy_officer]\nmfa: 2\n\
    ---\nkind: Flow\napp: ward-notes\nsystem: note-helper\npurpose: BTG\n\
    data_class: patient-text\nrecipient: acme\nregion: us\n";
