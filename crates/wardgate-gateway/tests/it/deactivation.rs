//! Somebody whom the directory deactivates makes no further call, however the orders race with
//! their streams.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, json};
use tokio::sync::Notify;
use wardgate_records::directory::{DirectoryRules, UserWrite};
use wardgate_records::events::EventKind;

use crate::fake_model::{Behaviour, chunk};
use crate::hospital::{Hospital, Wire, head, says_streaming};

const KAY: &str = "kay.invented";

fn write(active: bool) -> UserWrite<'static> {
    static NOTHING: std::sync::LazyLock<Map<String, serde_json::Value>> =
        std::sync::LazyLock::new(Map::new);
    UserWrite {
        user_name: "kay.invented@hospital.example",
        external_id: Some("00u-kay"),
        active,
        shown: None,
        attributes: &NOTHING,
        source: "directory",
    }
}

/// A hospital, and the key of somebody whom the directory provisioned.
async fn provisioned() -> (Hospital, String) {
    let hospital = Hospital::open().await;
    let rules = DirectoryRules::default();
    let made = hospital
        .store
        .create_directory_user(&write(true), &rules, hospital.now())
        .await
        .unwrap();
    assert_eq!(made.person, KAY);
    hospital
        .apply(
            "kind: Person\nid: kay.invented\nroles: [clinician]\nmfa: 2\n\
             trainings: [{course: phi-basics, expires: 2027-02-28}]\n",
        )
        .await;
    let key = hospital.key("ward-notes", Some(KAY)).await;
    (hospital, key)
}

/// What the directory orders, as the console carries it out.
async fn set_active(hospital: &Hospital, active: bool) {
    let rules = DirectoryRules::default();
    hospital
        .store
        .replace_directory_user(KAY, None, &write(active), &rules, hospital.now())
        .await
        .unwrap();
}

async fn say(wire: &mut Wire, key: &str, body: &str) {
    let length = body.len();
    wire.say(format!(
        "{}content-length: {length}\r\n\r\n{body}",
        head(key)
    ))
    .await;
}

fn asks() -> String {
    says_streaming("How is Maria?").to_string()
}

/// A stream of which something has come, and what tells the rest to come.
async fn running(hospital: &Hospital, key: &str) -> (Wire, Arc<Notify>) {
    let tell = Arc::new(Notify::new());
    let text = |text: &str| chunk(&json!({"content": text}), None);
    let end = [
        text("afterwards"),
        chunk(&json!({}), Some("stop")),
        Bytes::from_static(b"data: [DONE]\n\n"),
    ];
    hospital.model.next(Behaviour::Told {
        first: text("before. "),
        rest: Bytes::from(end.concat()),
        tell: tell.clone(),
    });
    let mut wire = hospital.wire().await;
    say(&mut wire, key, &asks()).await;
    wire.hear("200 OK").await;
    (wire, tell)
}

/// Asks on a connection of its own and is refused.
async fn is_refused(hospital: &Hospital, key: &str) {
    let mut wire = hospital.wire().await;
    say(&mut wire, key, &asks()).await;
    let (status, body) = wire.hear_answer().await;
    assert_eq!(status, 403, "{body}");
    assert!(body.contains("person.suspended"), "{body}");
}

/// The same, and the model hears of nothing.
async fn is_refused_unheard(hospital: &Hospital, key: &str) {
    let before = hospital.model.received().len();
    is_refused(hospital, key).await;
    assert_eq!(hospital.model.received().len(), before);
}

#[tokio::test]
async fn a_stream_that_runs_ends_as_it_would_and_the_next_call_is_refused_unheard() {
    let (hospital, key) = provisioned().await;
    let (mut wire, tell) = running(&hospital, &key).await;
    set_active(&hospital, false).await;
    is_refused_unheard(&hospital, &key).await;
    tell.notify_one();
    wire.hear("[DONE]").await;
    hospital
        .event(|event| {
            event.kind == EventKind::CallOutcome && event.text("status") == Some("answered")
        })
        .await;
    // Nor on the connection that brought the stream.
    is_refused_unheard(&hospital, &key).await;
}

#[tokio::test]
async fn a_stream_whose_request_was_still_under_way_is_refused_unheard() {
    let (hospital, key) = provisioned().await;
    let body = asks();
    let (first, rest) = body.split_at(body.len() / 2);
    let length = body.len();
    let mut wire = hospital.wire().await;
    wire.say(format!(
        "{}content-length: {length}\r\n\r\n{first}",
        head(&key)
    ))
    .await;
    set_active(&hospital, false).await;
    wire.say(rest).await;
    let (status, body) = wire.hear_answer().await;
    assert_eq!(status, 403, "{body}");
    assert!(body.contains("person.suspended"), "{body}");
    assert!(hospital.model.received().is_empty());
}

#[tokio::test]
async fn orders_that_race_with_streams_leave_no_stream_after_the_order() {
    let (hospital, key) = provisioned().await;
    for _ in 0..8 {
        let before = hospital.model.received().len();
        let calls = async {
            let mut wires = Vec::new();
            for _ in 0..4 {
                let mut wire = hospital.wire().await;
                say(&mut wire, &key, &asks()).await;
                wires.push(wire);
            }
            wires
        };
        let (wires, ()) = tokio::join!(calls, set_active(&hospital, false));
        is_refused(&hospital, &key).await;
        // A racing call that was allowed may reach the model only now: the model has heard of
        // those and of no other once each has its answer.
        let mut allowed = 0;
        for mut wire in wires {
            let head = wire.hear("\r\n\r\n").await;
            match head.split(' ').nth(1) {
                Some("200") => allowed += 1,
                Some("403") => {}
                _ => panic!("{head}"),
            }
        }
        assert_eq!(hospital.model.received().len(), before + allowed);
        is_refused_unheard(&hospital, &key).await;
        set_active(&hospital, true).await;
    }
}
