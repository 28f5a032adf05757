//! Streams as systems really send them, and as they break.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};
use wardgate_records::events::{EventKind, StoredEvent};

use crate::fake_model::{Behaviour, End, chunk, chunks};
use crate::hospital::{Answer, Hospital, head, says, says_streaming};

const NOTE: &str = "Maria Schmidt-Rojas, MRN-4471882";
const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// A hospital, a key, and what the model sees of the note in one conversation.
async fn acquainted() -> (Hospital, String, String) {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let masked = masked(&hospital, &key, NOTE).await;
    (hospital, key, masked)
}

async fn masked(hospital: &Hospital, key: &str, text: &str) -> String {
    hospital.model.next(Behaviour::Echo);
    let answer = stream_of(hospital, key, &says(text)).await;
    assert_eq!(answer.content(), text);
    let seen: Value = serde_json::from_str(&hospital.model.last_body()).unwrap();
    seen["messages"][0]["content"].as_str().unwrap().to_owned()
}

async fn stream_of(hospital: &Hospital, key: &str, body: &Value) -> Answer {
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
        ("wardgate-conversation", "c"),
    ];
    hospital.call(key, &headers, body).await
}

/// What a caller gets of these bytes of a system.
async fn through(hospital: &Hospital, key: &str, pieces: Vec<Bytes>, end: End) -> Answer {
    hospital.model.next(Behaviour::RawStream { pieces, end });
    stream_of(hospital, key, &says_streaming(NOTE)).await
}

fn outcomes(hospital: &Hospital) -> Vec<StoredEvent> {
    let events = hospital.events().into_iter();
    events
        .filter(|event| event.kind == EventKind::CallOutcome)
        .collect()
}

fn last_status(hospital: &Hospital) -> String {
    outcomes(hospital)
        .last()
        .unwrap()
        .text("status")
        .unwrap()
        .to_owned()
}

fn error(answer: &Answer) -> Value {
    let last = answer.events().last().unwrap().clone();
    let error: Value = serde_json::from_str(&last).unwrap();
    assert!(error["error"]["record"].is_string(), "{last}");
    error["error"].clone()
}

/// A call's arguments, put together again.
fn arguments(answer: &Answer, choice: u64, index: u64) -> String {
    let mut all = String::new();
    for event in answer.events() {
        let Ok(event) = serde_json::from_str::<Value>(&event) else {
            continue;
        };
        for part in event["choices"].as_array().into_iter().flatten() {
            let calls = part["delta"]["tool_calls"].as_array().into_iter().flatten();
            for call in calls.filter(|call| part["index"] == choice && call["index"] == index) {
                all += call["function"]["arguments"].as_str().unwrap_or_default();
            }
        }
    }
    all
}

fn calls(choice: u64, index: u64, arguments: &str) -> Bytes {
    let delta = json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]});
    let body = json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": choice, "delta": delta, "finish_reason": null}]});
    Bytes::from(format!("data: {body}\n\n"))
}

fn finishes(choice: u64) -> Bytes {
    let body = json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": choice, "delta": {}, "finish_reason": "tool_calls"}]});
    Bytes::from(format!("data: {body}\n\n"))
}

#[tokio::test]
async fn tool_arguments_are_restored_for_every_split() {
    let (hospital, key, masked) = acquainted().await;
    let sent =
        json!({"who": format!("\"{masked}\" \\ ü"), "limit": 5, "all": [masked]}).to_string();
    let wanted = sent.replace(&masked, NOTE);
    for cut in (0..=sent.len()).filter(|cut| sent.is_char_boundary(*cut)) {
        let (head, tail) = sent.split_at(cut);
        let events = vec![calls(0, 0, head), calls(0, 0, tail), finishes(0), DONE];
        let answer = through(&hospital, &key, events, End::Clean).await;
        assert_eq!(arguments(&answer, 0, 0), wanted, "cut at {cut}");
        assert_eq!(answer.events().len(), 4, "cut at {cut}");
    }
    let events = sent
        .chars()
        .map(|part| calls(0, 0, &part.to_string()))
        .chain([finishes(0), DONE]);
    let answer = through(&hospital, &key, events.collect(), End::Clean).await;
    assert_eq!(arguments(&answer, 0, 0), wanted);
}

