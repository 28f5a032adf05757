//! What arrives on the wire, well-formed or not.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::fake_model::{Behaviour, chunk};
use crate::hospital::{Hospital, head, says, says_streaming};

const MARIA: [(&str, &str); 2] = [
    ("wardgate-purpose", "TREAT"),
    ("wardgate-patient", "Patient/maria"),
];

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    Bytes::from(encoder.finish().unwrap())
}

/// Bodies that can not be read, and as what they are refused.
fn faulty_bodies() -> Vec<(Bytes, &'static str)> {
    let body = |text: &str| {
        Bytes::from(format!(
            "{{\"model\":\"note-helper-1\",\"messages\":[{{\"role\":\"user\",\"content\":{text}}}]}}"
        ))
    };
    vec![
        (Bytes::new(), "request.invalid_json"),
        (Bytes::from_static(b"null"), "request.invalid"),
        (Bytes::from_static(b"[]"), "request.invalid"),
        (Bytes::from_static(b"\"Maria\""), "request.invalid"),
        (body("\"x\"").slice(..40), "request.invalid_json"),
        (body("\"x\",\"content\":\"Maria\""), "request.invalid_json"),
        (
            body("\"x\",\"c\\u006fntent\":\"Maria\""),
            "request.invalid_json",
        ),
        (
            body(&("[".repeat(70) + &"]".repeat(70))),
            "request.invalid_json",
        ),
        (body(&"[".repeat(500_000)), "request.invalid_json"),
        (body("\"\\ud83d\""), "request.invalid_json"),
        (body("\"\\x\""), "request.invalid_json"),
        (body("\"a\u{1}b\""), "request.invalid_json"),
        (body("01"), "request.invalid_json"),
        (body("NaN"), "request.invalid_json"),
        (body("'x'"), "request.invalid_json"),
        (
            Bytes::from([body("\"x\"").as_ref(), b"{}"].concat()),
            "request.invalid_json",
        ),
        (
            Bytes::from([b"\xef\xbb\xbf", body("\"x\"").as_ref()].concat()),
            "request.invalid_json",
        ),
        (
            Bytes::from_static(
                b"{\"model\":\"note-helper-1\",\"messages\":[{\"content\":\"Maria \xff\"}]}",
            ),
            "request.invalid_json",
        ),
        (
            Bytes::from_static(b"{\"model\":\"\",\"messages\":[{\"content\":\"x\"}]}"),
            "request.invalid",
        ),
        (
            Bytes::from_static(
                b"{\"model\":[\"note-helper-1\"],\"messages\":[{\"content\":\"x\"}]}",
            ),
            "request.invalid",
        ),
    ]
}

#[tokio::test]
async fn a_faulty_body_is_refused_with_its_fault() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    for (body, code) in faulty_bodies() {
        let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
        let answer = hospital
            .post("/v1/chat/completions", &key, &MARIA, body)
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, code),
            "{shown}: {}",
            answer.text()
        );
        assert!(!answer.text().contains("Maria"), "{}", answer.text());
    }
    let faulty = hospital
        .post(
            "/v1/chat/completions",
            &key,
            &MARIA,
            Bytes::from_static(b"{\"model\" \"x\"}"),
        )
        .await;
    assert!(
        faulty.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("byte 9"),
        "{}",
        faulty.text()
    );
    assert!(hospital.model.received().is_empty());
}

#[tokio::test]
async fn a_small_body_must_not_become_a_huge_one() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 17);
    let headers = [MARIA[0], MARIA[1], ("content-encoding", "gzip")];
    let answer = hospital
        .post("/v1/chat/completions", &key, &headers, bomb)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (413, "request.too_large")
    );
    let whole = gzip(says("x").to_string().as_bytes());
    let cut = hospital
        .post(
            "/v1/chat/completions",
            &key,
            &headers,
            whole.slice(..whole.len() / 2),
        )
        .await;
    assert_eq!(
        (cut.status.as_u16(), cut.code().as_str()),
        (415, "request.content_encoding")
    );
}

