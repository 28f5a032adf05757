//! Faults around a gate that serves: its database, its clock, its policies, its streams.

use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::json;
use wardgate_ledger::verify;
use wardgate_records::events::{EventKind, StoredEvent};
use wardgate_records::{Documents, Mode};

use crate::fake_model::{Behaviour, End, chunk};
use crate::hospital::{Answer, Hospital, Wire, head, says, says_streaming};

const NOTE: &str = "Maria Schmidt-Rojas, MRN-4471882";

async fn hospital_and_key() -> (Hospital, String) {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    (hospital, key)
}

/// Sends a streamed call on a connection of its own.
async fn ask_for_a_stream(hospital: &Hospital, key: &str) -> Wire {
    let mut wire = hospital.wire().await;
    let body = says_streaming(NOTE).to_string();
    wire.say(format!(
        "{}content-length: {}\r\n\r\n{body}",
        head(key),
        body.len()
    ))
    .await;
    wire
}

async fn outcome(hospital: &Hospital) -> StoredEvent {
    hospital
        .event(|event| event.kind == EventKind::CallOutcome)
        .await
}

#[tokio::test]
async fn without_its_database_the_gate_decides_until_the_facts_are_too_old() {
    let (hospital, key) = hospital_and_key().await;
    hospital.store.close().await;
    for (seconds, code) in [(1, ""), (8, ""), (2, "fact.stale"), (3600, "fact.stale")] {
        hospital.advance_unattended(SignedDuration::from_secs(seconds));
        hospital.store.refresh(hospital.now()).await.unwrap_err();
        let answer = hospital.chat(&key, &says(NOTE)).await;
        if code.is_empty() {
            assert_eq!(answer.status, 200, "{}", answer.text());
        } else {
            assert_eq!(answer.code(), code);
        }
    }
    assert_eq!(hospital.model.received().len(), 2);
}

#[tokio::test]
async fn a_clock_that_jumps_changes_what_facts_say() {
    let (hospital, key) = hospital_and_key().await;
    let mut told = Vec::new();
    for hours in [0, 1, -2, 1, TEN_YEARS, -TEN_YEARS] {
        hospital.advance(SignedDuration::from_hours(hours)).await;
        let answer = hospital.chat(&key, &says(NOTE)).await;
        told.push(said(&answer));
    }
    let fine = "answered";
    assert_eq!(told, [fine, fine, fine, fine, "identity.key_expired", fine]);
}

