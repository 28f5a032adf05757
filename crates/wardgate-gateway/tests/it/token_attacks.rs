//! Attacks with tokens on the gate, one test each. None of them may reach the model.

use jiff::SignedDuration;
use serde_json::json;

use crate::hospital::{Hospital, says};
use crate::token_world::{EHR, GATE, IDP, Issuer, World};

const NOTE: &str = "It is Maria Schmidt-Rojas.";

async fn code(hospital: &Hospital, bearer: &str, headers: &[(&str, &str)]) -> String {
    let mut all = vec![("wardgate-purpose", "TREAT")];
    all.extend_from_slice(headers);
    let answer = hospital.call(bearer, &all, &says(NOTE)).await;
    let text = answer.text();
    for secret in [bearer, "u-77", "Practitioner", "maria", "Maria", "otto"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(hospital.model.received().is_empty(), "{text}");
    answer.code()
}

/// Waits until the ledger was told this reason: of strangers with the code, of others beside it.
async fn told(hospital: &Hospital, code: &str, reason: &str) {
    let counted = format!("{code}:{reason}");
    let record = format!("token/{reason}");
    hospital
        .event(|event| {
            let said = event.text("code");
            said == Some(&counted) || (said == Some(code) && event.text("record") == Some(&record))
        })
        .await;
}

#[tokio::test]
async fn forged_and_misused_tokens_are_refused_alike_and_the_ledger_tells_why() {
    let world = World::open().await;
    let ehr = &world.ehr;
    let good = ehr.token(&json!({}));
    let cut = &good[..good.len() - 4];
    let none = Issuer::new(EHR, 1).sign(&json!({"alg": "none"}), &json!({"iss": EHR}));
    let hs = Issuer::new(EHR, 1).sign(&json!({"alg": "HS256", "kid": "k"}), &json!({"iss": EHR}));
    let forged = Issuer::new(EHR, 66).token(&json!({}));
    let claims = json!({"iss": EHR, "aud": GATE, "sub": "u-77", "iat": 1, "exp": 2});
    let jku = ehr.sign(
        &json!({"alg": "EdDSA", "kid": "k", "jku": "https://evil.example"}),
        &claims,
    );
    for (token, reason) in [
        (cut.to_owned(), "signature"),
        (none, "algorithm"),
        (hs, "algorithm"),
        (jku, "header"),
        (forged, "signature"),
        (world.idp.token(&json!({"iss": EHR})), "signature"),
        (ehr.token(&json!({"iss": "https://evil.example"})), "issuer"),
        (world.idp.token(&json!({})), "issuer"),
        (
            ehr.token(&json!({"aud": "https://other.example"})),
            "audience",
        ),
        (ehr.token(&json!({"nonce": "n"})), "claim_forbidden"),
        (ehr.token(&json!({"client_id": "nobody"})), "client"),
        (ehr.token(&json!({"client_id": null})), "client"),
        (ehr.token(&json!({"azp": "batch-client"})), "client"),
        (ehr.token(&json!({"fhirUser": "Practitioner/99"})), "person"),
        (ehr.token(&json!({"cnf": {"x5t#S256": "AAAA"}})), "binding"),
        (ehr.token(&json!({"cnf": {"jkt": "AAAA"}})), "binding"),
        (ehr.token(&json!({"pad": "x".repeat(12_000)})), "too_large"),
    ] {
        // Each at a gate of its own: answers to strangers come the later, the more there were.
        let world = World::open().await;
        let hospital = &world.hospital;
        assert_eq!(
            code(hospital, &token, &[]).await,
            "identity.token_invalid",
            "{reason}"
        );
        told(hospital, "identity.token_invalid", reason).await;
        assert!(!hospital.ledger_text().contains(&token[..40]));
    }
}

#[tokio::test]
async fn an_expired_token_is_refused_by_name_and_an_old_key_set_refuses_all() {
    let world = World::open().await;
    let token = world.ehr.token(&json!({"patient": "maria"}));
    let headers = [("wardgate-purpose", "TREAT")];
    assert_eq!(
        world
            .hospital
            .call(&token, &headers, &says(NOTE))
            .await
            .status,
        200
    );
    world.hospital.advance(SignedDuration::from_secs(661)).await;
    let answer = world.hospital.call(&token, &headers, &says(NOTE)).await;
    assert_eq!(
        (answer.code(), answer.status.as_u16()),
        ("identity.token_expired".to_owned(), 401)
    );
    world.hospital.advance(SignedDuration::from_hours(24)).await;
    let now = world.hospital.now().as_second();
    let fresh = world.ehr.token(&json!({"iat": now, "exp": now + 60}));
    let answer = world.hospital.call(&fresh, &headers, &says(NOTE)).await;
    assert_eq!(
        (answer.code(), answer.status.as_u16()),
        ("identity.keys_unavailable".to_owned(), 503)
    );
}

#[tokio::test]
async fn a_header_never_widens_what_a_token_says() {
    let world = World::open().await;
    let hospital = &world.hospital;
    let launched = world.ehr.token(&json!({"patient": "maria"}));
    // Another patient who is on file and one who is not get the same answer.
    for patient in ["Patient/otto", "Patient/nobody", "MRN-9035517"] {
        let headers = [("wardgate-patient", patient)];
        assert_eq!(
            code(hospital, &launched, &headers).await,
            "scope.patient",
            "{patient}"
        );
    }
    let purpose = world
        .ehr
        .token(&json!({"scope": "wardgate/call wardgate/purpose:HOPERAT"}));
    assert_eq!(code(hospital, &purpose, &[]).await, "scope.purpose");
    let system = world
        .ehr
        .token(&json!({"scope": "wardgate/call wardgate/system:other"}));
    assert_eq!(code(hospital, &system, &[]).await, "model.not_found");
    let without = world.ehr.token(&json!({"scope": "patient/*.rs launch"}));
    assert_eq!(code(hospital, &without, &[]).await, "scope.call");
    let batch = world.access_token("batch", &["wardgate/ledger.read"], None);
    assert_eq!(code(hospital, &batch, &[]).await, "scope.call");
    // The same patient by another name is no other patient.
    let same = hospital
        .call(
            &launched,
            &[
                ("wardgate-purpose", "TREAT"),
                ("wardgate-patient", "urn:mrn|MRN-4471882"),
            ],
            &says(NOTE),
        )
        .await;
    assert_eq!(same.status, 200, "{}", same.text());
}

#[tokio::test]
async fn nobody_acts_for_a_person_by_a_token_that_is_not_theirs_to_show() {
    let world = World::open().await;
    let hospital = &world.hospital;
    let key = hospital.key("ward-notes", None).await;
    let osei = hospital.key("ward-notes", Some("dr.osei")).await;
    let forged = Issuer::new(IDP, 66).token(&json!({"sub": "lind"}));
    let ours = world.access_token("ward-notes", &["wardgate/call"], None);
    let cases: Vec<(&str, String, &str)> = vec![
        (&key, "dr.lind".to_owned(), "malformed"),
        (&key, forged, "signature"),
        (&key, ours, "issuer"),
        (
            &key,
            world.person("lind", &json!({"client_id": "batch-client"})),
            "client",
        ),
        (
            &key,
            world.person("lind", &json!({"client_id": null})),
            "client",
        ),
        (
            &key,
            world.person("lind", &json!({"aud": "https://other.example"})),
            "audience",
        ),
        (
            &key,
            world.person("lind", &json!({"nonce": "n"})),
            "claim_forbidden",
        ),
        (&key, world.person("nobody", &json!({})), "person"),
        (&osei, world.person("lind", &json!({})), "other_person"),
    ];
    for (bearer, token, reason) in &cases {
        let headers = [("wardgate-on-behalf-of", token.as_str())];
        assert_eq!(
            code(hospital, bearer, &headers).await,
            "identity.on_behalf_of_invalid",
            "{reason}"
        );
        told(hospital, "identity.on_behalf_of_invalid", reason).await;
    }
    // The launch of one person cannot be combined with the token of another, nor two patients.
    let launch = world.ehr.token(&json!({"patient": "maria"}));
    let lind = world.person("lind", &json!({}));
    let headers = [("wardgate-on-behalf-of", lind.as_str())];
    assert_eq!(
        code(hospital, &launch, &headers).await,
        "identity.on_behalf_of_invalid"
    );
    let otto = world.person("osei", &json!({"patient": "otto"}));
    let headers = [("wardgate-on-behalf-of", otto.as_str())];
    assert_eq!(code(hospital, &launch, &headers).await, "scope.patient");
}

#[tokio::test]
async fn a_suspended_person_or_app_is_refused_with_a_right_token() {
    let world = World::open().await;
    let token = world.ehr.token(&json!({}));
    let osei = "kind: Person\nid: dr.osei\nstate: suspended\nroles: [clinician]\nidentities: [{issuer: 'https://ehr.example.org', subject: Practitioner/77}]\n";
    world.hospital.apply(osei).await;
    assert_eq!(code(&world.hospital, &token, &[]).await, "person.suspended");
    let clients = "kind: App\nid: ward-notes\nname: Ward notes\nstate: suspended\nacts: for_people\nsystems: [note-helper]\nclients: {issued: [{issuer: 'https://ehr.example.org', client: ward-notes-client}]}\n";
    world.hospital.apply(clients).await;
    assert_eq!(code(&world.hospital, &token, &[]).await, "app.suspended");
}

#[tokio::test]
async fn two_credentials_are_none() {
    let world = World::open().await;
    let token = world.ehr.token(&json!({"patient": "maria"}));
    let body = says(NOTE).to_string();
    let mut wire = world.hospital.wire().await;
    wire.say(format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {token}\r\n\
         authorization: Bearer {token}\r\nwardgate-purpose: TREAT\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    assert!(wire.hear_all().await.contains("identity.key_missing"));
}
