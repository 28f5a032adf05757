//! A ledger or a system that fails: what the caller is told, and what is recorded.

use bytes::Bytes;
use jiff::SignedDuration;
use wardgate_gateway::refusal::CODES;
use wardgate_records::events::EventKind;

use crate::fake_model::{Behaviour, End};
use crate::hospital::{Hospital, says};
use crate::refusal_cases::{Leaves, NOTE};
use crate::refusals::check;

#[tokio::test]
async fn without_a_ledger_nothing_is_sent() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    assert_eq!(hospital.chat(&key, &says(NOTE)).await.status, 200);
    hospital.ledger.clone().close().unwrap();
    let answer = hospital.chat(&key, &says(NOTE)).await;
    check(
        &hospital,
        &answer,
        "ledger.unavailable",
        503,
        "ledger",
        Leaves::Nothing,
    );
    assert_eq!(
        hospital.model.received().len(),
        1,
        "nothing reached the model"
    );
}

#[tokio::test]
async fn without_a_place_for_payloads_nothing_is_sent() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    hospital.payloads.close();
    let answer = hospital.chat(&key, &says(NOTE)).await;
    check(
        &hospital,
        &answer,
        "ledger.unavailable",
        503,
        "ledger",
        Leaves::Entry,
    );
    assert!(hospital.model.received().is_empty());
}

#[tokio::test]
async fn a_ledger_that_fails_during_a_call_holds_its_answer_back() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let ledger = hospital.ledger.clone();
    hospital
        .model
        .on_request(move || drop(ledger.clone().close()));
    let answer = hospital.chat(&key, &says(NOTE)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (503, "ledger.unavailable")
    );
    assert!(!answer.text().contains("Maria"));
    assert_eq!(hospital.model.received().len(), 1);
}

#[tokio::test]
async fn what_a_system_does_wrong_is_told_in_the_protocols_shape() {
    let raw = |status: u16, body: &'static str| Behaviour::Raw {
        status,
        content_type: "application/json",
        body: Bytes::from_static(body.as_bytes()),
        headers: vec![("retry-after", "7".to_owned())],
    };
    let cases = [
        (Behaviour::HangUp, "upstream.unreachable", 502),
        (Behaviour::Silence, "upstream.timeout", 504),
        (raw(500, "{\"error\":\"Maria\"}"), "upstream.error", 502),
        (raw(401, "not-a-real-token"), "upstream.error", 502),
        (raw(503, "{}"), "upstream.error", 502),
        (raw(429, "{}"), "upstream.busy", 429),
        (raw(200, "<html>Maria</html>"), "answer.invalid", 502),
        (raw(200, ""), "answer.invalid", 502),
        (raw(200, LONG_ANSWER), "answer.too_large", 502),
        (
            Behaviour::CutShort {
                body: Bytes::from_static(b"{\"id\":"),
            },
            "answer.broken_off",
            502,
        ),
        (
            Behaviour::RawStream {
                pieces: Vec::new(),
                end: End::Open,
            },
            "upstream.timeout",
            504,
        ),
    ];
    for (behaviour, code, status) in cases {
        let hospital = Hospital::with(|options| {
            options.upstream.first_byte_timeout_ms = 150;
            options.upstream.idle_timeout_ms = 150;
            options.answer_bytes_max = 100;
        })
        .await;
        let key = hospital.key("ward-notes", Some("dr.osei")).await;
        let streams = matches!(behaviour, Behaviour::RawStream { .. });
        hospital.model.behaves(behaviour);
        let mut answer = hospital.chat(&key, &says(NOTE)).await;
        if streams {
            // The head of a stream is sent already: the error is an event, in the same shape.
            answer.body = Bytes::from(answer.events()[0].clone());
            answer.status = http::StatusCode::GATEWAY_TIMEOUT;
            answer
                .headers
                .insert("content-type", "application/json".parse().unwrap());
        }
        check(
            &hospital,
            &answer,
            code,
            status,
            gate_of(code),
            Leaves::Outcome,
        );
        let outcome = hospital
            .event(|event| event.kind == EventKind::CallOutcome)
            .await;
        assert_eq!(outcome.text("status"), Some("upstream_failed"), "{code}");
        if code == "upstream.busy" {
            assert_eq!(answer.headers["retry-after"], "7");
        }
    }
}

fn gate_of(code: &str) -> &'static str {
    CODES
        .iter()
        .find(|known| known.text == code)
        .unwrap()
        .gate
        .name()
}

#[tokio::test]
async fn a_system_that_keeps_failing_is_left_alone() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    hospital.model.behaves(Behaviour::HangUp);
    for _ in 0..5 {
        assert_eq!(
            hospital.chat(&key, &says(NOTE)).await.code(),
            "upstream.unreachable"
        );
    }
    let tried = hospital.model.received().len();
    let answer = hospital.chat(&key, &says(NOTE)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (503, "upstream.circuit_open")
    );
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(hospital.model.received().len(), tried, "left alone");
    hospital.model.behaves(Behaviour::Echo);
    hospital.advance(SignedDuration::from_secs(2)).await;
    assert_eq!(
        hospital.chat(&key, &says(NOTE)).await.status,
        200,
        "tried again after a while"
    );
}

const LONG_ANSWER: &str = "{\"x\":\"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\"}";
