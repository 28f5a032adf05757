//! The systems behind the gate: which is asked, how often, and what of its answer passes.

use std::io::{Read, Write};

use bytes::Bytes;
use serde_json::json;
use wardgate_records::events::EventKind;

use crate::fake_model::{Behaviour, End, chunk, completion};
use crate::hospital::{Answer, Hospital, says, says_streaming};

const NOTE: &str = "It is Maria Schmidt-Rojas.";

fn raw(status: u16, body: impl Into<Bytes>, headers: &[(&'static str, &str)]) -> Behaviour {
    Behaviour::Raw {
        status,
        content_type: "application/json",
        body: body.into(),
        headers: headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn ask(hospital: &Hospital, key: &str, text: &str) -> Answer {
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
        ("wardgate-conversation", "c"),
    ];
    hospital.call(key, &headers, &says(text)).await
}

/// A hospital, a key, and what the model sees of the note.
async fn acquainted() -> (Hospital, String, String) {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    assert_eq!(ask(&hospital, &key, NOTE).await.content(), NOTE);
    let seen: serde_json::Value = serde_json::from_str(&hospital.model.last_body()).unwrap();
    let masked = seen["messages"][0]["content"].as_str().unwrap().to_owned();
    (hospital, key, masked)
}

/// The records with another endpoint before the usual one.
fn with_first(hospital: &Hospital, url: &str) -> String {
    let first = format!(
        "  - {{name: first, url: \"{url}\", model: other-3, token: another-token}}\n  - {{name: main"
    );
    hospital.records().replacen("  - {name: main", &first, 1)
}

#[tokio::test]
async fn errors_about_the_callers_request_pass_with_its_own_values() {
    let (hospital, key, masked) = acquainted().await;
    for status in [400, 404, 413, 422] {
        let body = json!({"error": {"message": format!("too long: {masked}"), "type": "invalid_request_error", "param": "messages", "code": null}});
        hospital.model.next(raw(status, body.to_string(), &[]));
        let answer = ask(&hospital, &key, NOTE).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.text(), body.to_string().replace(&masked, NOTE));
        assert!(answer.headers.contains_key("wardgate-record"));
    }
    for status in [401, 403, 418, 500, 302] {
        hospital.model.next(raw(
            status,
            "{\"error\":\"not-a-real-token is wrong\"}",
            &[("location", "http://example.org")],
        ));
        let answer = ask(&hospital, &key, NOTE).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (502, "upstream.error"),
            "{status}"
        );
        assert!(
            !answer.text().contains("not-a-real-token") && !answer.headers.contains_key("location")
        );
    }
}

#[tokio::test]
async fn headers_of_a_system_stay_behind() {
    let (hospital, key, _) = acquainted().await;
    let headers = [
        ("set-cookie", "a=b"),
        ("x-internal", "rack 7"),
        ("openai-organization", "org"),
        ("x-request-id", "theirs"),
    ];
    hospital
        .model
        .next(raw(200, completion("ok").to_string(), &headers));
    let answer = ask(&hospital, &key, NOTE).await;
    assert_eq!(answer.content(), "ok");
    for (name, _) in &headers[..3] {
        assert!(!answer.headers.contains_key(*name), "{name}");
    }
    assert_ne!(answer.headers["x-request-id"], "theirs");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn packed_answers_are_unpacked_and_long_ones_packed_for_who_takes_it() {
    let (hospital, key, masked) = acquainted().await;
    let answer = completion(&masked).to_string();
    hospital.model.next(raw(
        200,
        gzip(answer.as_bytes()),
        &[("content-encoding", "gzip")],
    ));
    assert_eq!(ask(&hospital, &key, NOTE).await.content(), NOTE);
    for (body, encoding, code) in [
        (gzip(&vec![b' '; 8 << 20]), "gzip", "answer.too_large"),
        (b"no gzip".to_vec(), "gzip", "answer.broken_off"),
        (answer.into_bytes(), "br", "answer.invalid"),
    ] {
        hospital
            .model
            .next(raw(200, body, &[("content-encoding", encoding)]));
        assert_eq!(ask(&hospital, &key, NOTE).await.code(), code);
    }
    let long = NOTE.repeat(2_000);
    let maria = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    let plain = hospital.call(&key, &maria, &says(&long)).await;
    assert_eq!(plain.content(), long);
    let packing = [maria[0], maria[1], ("accept-encoding", "br, gzip")];
    let packed = hospital.call(&key, &packing, &says(&long)).await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain.text());
}

#[tokio::test]
async fn another_endpoint_is_asked_when_the_first_can_not_be_reached() {
    let (hospital, key, _) = acquainted().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    hospital
        .apply(&with_first(&hospital, &format!("http://{closed}/v1")))
        .await;
    assert_eq!(ask(&hospital, &key, NOTE).await.content(), NOTE);
    let outcome = hospital.events().pop().unwrap();
    assert_eq!(
        (outcome.kind, outcome.number("attempts")),
        (EventKind::CallOutcome, Some(2))
    );
    assert_eq!(outcome.text("endpoint"), Some("main"), "who answered");
    let received = hospital.model.received();
    assert_eq!(received.len(), 2);
    assert_eq!(
        received[1].authorization.as_deref(),
        Some("Bearer not-a-real-token"),
        "its own token"
    );
    assert!(received[1].body.contains("acme-chat-9"), "its own name");
}

#[tokio::test]
async fn another_endpoint_is_asked_when_the_first_has_no_capacity() {
    let (hospital, key, _) = acquainted().await;
    hospital
        .apply(&with_first(&hospital, &hospital.model.url))
        .await;
    for status in [429, 502, 503, 504] {
        let before = hospital.model.received().len();
        hospital.model.next(raw(status, "{}", &[]));
        assert_eq!(ask(&hospital, &key, NOTE).await.content(), NOTE, "{status}");
        let received = hospital.model.received();
        let tokens: Vec<_> = received[before..]
            .iter()
            .map(|request| request.authorization.clone().unwrap())
            .collect();
        assert_eq!(
            tokens,
            ["Bearer another-token", "Bearer not-a-real-token"],
            "{status}"
        );
        assert!(received[before].body.contains("other-3"));
    }
}

#[tokio::test]
async fn what_may_have_been_acted_on_is_not_asked_again() {
    let (hospital, key, _) = acquainted().await;
    hospital
        .apply(&with_first(&hospital, &hospital.model.url))
        .await;
    let half = Behaviour::RawStream {
        pieces: vec![chunk(&json!({"content": "x"}), None)],
        end: End::Cut,
    };
    for (behaviour, streams) in [
        (Behaviour::HangUp, false),
        (
            Behaviour::CutShort {
                body: Bytes::from_static(b"{"),
            },
            false,
        ),
        (raw(500, "{}", &[]), false),
        (half, true),
    ] {
        let before = hospital.model.received().len();
        hospital.model.next(behaviour);
        let body = if streams {
            says_streaming(NOTE)
        } else {
            says(NOTE)
        };
        let answer = hospital.chat(&key, &body).await;
        assert!(answer.text().contains("\"record\":"), "{}", answer.text());
        assert_eq!(hospital.model.received().len(), before + 1);
    }
}
