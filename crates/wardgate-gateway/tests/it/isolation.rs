//! A placeholder means something to one caller in one conversation, and to nobody else.

use std::collections::BTreeSet;

use wardgate_ledger::verify;
use wardgate_records::events::EventKind;
use wardgate_records::{PayloadPart, RecordId};

use crate::fake_model::{Behaviour, completion};
use crate::hospital::{Hospital, says};

/// Headers of a call.
type Headers<'a> = &'a [(&'a str, &'a str)];

const MARIA: [(&str, &str); 2] = [
    ("wardgate-purpose", "TREAT"),
    ("wardgate-patient", "Patient/maria"),
];

/// The placeholder under which the model got to know the name.
async fn placeholder(hospital: &Hospital, key: &str, conversation: Option<&str>) -> String {
    let mut headers = MARIA.to_vec();
    headers.extend(conversation.map(|conversation| ("wardgate-conversation", conversation)));
    let answer = hospital
        .call(key, &headers, &says("It is Maria Schmidt-Rojas."))
        .await;
    assert_eq!(answer.content(), "It is Maria Schmidt-Rojas.");
    let seen = hospital.model.last_body();
    let (_, rest) = seen.split_once("It is ").unwrap();
    let (placeholder, _) = rest.split_once(".\"").unwrap();
    assert!(placeholder.starts_with("[NAME_"), "{seen}");
    placeholder.to_owned()
}

#[tokio::test]
async fn nobody_else_gets_a_value_for_anothers_placeholder() {
    let hospital = Hospital::open().await;
    let osei = hospital.key("ward-notes", Some("dr.osei")).await;
    let lind = hospital.key("ward-notes", Some("dr.lind")).await;
    let batch = hospital.key("batch", None).await;
    let stolen = placeholder(&hospital, &osei, Some("ward-7")).await;
    let operations = [("wardgate-purpose", "HOPERAT")];
    let elsewhere = [("wardgate-conversation", "ward-8"), MARIA[0], MARIA[1]];
    let same_name = [("wardgate-conversation", "ward-7"), MARIA[0], MARIA[1]];
    let same_name_alone = [("wardgate-conversation", "ward-7"), operations[0]];
    let cases: [(&str, &str, Headers); 5] = [
        ("another person, no conversation", &lind, &MARIA),
        ("another person, the same conversation", &lind, &same_name),
        ("another app", &batch, &operations),
        (
            "another app, the same conversation",
            &batch,
            &same_name_alone,
        ),
        ("another conversation", &osei, &elsewhere),
    ];
    for (who, key, headers) in cases {
        for text in [
            format!("Who is {stolen}?"),
            format!("Who is {}?", stolen.to_lowercase()),
            // A value of one's own makes the map of the call, which must still not hold the other.
            format!("Who is {stolen}? I asked Maria Schmidt-Rojas."),
        ] {
            let answer = hospital.call(key, headers, &says(&text)).await;
            assert_eq!(answer.content(), text, "{who}");
            hospital.model.next(Behaviour::Raw {
                status: 200,
                content_type: "application/json",
                body: bytes::Bytes::from(completion(&format!("It is {stolen}.")).to_string()),
                headers: Vec::new(),
            });
            let answer = hospital
                .call(key, headers, &says("Tell me about Maria Schmidt-Rojas"))
                .await;
            assert_eq!(answer.content(), format!("It is {stolen}."), "{who}");
        }
    }
}

#[tokio::test]
async fn a_placeholder_is_stable_in_its_conversation_and_differs_everywhere_else() {
    let hospital = Hospital::open().await;
    let osei = hospital.key("ward-notes", Some("dr.osei")).await;
    let second_key = hospital.key("ward-notes", Some("dr.osei")).await;
    let lind = hospital.key("ward-notes", Some("dr.lind")).await;
    let first = placeholder(&hospital, &osei, Some("a")).await;
    assert_eq!(placeholder(&hospital, &osei, Some("a")).await, first);
    assert_eq!(
        placeholder(&hospital, &second_key, Some("a")).await,
        first,
        "keys rotate within a conversation"
    );
    let others = [
        placeholder(&hospital, &osei, Some("b")).await,
        placeholder(&hospital, &lind, Some("a")).await,
        placeholder(&hospital, &osei, None).await,
        placeholder(&hospital, &osei, None).await,
        first,
    ];
    assert_eq!(
        others.iter().collect::<BTreeSet<_>>().len(),
        others.len(),
        "{others:?}"
    );
}

#[tokio::test]
async fn payloads_are_sealed_until_the_patients_key_is_destroyed() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let body = says("Maria Schmidt-Rojas is stable.");
    let answer = hospital.chat(&key, &body).await;
    let record: RecordId = answer.headers["wardgate-record"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let stored = hospital.payloads.read(record).unwrap();
    assert_eq!(stored.len(), 2);
    let request = stored
        .iter()
        .find(|stored| stored.part == PayloadPart::Request)
        .unwrap();
    let told = stored
        .iter()
        .find(|stored| stored.part == PayloadPart::Answer)
        .unwrap();
    assert_eq!(
        *request.body,
        body.to_string().into_bytes(),
        "the request as it was received"
    );
    assert_eq!(
        *told.body,
        answer.body.to_vec(),
        "the answer as the caller got it"
    );
    let intent = hospital
        .event(|event| event.kind == EventKind::CallIntent)
        .await;
    assert_eq!(intent.id, record);
    assert_eq!(
        intent.digest("request_commitment"),
        Some(request.commitment)
    );
    let outcome = hospital
        .event(|event| event.kind == EventKind::CallOutcome)
        .await;
    assert_eq!(outcome.digest("answer_commitment"), Some(told.commitment));
    assert_eq!(outcome.digest("payload_hash"), Some(told.hash));

    hospital
        .store
        .shred_patient("Patient/maria", &(), hospital.now())
        .await
        .unwrap();
    assert!(hospital.payloads.read(record).is_err(), "unreadable");
    let answer = hospital.chat(&key, &body).await;
    assert_eq!(
        answer.code(),
        "consent.denied",
        "whoever is forgotten is unknown"
    );
    hospital.store.drain_outbox(&hospital.ledger).await.unwrap();
    let size = hospital.ledger.size();
    hospital.ledger.clone().close().unwrap();
    let verified = verify(&hospital.dir.path().join("ledger"), &hospital.vkey).unwrap();
    assert_eq!(verified.size, size);
}