#[tokio::test]
async fn a_value_with_a_line_break_stays_json_in_tool_arguments() {
    let (hospital, key, _) = acquainted().await;
    let text = "Maria\nSchmidt-Rojas";
    let masked = masked(&hospital, &key, text).await;
    assert!(
        !masked.contains('\n'),
        "one placeholder for the whole name: {masked}"
    );
    let sent = json!({"who": masked}).to_string();
    hospital.model.next(Behaviour::RawStream {
        pieces: vec![
            calls(0, 0, &sent[..12]),
            calls(0, 0, &sent[12..]),
            finishes(0),
            DONE,
        ],
        end: End::Clean,
    });
    let answer = stream_of(&hospital, &key, &says_streaming(text)).await;
    let got: Value = serde_json::from_str(&arguments(&answer, 0, 0)).unwrap();
    assert_eq!(got["who"], text);
}

#[tokio::test]
async fn parallel_calls_and_choices_do_not_mix() {
    let (hospital, key, masked) = acquainted().await;
    let lanes = [(0, 0), (0, 1), (1, 0), (1, 2)];
    let text = |lane: usize| format!("{{\"n\":{lane},\"who\":\"{masked}\"}}");
    let mut events = Vec::new();
    for place in 0..text(0).chars().count() {
        for (lane, (choice, index)) in lanes.into_iter().enumerate() {
            let part: String = text(lane).chars().skip(place).take(1).collect();
            events.push(calls(choice, index, &part));
        }
    }
    events.extend([finishes(1), finishes(0), DONE]);
    let sent = events.len();
    let answer = through(&hospital, &key, events, End::Clean).await;
    for (lane, (choice, index)) in lanes.into_iter().enumerate() {
        assert_eq!(
            arguments(&answer, choice, index),
            text(lane).replace(&masked, NOTE),
            "lane {lane}"
        );
    }
    assert_eq!(answer.events().len(), sent);
}

#[tokio::test]
async fn a_placeholder_is_known_again_however_the_model_writes_it() {
    let (hospital, key, masked) = acquainted().await;
    let name = masked.split(", ").next().unwrap();
    let inside = name.trim_matches(['[', ']']);
    for (written, wanted) in [
        (name.to_lowercase(), "Maria Schmidt-Rojas"),
        (format!("**{name}**"), "**Maria Schmidt-Rojas**"),
        (format!("`{name}`"), "`Maria Schmidt-Rojas`"),
        (format!("_{name}_,"), "_Maria Schmidt-Rojas_,"),
        (format!("({inside})"), "(Maria Schmidt-Rojas)"),
        (format!("{inside}'s"), "Maria Schmidt-Rojas's"),
        (inside.replacen('_', "\\_", 1), "Maria Schmidt-Rojas"),
        (format!("\\[{inside}\\]"), "Maria Schmidt-Rojas"),
    ] {
        for piece_chars in [1, 4, 99] {
            let answer = through(
                &hospital,
                &key,
                chunks(&format!("It is {written} here"), piece_chars),
                End::Clean,
            )
            .await;
            assert_eq!(
                answer.streamed_content(),
                format!("It is {wanted} here"),
                "{written} by {piece_chars}"
            );
        }
    }
}

