//! How much and how long the gate takes, of whom.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::SignedDuration;
use wardgate_records::events::EventKind;

use crate::fake_model::Behaviour;
use crate::hospital::{Hospital, head, says};
use crate::refusal_cases::{Leaves, NOTE};
use crate::refusals::check;

#[tokio::test]
async fn a_body_that_does_not_arrive_is_refused() {
    let hospital = Hospital::with(|options| options.body.body_timeout_ms = 50).await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    for (body, code) in [
        ("content-length: 100\r\n\r\n{\"model\"", "request.timeout"),
        (
            "transfer-encoding: chunked\r\n\r\n5\r\nMaria\r\nnonsense\r\n",
            "request.incomplete",
        ),
    ] {
        let mut wire = hospital.wire().await;
        wire.say(head(&key) + body).await;
        let heard = wire.hear("\"record\":\"").await;
        assert!(heard.contains(code), "{heard}");
        assert!(!heard.contains("Maria"), "{heard}");
        hospital
            .event(|event| event.text("code") == Some(code))
            .await;
    }
}

#[tokio::test]
async fn a_key_ends_and_is_kept_to_its_scope() {
    let hospital = Hospital::open().await;
    let key = hospital
        .scoped_key("ward-notes", Some("dr.osei"), &[], &["TREAT".to_owned()])
        .await;
    let about_maria = [
        ("wardgate-purpose", "HOPERAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    let answer = hospital.call(&key, &about_maria, &says(NOTE)).await;
    check(
        &hospital,
        &answer,
        "scope.purpose",
        403,
        "identify",
        Leaves::Entry,
    );
    let answer = hospital.call(&key, &about_maria[1..], &says(NOTE)).await;
    assert_eq!(
        answer.status,
        200,
        "a key for one purpose says it by itself: {}",
        answer.text()
    );
    hospital.advance(SignedDuration::from_hours(25)).await;
    let answer = hospital.chat(&key, &says(NOTE)).await;
    check(
        &hospital,
        &answer,
        "identity.key_expired",
        401,
        "identify",
        Leaves::Nothing,
    );
    let refused = hospital
        .event(|event| event.kind == EventKind::IdentityRefused)
        .await;
    assert_eq!(refused.text("code"), Some("identity.key_expired"));
}

#[tokio::test]
async fn a_flood_of_wrong_keys_is_turned_away_and_a_right_key_is_not() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let wrong = "GET /v1/models HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer wg_x\r\n\r\n";
    let mut answers = FuturesUnordered::new();
    for _ in 0..300 {
        let mut wire = hospital.wire().await;
        wire.say(wrong).await;
        answers.push(async move { wire.hear("\"record\":").await });
    }
    let refused = loop {
        let heard = answers.next().await.unwrap();
        if heard.contains(" 429 ") {
            break heard;
        }
    };
    assert!(
        refused.contains("identity.too_many_failures") && refused.contains("retry-after: 5"),
        "{refused}"
    );
    assert_eq!(hospital.chat(&key, &says(NOTE)).await.status, 200);
    drop(answers);
    let counted = hospital
        .event(|event| event.kind == EventKind::IdentityRefused)
        .await;
    assert_eq!(counted.text("code"), Some("identity.key_invalid"));
    let entries = hospital
        .events()
        .into_iter()
        .filter(|event| event.kind == EventKind::IdentityRefused)
        .count();
    assert!(entries <= 2, "strangers are counted together: {entries}");
}

/// Other limits for the first app.
async fn limit(hospital: &Hospital, limits: &str) {
    let usual = "{calls_per_minute: 60000, burst: 10000, concurrent: 32}";
    let records = hospital.records().replacen(usual, limits, 1);
    hospital.apply(&records).await;
}

#[tokio::test]
async fn limits_hold_per_app_and_say_when_to_come_back() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let other = hospital.key("batch", None).await;
    limit(&hospital, "{calls_per_minute: 6, burst: 1, concurrent: 32}").await;
    assert_eq!(hospital.chat(&key, &says(NOTE)).await.status, 200);
    let answer = hospital.chat(&key, &says(NOTE)).await;
    check(
        &hospital,
        &answer,
        "limits.rate",
        429,
        "limits",
        Leaves::Entry,
    );
    let seconds: i64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((10..=11).contains(&seconds), "{seconds}");
    assert_eq!(
        hospital
            .call(&other, &[("wardgate-purpose", "HOPERAT")], &says("x"))
            .await
            .status,
        200,
        "another app"
    );
    hospital.advance(SignedDuration::from_secs(seconds)).await;
    assert_eq!(hospital.chat(&key, &says(NOTE)).await.status, 200);
}

#[tokio::test]
async fn a_place_is_held_until_the_call_has_ended() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    limit(
        &hospital,
        "{calls_per_minute: 60000, burst: 10000, concurrent: 1}",
    )
    .await;
    hospital.model.next(Behaviour::Silence);
    let mut waiting = hospital.wire().await;
    let body = says(NOTE).to_string();
    waiting
        .say(format!(
            "{}content-length: {}\r\n\r\n{body}",
            head(&key),
            body.len()
        ))
        .await;
    hospital.model.has_received(1).await;
    let answer = hospital.chat(&key, &says(NOTE)).await;
    check(
        &hospital,
        &answer,
        "limits.concurrency",
        429,
        "limits",
        Leaves::Entry,
    );
    assert_eq!(answer.headers["retry-after"], "1");
    drop(waiting);
    hospital
        .event(|event| event.text("status") == Some("aborted"))
        .await;
    assert_eq!(
        hospital.chat(&key, &says(NOTE)).await.status,
        200,
        "the place is free again"
    );
}
