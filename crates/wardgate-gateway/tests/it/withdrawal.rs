//! A withdrawn consent refuses the next call, on whatever connection it comes; and a decision
//! asks no database.

use jiff::SignedDuration;
use wardgate_records::{Author, ConsentWrite, Origin};

use crate::hospital::{Hospital, Wire, head, says, says_streaming};

/// One call on a connection that stays open; the status and the body of its answer.
async fn call(wire: &mut Wire, key: &str, body: &str) -> (u16, String) {
    wire.say(format!(
        "{}content-length: {}\r\n\r\n{body}",
        head(key),
        body.len()
    ))
    .await;
    wire.hear_answer().await
}

/// Withdraws Maria's consent as the console does.
async fn withdraw(hospital: &Hospital) {
    let consent = hospital.store.consent("maria-yes").await.unwrap();
    let withdrawn = consent.json.replace("\"active\"", "\"inactive\"");
    let update = ConsentWrite::Update {
        id: "maria-yes",
        json: &withdrawn,
        if_version: Some(consent.version),
    };
    let desk = Author::App("consent-desk".to_owned());
    hospital
        .store
        .write_consents(&[update], (&desk, Origin::Api), hospital.now())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_withdrawal_refuses_the_next_call_on_every_open_connection() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let body = says("How is Maria?").to_string();
    let mut wires = Vec::new();
    for _ in 0..5 {
        let mut wire = hospital.wire().await;
        let (status, body) = call(&mut wire, &key, &body).await;
        assert_eq!(status, 200, "{body}");
        wires.push(wire);
    }
    let before = hospital.model.received().len();
    withdraw(&hospital).await;
    let stream = says_streaming("How is Maria?").to_string();
    for (number, wire) in wires.iter_mut().enumerate() {
        let body = if number == 0 { &stream } else { &body };
        let (status, body) = call(wire, &key, body).await;
        assert_eq!(status, 403, "{body}");
        assert!(body.contains("consent."), "{body}");
    }
    assert_eq!(hospital.model.received().len(), before);
}

#[tokio::test]
async fn a_stream_whose_request_was_still_under_way_is_refused() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let body = says_streaming("How is Maria?").to_string();
    let (first, rest) = body.split_at(body.len() / 2);
    let mut wire = hospital.wire().await;
    wire.say(format!(
        "{}content-length: {}\r\n\r\n{first}",
        head(&key),
        body.len()
    ))
    .await;
    withdraw(&hospital).await;
    wire.say(rest).await;
    let (status, body) = wire.hear_answer().await;
    assert_eq!(status, 403, "{body}");
    assert!(hospital.model.received().is_empty());
}

#[tokio::test]
async fn decisions_need_no_database_as_long_as_the_records_are_fresh() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let body = says("How is Maria?");
    assert_eq!(hospital.chat(&key, &body).await.status, 200);
    // From here on every statement fails, and the file is not where it was.
    hospital.store.close().await;
    for file in ["records.db", "records.db-wal", "records.db-shm"] {
        let path = hospital.dir.path().join(file);
        if path.exists() {
            std::fs::rename(&path, path.with_extension("gone")).unwrap();
        }
    }
    assert!(hospital.store.refresh(hospital.now()).await.is_err());
    for _ in 0..1_000 {
        assert_eq!(hospital.chat(&key, &body).await.status, 200);
    }
    let otto = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/otto"),
    ];
    assert_eq!(hospital.call(&key, &otto, &body).await.status, 403);
    hospital.advance_unattended(SignedDuration::from_secs(11));
    let stale = hospital.chat(&key, &body).await;
    assert!(!stale.status.is_success(), "{}", stale.text());
}