#[tokio::test]
async fn bytes_that_are_not_events_of_the_protocol_stay_as_they_are() {
    let (hospital, key, masked) = acquainted().await;
    let content = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}")
    };
    let usage = "data: {\"choices\":[],\"usage\":{\"total_tokens\":1961,\"cost\":1.0e-7}}";
    for line in ["\n", "\r\n", "\r"] {
        let stream = [
            ": keep-alive",
            &content("It is "),
            "event: note\nid: 7\ndata: {\"x\":1.0}",
            &content(&masked),
            usage,
            "data:[DONE]",
        ];
        let sent: String = stream
            .iter()
            .map(|event| format!("{}{line}{line}", event.replace('\n', line)))
            .collect();
        // Every byte by itself, so that every event is cut at every place.
        let pieces = sent.bytes().map(|byte| Bytes::from(vec![byte])).collect();
        let answer = through(&hospital, &key, pieces, End::Clean).await;
        let plain = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(
            plain(&answer.text()),
            plain(&sent.replace(&masked, NOTE)),
            "line end {line:?}"
        );
    }
}

#[tokio::test]
async fn a_stream_without_done_is_whole_when_its_choice_finished() {
    let (hospital, key, masked) = acquainted().await;
    let events = [
        chunk(&json!({"content": masked}), None),
        chunk(&json!({}), Some("stop")),
    ];
    let answer = through(&hospital, &key, events.to_vec(), End::Clean).await;
    assert_eq!(answer.streamed_content(), NOTE);
    assert_eq!(last_status(&hospital), "answered");
    // The last event even without its empty line.
    let whole = [&events[0][..], &events[1][..]].concat();
    let cut = Bytes::copy_from_slice(&whole[..whole.len() - 2]);
    let answer = through(&hospital, &key, vec![cut], End::Clean).await;
    assert_eq!(answer.streamed_content(), NOTE);
    assert_eq!(last_status(&hospital), "answered");
    let answer = through(&hospital, &key, events[..1].to_vec(), End::Clean).await;
    assert_eq!(answer.streamed_content(), NOTE, "what came is delivered");
    assert_eq!(error(&answer)["code"], "answer.broken_off");
    assert_eq!(last_status(&hospital), "upstream_failed");
}