#[tokio::test]
async fn the_head_alone_can_refuse() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let wrong = "wg_test_00000000000000000000000000000000000000000000_000000";
    for (head, more, status, code) in [
        (
            head(wrong),
            "content-length: 100\r\nexpect: 100-continue\r\n\r\n",
            " 401 ",
            "identity.key_invalid",
        ),
        (
            head(&key),
            "content-length: 2000000\r\n\r\n",
            " 413 ",
            "request.too_large",
        ),
        (
            head(&key),
            "content-length: 2000000\r\nexpect: 100-continue\r\n\r\n",
            " 413 ",
            "request.too_large",
        ),
        (
            head(&key),
            "wardgate-purpose: HOPERAT\r\ncontent-length: 100\r\n\r\n",
            " 400 ",
            "request.header_invalid",
        ),
        (
            head(&key),
            "wardgate-patient: Patient/otto\r\ncontent-length: 100\r\n\r\n",
            " 400 ",
            "request.header_invalid",
        ),
        (
            head(&key),
            "wardgate-conversation: \r\ncontent-length: 100\r\n\r\n",
            " 400 ",
            "request.header_invalid",
        ),
    ] {
        let mut wire = hospital.wire().await;
        wire.say(head + more).await;
        let heard = wire.hear("\"record\":").await;
        assert!(heard.contains(status) && heard.contains(code), "{heard}");
        assert!(!heard.contains("100 Continue"), "{heard}");
    }
    assert!(hospital.model.received().is_empty());
}

#[tokio::test]
async fn a_good_call_is_asked_for_its_body() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let body = says("It is Maria Schmidt-Rojas.").to_string();
    let mut wire = hospital.wire().await;
    wire.say(format!(
        "{}content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        head(&key),
        body.len()
    ))
    .await;
    wire.hear("HTTP/1.1 100 Continue\r\n\r\n").await;
    wire.say(&body).await;
    let heard = wire.hear("total_tokens").await;
    assert!(heard.contains("It is Maria Schmidt-Rojas."), "{heard}");
    // The same connection goes on.
    wire.say(format!(
        "{}content-length: {}\r\n\r\n{body}",
        head(&key),
        body.len()
    ))
    .await;
    while hospital.model.received().len() < 2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn older_clients_and_other_places_for_the_key_are_served() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let body = says("x").to_string();
    let old = head(&key).replacen("HTTP/1.1", "HTTP/1.0", 1);
    let mut wire = hospital.wire().await;
    wire.say(format!("{old}content-length: {}\r\n\r\n{body}", body.len()))
        .await;
    let heard = wire.hear_all().await;
    assert!(
        heard.starts_with("HTTP/1.0 200") && heard.contains("total_tokens"),
        "{heard}"
    );
    for (name, value) in [
        ("x-api-key", key.clone()),
        ("authorization", format!("bearer {key}")),
    ] {
        let headers = [
            (name, value.as_str()),
            ("content-type", "APPLICATION/JSON; charset=utf-8"),
            MARIA[0],
            MARIA[1],
        ];
        let answer = hospital
            .request(
                http::Method::POST,
                "/v1/chat/completions?beta=true",
                &headers,
                Bytes::from(body.clone()),
            )
            .await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
    let basic = [
        ("authorization", "Basic d2c6d2c="),
        ("content-type", "application/json"),
    ];
    let answer = hospital
        .request(
            http::Method::POST,
            "/v1/chat/completions",
            &basic,
            Bytes::from(body),
        )
        .await;
    assert_eq!(answer.code(), "identity.key_missing");
}

#[tokio::test]
async fn a_stopping_gate_ends_its_streams_and_takes_no_new_calls() {
    let mut hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let tell = Arc::new(Notify::new());
    hospital.model.next(Behaviour::Told {
        first: chunk(&json!({"content": "first"}), None),
        rest: Bytes::from(
            [
                chunk(&json!({"content": " rest"}), Some("stop")).as_ref(),
                b"data: [DONE]\n\n",
            ]
            .concat(),
        ),
        tell: tell.clone(),
    });
    let mut idle = hospital.wire().await;
    idle.say("GET /v1/models HTTP/1.1\r\nhost: gate\r\n\r\n")
        .await;
    idle.hear("identity.key_missing").await;
    let mut wire = hospital.wire().await;
    let body = says_streaming("x").to_string();
    wire.say(format!(
        "{}content-length: {}\r\n\r\n{body}",
        head(&key),
        body.len()
    ))
    .await;
    wire.hear("first").await;
    let stopping = hospital.stop();
    while TcpStream::connect(hospital.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    idle.hear_all().await;
    assert!(!stopping.is_finished(), "a stream is under way");
    tell.notify_one();
    let heard = wire.hear_all().await;
    assert!(
        heard.contains(" rest") && heard.contains("[DONE]"),
        "{heard}"
    );
    stopping.await.unwrap();
    let outcome = hospital.event(|event| event.text("status").is_some()).await;
    assert_eq!(outcome.text("status"), Some("answered"));
}
