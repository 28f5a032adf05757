//! What comes back: restored answers, whole and streamed.

use crate::fake_model::{Behaviour, End, chunk, chunks};
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
        end: End::Clean,
    });
    let answer = hospital.chat(&key, &says_streaming(NOTE)).await;
    assert_eq!(answer.streamed_content(), "see [NAME_");
    assert_eq!(answer.events().len(), 3);
}

#[tokio::test]
async fn tool_arguments_of_a_whole_answer_stay_json() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let maria = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
        ("wardgate-conversation", "c"),
    ];
    let text = "Maria\nSchmidt-Rojas";
    hospital.call(&key, &maria, &says(text)).await;
    let seen: serde_json::Value = serde_json::from_str(&hospital.model.last_body()).unwrap();
    let masked = &seen["messages"][0]["content"];
    let arguments = serde_json::json!({"who": masked, "again": [masked]}).to_string();
    let body = serde_json::json!({"choices": [{"message": {"content": null, "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}}]});
    hospital.model.next(Behaviour::Raw {
        status: 200,
        content_type: "application/json",
        body: bytes::Bytes::from(body.to_string()),
        headers: Vec::new(),
    });
    let answer = hospital.call(&key, &maria, &says(text)).await.json();
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    let arguments: serde_json::Value =
        serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, serde_json::json!({"who": text, "again": [text]}));
}

/// Numbers as good as random and always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn note(&mut self) -> String {
        let length = 1 + self.below(24);
        (0..length)
            .map(|_| WORDS[self.below(WORDS.len())].to_owned() + GAPS[self.below(GAPS.len())])
            .collect()
    }
}

#[tokio::test]
async fn random_notes_come_back_byte_for_byte() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..150 {
        let note = dice.note();
        hospital.model.behaves(Behaviour::Echo);
        let answer = hospital.chat(&key, &says(&note)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.content(), note, "round {round}");
        let seen = hospital.model.last_body();
        for identifier in ["Schmidt-Rojas", "4471882", "maria.rojas", "555-0142"] {
            // Glued to another letter or digit, it is another word or number.
            let alone = seen.match_indices(identifier).any(|(at, _)| {
                let around = [
                    seen[..at].chars().next_back(),
                    seen[at + identifier.len()..].chars().next(),
                ];
                !around.into_iter().flatten().any(char::is_alphanumeric)
            });
            assert!(!alone, "{identifier} in {seen}");
        }
        let piece_chars = 1 + dice.below(12);
        hospital
            .model
            .behaves(Behaviour::EchoStream { piece_chars });
        let answer = hospital.chat(&key, &says_streaming(&note)).await;
        assert_eq!(
            answer.streamed_content(),
            note,
            "round {round}, pieces of {piece_chars}"
        );
    }
}

/// What notes are made of, so that identifiers touch and overlap.
const WORDS: [&str; 30] = [
    "Maria",
    "Elena",
    "Schmidt-Rojas",
    "MARIA SCHMIDT-ROJAS",
    "Schmidt-Rojas, Maria",
    "MRN-4471882",
    "mrn: 4471882",
    "1961-04-09",
    "9 April 1961",
    "2026-11-20",
    "11/20/2026",
    "617-555-0142",
    "(617) 555-0142",
    "maria.rojas@example.org",
    "https://portal.example.org/maria.rojas@example.org",
    "18 Alder Court",
    "Brookfield",
    "02139",
    "Dr. Lind",
    "Tomas Rojas",
    "Metformin 500 mg",
    "HbA1c 7.2 %",
    "[NAME_",
    "[NAME_X]",
    "**",
    "\"quoted\"",
    "\\",
    "\u{1f600}",
    "gr\u{fc}\u{df}e",
    "{\"a\": 1}",
];
const GAPS: [&str; 8] = [" ", " ", "", ", ", "\n", "\r\n", "\t", "; "];