#[tokio::test]
async fn a_stream_that_fails_delivers_what_came_and_says_that_it_is_not_all() {
    let (hospital, key, masked) = acquainted().await;
    let first = chunk(
        &json!({"content": format!("It is {masked} and [NAME_")}),
        None,
    );
    let says = |text: &'static str| Bytes::from_static(text.as_bytes());
    let huge = Bytes::from(format!("data: {{\"x\":\"{}", "x".repeat(1 << 20)));
    let cases = [
        (None, End::Cut, "answer.broken_off"),
        (
            Some(says("data: {\"choices\":[{\"index\":0,\"del")),
            End::Cut,
            "answer.broken_off",
        ),
        (
            Some(says(
                "data: {\"error\":{\"message\":\"Maria Schmidt-Rojas\"}}\n\n",
            )),
            End::Open,
            "upstream.error",
        ),
        (
            Some(says("data: <html>Maria</html>\n\n")),
            End::Open,
            "answer.invalid",
        ),
        (
            Some(says("data: {\"choices\":[}\n\n")),
            End::Open,
            "answer.invalid",
        ),
        (
            Some(says("data: {\"choices\":1}{\"choices\":2}\n\n")),
            End::Open,
            "answer.invalid",
        ),
        (
            Some(Bytes::from_static(b"data: {\"a\":\"\xff\"}\n\n")),
            End::Open,
            "answer.invalid",
        ),
        (Some(huge), End::Open, "answer.too_large"),
    ];
    for (next, end, code) in cases {
        let pieces = [first.clone()].into_iter().chain(next).collect();
        let answer = through(&hospital, &key, pieces, end).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.streamed_content(),
            format!("It is {NOTE} and [NAME_"),
            "{code}"
        );
        assert_eq!(error(&answer)["code"], code);
        assert!(!answer.text().contains("[DONE]"), "{code}");
        let outcome = outcomes(&hospital).pop().unwrap();
        assert_eq!(outcome.text("status"), Some("upstream_failed"), "{code}");
        assert_eq!(
            error(&answer)["record"],
            outcome.text("call").unwrap(),
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_an_outcome() {
    let (hospital, key, masked) = acquainted().await;
    hospital.model.next(Behaviour::RawStream {
        pieces: vec![chunk(&json!({"content": masked}), None)],
        end: End::Open,
    });
    let mut wire = hospital.wire().await;
    let body = says_streaming(NOTE).to_string();
    wire.say(format!(
        "{}wardgate-conversation: c\r\ncontent-length: {}\r\n\r\n{body}",
        head(&key),
        body.len()
    ))
    .await;
    let heard = wire.hear("MRN-4471882").await;
    drop(wire);
    let aborted = hospital
        .event(|event| event.text("status") == Some("aborted"))
        .await;
    let call = aborted.text("call").unwrap().to_owned();
    assert!(heard.contains(&call), "the outcome of this call");
    let intents = hospital
        .events()
        .into_iter()
        .filter(|event| event.kind == EventKind::CallIntent);
    assert!(
        intents
            .map(|event| event.id.to_string())
            .any(|id| id == call)
    );
    // What was asked is kept, although nobody waited for the answer.
    while hospital.payloads.read(call.parse().unwrap()).is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whenever_a_caller_hangs_up_no_intent_stays_open() {
    let (hospital, key, _) = acquainted().await;
    let body = says(NOTE).to_string();
    let request = format!("{}content-length: {}\r\n\r\n{body}", head(&key), body.len());
    for patience in 0..60 {
        let mut wire = hospital.wire().await;
        wire.say(&request).await;
        for _ in 0..patience * 50 {
            tokio::task::yield_now().await;
        }
    }
    // Calls that come later find the hang-ups dealt with.
    for _ in 0..20 {
        stream_of(&hospital, &key, &says(NOTE)).await;
    }
    let events = hospital.events();
    let of = |kind| events.iter().filter(move |event| event.kind == kind);
    let mut intents: Vec<_> = of(EventKind::CallIntent).map(|event| event.id).collect();
    let mut outcomes: Vec<_> = of(EventKind::CallOutcome)
        .map(|event| event.record_id("call").unwrap())
        .collect();
    intents.sort_unstable();
    outcomes.sort_unstable();
    assert_eq!(intents, outcomes, "each intent has exactly one outcome");
    let aborted = events
        .iter()
        .filter(|event| event.text("status") == Some("aborted"))
        .count();
    assert!(aborted > 0, "some callers were gone in time");
}

#[tokio::test]
async fn the_ledger_is_ahead_of_the_model_and_of_the_caller() {
    let (hospital, key, _) = acquainted().await;
    let (ledger, intents) = (hospital.ledger.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = intents.clone();
    hospital.model.on_request(move || {
        let last = ledger.entries(..).last().unwrap().unwrap().1;
        seen.lock()
            .unwrap()
            .push(StoredEvent::parse(&last).unwrap());
    });
    for streams in [true, false] {
        hospital.model.next(if streams {
            Behaviour::EchoStream { piece_chars: 3 }
        } else {
            Behaviour::Echo
        });
        let mut wire = hospital.wire().await;
        let body = if streams {
            says_streaming(NOTE)
        } else {
            says(NOTE)
        }
        .to_string();
        wire.say(format!(
            "{}content-length: {}\r\n\r\n{body}",
            head(&key),
            body.len()
        ))
        .await;
        let heard = wire
            .hear(if streams { "[DONE]" } else { "total_tokens" })
            .await;
        let outcome = outcomes(&hospital).pop().unwrap();
        let call = outcome.text("call").unwrap();
        assert!(
            heard.contains(&format!("wardgate-record: {call}")),
            "its outcome is in the ledger already"
        );
        assert_eq!(outcome.text("status"), Some("answered"));
        assert!(outcome.number("restored").unwrap() >= 2);
        assert_eq!(outcome.number("stream_events").unwrap() > 0, streams);
        let intent = intents.lock().unwrap().pop().unwrap();
        assert_eq!(
            (intent.kind, intent.id.to_string().as_str()),
            (EventKind::CallIntent, call)
        );
    }
    assert_eq!(hospital.model.received().len(), 3);
}
