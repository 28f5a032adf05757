//! Apps that prove themselves by tokens and certificates.

use jiff::SignedDuration;
use wardgate_records::TokenGrant;
use wardgate_records::events::{EventKind, StoredEvent};

use crate::hospital::{Hospital, faults, now};

fn grant<'a>(app: &'a str, assertion: &'a str, scopes: &'a [String]) -> TokenGrant<'a> {
    TokenGrant {
        app,
        assertion,
        assertion_ends: now() + SignedDuration::from_mins(6),
        digest: [7; 32],
        expires: now() + SignedDuration::from_mins(5),
        scopes,
        bound: false,
    }
}

#[tokio::test]
async fn a_proof_is_used_once_across_processes_and_restarts_until_it_has_expired() {
    let hospital = Hospital::furnished().await;
    let scopes = ["wardgate/call".to_owned()];
    let first = grant("ward-notes", "jti-1", &scopes);
    assert!(hospital.store.grant_token(&first, now()).await.unwrap());
    assert!(!hospital.store.grant_token(&first, now()).await.unwrap());
    let other_process = hospital.again().await;
    assert!(!other_process.grant_token(&first, now()).await.unwrap());
    hospital.store.close().await;
    let restarted = hospital.again().await;
    let last_moment = now() + SignedDuration::from_secs(359);
    assert!(!restarted.grant_token(&first, last_moment).await.unwrap());
    // The ids of one app are not used up by another, whatever they contain.
    assert!(
        restarted
            .grant_token(&grant("a", "bc", &scopes), now())
            .await
            .unwrap()
    );
    assert!(
        restarted
            .grant_token(&grant("ab", "c", &scopes), now())
            .await
            .unwrap()
    );
    // Once the proof has expired it is refused for that, and the row is gone.
    let expired = now() + SignedDuration::from_secs(360);
    assert!(restarted.grant_token(&first, expired).await.unwrap());
}

#[tokio::test]
async fn two_processes_that_race_for_a_proof_give_one_token() {
    let hospital = Hospital::furnished().await;
    let other = hospital.again().await;
    let scopes = Vec::new();
    let proof = grant("ward-notes", "race", &scopes);
    let (one, two) = tokio::join!(
        hospital.store.grant_token(&proof, now()),
        other.grant_token(&proof, now())
    );
    assert!(one.unwrap() ^ two.unwrap());
}

#[tokio::test]
async fn a_token_given_stands_in_the_ledger_without_the_proof() {
    let hospital = Hospital::furnished().await;
    let ledger = hospital.ledger();
    let scopes = ["wardgate/call".to_owned(), "system/Consent.rs".to_owned()];
    let given = grant("ward-notes", "very-secret-jti", &scopes);
    hospital.store.grant_token(&given, now()).await.unwrap();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    let mut told = Vec::new();
    for index in 0..ledger.size() {
        let leaf = ledger.read(index).unwrap();
        let event = StoredEvent::parse(&leaf).unwrap();
        if event.kind == EventKind::TokenIssued {
            told.push(event);
        }
    }
    let [event] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(event.text("app"), Some("ward-notes"));
    assert_eq!(event.digest("token"), Some([7; 32]));
    assert_eq!(event.data()["scopes"][1], "system/Consent.rs");
    for (path, bytes) in hospital.raw_bytes() {
        assert!(
            !crate::hospital::holds(&bytes, "very-secret-jti"),
            "{}",
            path.display()
        );
    }
}

const APP: &str = r#"
kind: App
id: scheduler
name: Scheduler
acts: autonomously
operations: [consent.read]
clients:
  keys: '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
  certificates: ["URI:spiffe://hospital.example/scheduler", "DNS:scheduler.hospital.example"]
  issued:
    - issuer: https://ehr.example.org
      client: scheduler-client
---
kind: Person
id: dr.osei
roles: [clinician]
identities:
  - issuer: https://ehr.example.org
    subject: Practitioner/77
"#;

#[tokio::test]
async fn apps_and_people_are_found_by_what_others_call_them() {
    let hospital = Hospital::furnished().await;
    hospital.yaml(APP).await.unwrap();
    let snapshot = hospital.store.snapshot();
    let app = snapshot
        .app_of_client("https://ehr.example.org", "scheduler-client")
        .unwrap();
    assert_eq!(
        (app.id.as_str(), app.operations.as_slice()),
        ("scheduler", &["consent.read".to_owned()][..])
    );
    assert!(
        snapshot
            .app_of_client("https://other.example.org", "scheduler-client")
            .is_none()
    );
    let names = ["DNS:scheduler.hospital.example".to_owned()];
    assert_eq!(
        snapshot.app_of_certificate(&[0; 32], &names).unwrap().id,
        "scheduler"
    );
    assert!(
        snapshot
            .app_of_certificate(&[0; 32], &["DNS:x".to_owned()])
            .is_none()
    );
    let person = snapshot.person_of_identity("https://ehr.example.org", "Practitioner/77");
    assert_eq!(person.unwrap().id, "dr.osei");
    assert!(
        snapshot
            .person_of_identity("https://other.example.org", "Practitioner/77")
            .is_none()
    );
    // A name that two share means nobody.
    let second = APP
        .replace("id: scheduler", "id: second")
        .replace("id: dr.osei", "id: dr.other");
    hospital.yaml(&second).await.unwrap();
    let snapshot = hospital.store.snapshot();
    assert!(
        snapshot
            .app_of_client("https://ehr.example.org", "scheduler-client")
            .is_none()
    );
    assert!(snapshot.app_of_certificate(&[0; 32], &names).is_none());
    assert!(
        snapshot
            .person_of_identity("https://ehr.example.org", "Practitioner/77")
            .is_none()
    );
}

#[tokio::test]
async fn clients_that_could_never_prove_themselves_are_refused_when_declared() {
    let hospital = Hospital::empty().await;
    for (from, to, fault) in [
        (
            "[consent.read]",
            "[consent.reed]",
            "there is no operation `consent.reed`",
        ),
        (
            "\"kid\": \"a\"",
            "\"kid\": \"a\", \"d\": \"AA\"",
            "private or shared key",
        ),
        ("OKP", "XYZ", "no key for signatures"),
        ("URI:spiffe", "CN:spiffe", "names no certificate"),
        (
            "  certificates",
            "  keys_url: http://a.example/jwks\n  certificates",
            "cannot be fetched",
        ),
        (
            "  certificates",
            "  keys_url: https://a.example/jwks\n  certificates",
            "stand together",
        ),
    ] {
        let refused = hospital.yaml(&APP.replace(from, to)).await.unwrap_err();
        let told = format!("{:?}", faults(refused));
        assert!(told.contains(fault), "{fault}: {told}");
    }
}