#[tokio::test]
async fn a_clock_that_jumps_under_load_moves_no_entry_and_loses_no_outcome() {
    let (hospital, key) = hospital_and_key().await;
    let calls = || async {
        let mut told = Vec::new();
        for _ in 0..30 {
            told.push(said(&hospital.chat(&key, &says(NOTE)).await));
        }
        told
    };
    let jumps = async {
        for hours in [1, -2, 1, TEN_YEARS, -TEN_YEARS, 1, -1, 0] {
            // Something is written between two jumps, however slow the machine is.
            let written = hospital.events().len();
            for _ in 0..WAITS_MAX {
                if hospital.events().len() > written + 2 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            hospital.advance(SignedDuration::from_hours(hours)).await;
        }
    };
    let (first, second, third, ()) = tokio::join!(calls(), calls(), calls(), jumps);
    for told in first.iter().chain(&second).chain(&third) {
        let known = ["answered", "identity.key_expired", "fact.stale"];
        assert!(known.contains(&told.as_str()), "{told}");
    }
    assert_eq!(said(&hospital.chat(&key, &says(NOTE)).await), "answered");
    let events = hospital.events();
    assert!(
        events.windows(2).any(|pair| pair[1].at < pair[0].at),
        "the clock did go back while entries were written"
    );
    // The place in the log is the order: whatever the times say, an outcome follows its intent.
    let place = |wanted: &dyn Fn(&StoredEvent) -> bool| events.iter().position(wanted);
    let mut intents = 0;
    for (at, event) in events.iter().enumerate() {
        if event.kind != EventKind::CallIntent {
            continue;
        }
        intents += 1;
        let outcome = place(&|other| {
            other.kind == EventKind::CallOutcome && other.record_id("call") == Some(event.id)
        });
        assert!(outcome.is_some_and(|outcome| outcome > at), "{}", event.id);
    }
    assert!(intents > 0);
    hospital.ledger.clone().close().unwrap();
    let verified = verify(&hospital.dir.path().join("ledger"), &hospital.vkey).unwrap();
    assert_eq!(verified.size, events.len() as u64);
}

#[tokio::test]
async fn a_call_ends_under_the_policies_that_it_began_with() {
    let (hospital, key) = hospital_and_key().await;
    let before = hospital.store.snapshot().policies().hash();
    let tell = std::sync::Arc::new(tokio::sync::Notify::new());
    let mut rest = chunk(&json!({"content": "two"}), Some("stop")).to_vec();
    rest.extend_from_slice(b"data: [DONE]\n\n");
    hospital.model.next(Behaviour::Told {
        first: chunk(&json!({"content": "one "}), None),
        rest: Bytes::from(rest),
        tell: tell.clone(),
    });
    let mut wire = ask_for_a_stream(&hospital, &key).await;
    wire.hear("one ").await;
    hospital.apply(NOTHING_GOES).await;
    assert_ne!(hospital.store.snapshot().policies().hash(), before);
    tell.notify_one();
    let heard = wire.hear("[DONE]").await;
    assert!(heard.contains("two"), "{heard}");
    assert_eq!(outcome(&hospital).await.text("status"), Some("answered"));
    let intent = hospital
        .event(|event| event.kind == EventKind::CallIntent)
        .await;
    assert_eq!(intent.digest("policy_hash"), Some(before));
    let next = hospital.chat(&key, &says(NOTE)).await;
    assert_eq!(next.code(), "mine.nothing");
}

#[tokio::test]
async fn a_policy_that_is_none_leaves_the_policies_as_they_are() {
    let (hospital, key) = hospital_and_key().await;
    let before = hospital.store.snapshot().policies().hash();
    for broken in [
        "kind: Policy\nid: mine\ncedar: |\n  forbid (everything\n",
        "kind: Policy\nid: mine\ncedar: |\n  forbid (principal is Nobody, action, resource);\n",
    ] {
        let documents = Documents::of_text("mine.yaml".as_ref(), broken);
        let applied = hospital
            .store
            .apply(&documents, Mode::Commit, hospital.now());
        assert!(applied.await.is_err(), "{broken}");
        hospital.store.refresh(hospital.now()).await.unwrap();
        assert_eq!(hospital.store.snapshot().policies().hash(), before);
        assert_eq!(hospital.chat(&key, &says(NOTE)).await.status, 200);
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_recorded_with_the_bytes_that_were_passed_on() {
    let pieces = [
        chunk(&json!({"role": "assistant", "content": ""}), None),
        chunk(&json!({"content": "It is "}), None),
        Bytes::from_static(b"data: {\"choices\":[{\"index\":0,\"del"),
    ];
    // However far the system came before its connection broke.
    for count in 1..=pieces.len() {
        let (hospital, key) = hospital_and_key().await;
        let came: Vec<Bytes> = pieces[..count].to_vec();
        // The half event at the end is not passed on.
        let whole = came.iter().filter(|piece| piece.ends_with(b"\n\n"));
        let bytes: usize = whole.map(Bytes::len).sum();
        hospital.model.next(Behaviour::RawStream {
            pieces: came,
            end: End::Cut,
        });
        let answer = hospital.chat(&key, &says_streaming(NOTE)).await;
        assert!(!answer.text().contains("[DONE]"), "{}", answer.text());
        let outcome = outcome(&hospital).await;
        assert_eq!(outcome.text("status"), Some("upstream_failed"));
        assert_eq!(outcome.number("answer_bytes"), Some(bytes as u64));
    }
}

#[tokio::test]
async fn a_caller_who_leaves_a_stream_is_recorded_with_the_bytes_that_were_passed_on() {
    let (hospital, key) = hospital_and_key().await;
    let first = chunk(&json!({"content": "It is "}), None);
    hospital.model.next(Behaviour::RawStream {
        pieces: vec![first.clone()],
        end: End::Open,
    });
    let mut wire = ask_for_a_stream(&hospital, &key).await;
    wire.hear("It is").await;
    drop(wire);
    let outcome = outcome(&hospital).await;
    assert_eq!(outcome.text("status"), Some("aborted"));
    assert_eq!(outcome.number("answer_bytes"), Some(first.len() as u64));
}

/// `answered`, or the code of the refusal.
fn said(answer: &Answer) -> String {
    if answer.status == 200 {
        "answered".to_owned()
    } else {
        answer.code()
    }
}

/// Ends the wait when every call has been answered.
const WAITS_MAX: u32 = 500;
const TEN_YEARS: i64 = 10 * 365 * 24;
const NOTHING_GOES: &str = concat!(
    "kind: Policy\nid: mine\ncedar: |\n",
    "  @id(\"mine.nothing\")\n  @code(\"mine.nothing\")\n  @message(\"nothing goes\")\n",
    "  @hint(\"wait\")\n  @fact(\"system.state\")\n",
    "  forbid (principal, action == Wardgate::Action::\"call\", resource);\n",
);
