//! What comes back: restored answers, whole and streamed.

use crate::fake_model::{Behaviour, chunk, chunks};
use crate::hospital::{Hospital, says, says_streaming};
use http::StatusCode;

const NOTE: &str = "Maria Elena Schmidt-Rojas (MRN-4471882, born 9 April 1961) called from 617-555-0142. \
    SCHMIDT-ROJAS, MARIA lives at 18 Alder Court, Brookfield. Metformin 500 mg twice daily, HbA1c 7.2 %.";

#[tokio::test]
async fn an_answer_comes_back_as_it_was_sent_and_the_model_saw_nobody() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let answer = hospital.chat(&key, &says(NOTE)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.content(), NOTE);
    let seen = hospital.model.last_body();
    for identifier in [
        "Maria",
        "MARIA",
        "Schmidt",
        "SCHMIDT",
        "Rojas",
        "4471882",
        "1961",
        "555-0142",
        "Alder",
        "Brookfield",
    ] {
        assert!(!seen.contains(identifier), "{identifier} in {seen}");
    }
    assert!(
        seen.contains("Metformin 500 mg twice daily, HbA1c 7.2 %"),
        "{seen}"
    );
    assert!(
        seen.contains("acme-chat-9"),
        "the system's own model name: {seen}"
    );
    let received = hospital.model.received();
    assert_eq!(received[0].path, "/v1/chat/completions");
    assert_eq!(
        received[0].authorization.as_deref(),
        Some("Bearer not-a-real-token")
    );
}

#[tokio::test]
async fn a_stream_comes_back_event_by_event() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    for piece_chars in [1, 2, 3, 5, 8, 13, 400] {
        hospital
            .model
            .behaves(Behaviour::EchoStream { piece_chars });
        let answer = hospital.chat(&key, &says_streaming(NOTE)).await;
        assert_eq!(answer.streamed_content(), NOTE, "pieces of {piece_chars}");
        let masked: serde_json::Value = serde_json::from_str(&hospital.model.last_body()).unwrap();
        let sent = chunks(
            masked["messages"][0]["content"].as_str().unwrap(),
            piece_chars,
        )
        .len();
        assert_eq!(
            answer.events().len(),
            sent,
            "one event out per event in, pieces of {piece_chars}"
        );
        assert_eq!(answer.events().last().unwrap(), "[DONE]");
    }
}

#[tokio::test]
async fn a_stream_that_ends_inside_a_placeholder_loses_nothing() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    hospital.model.behaves(Behaviour::RawStream {
        pieces: vec![
            chunk(
                &serde_json::json!({"role": "assistant", "content": "see [NAME_"}),
                None,
            ),
            chunk(&serde_json::json!({}), Some("length")),
            bytes::Bytes::from_static(b"data: [DONE]\n\n"),
        ],
        clean_end: true,
    });
    let answer = hospital.chat(&key, &says_streaming(NOTE)).await;
    assert_eq!(answer.streamed_content(), "see [NAME_");
    assert_eq!(answer.events().len(), 3);
}
