//! The pages of emergency access and of consents that wait.

use std::path::Path;

use serde_json::json;
use wardgate_records::people::SessionKind;
use wardgate_records::{Documents, Mode};

use crate::consent_desk::{PATIENTS, consent};
use crate::stage::{NOW, Reply, Stage};

/// Two who may open data in an emergency; the second also reviews.
const PEOPLE: &str = "---\nkind: Person\nid: night.nurse\nname: A Person\nroles: [nurse]\nmfa: 3\nbreak_glass: true\n\
    ---\nkind: Person\nid: both\nname: A Person\nroles: [clinician, privacy_officer]\nmfa: 3\nbreak_glass: true\n";

const OPEN: &str =
    "patient=Patient%2Fmaria&reason=immediate-danger&words=Unconscious+after+an+accident";

async fn hospital() -> Stage {
    let stage = Stage::with(PEOPLE, |_| {}).await;
    let documents = Documents::of_text(Path::new("patients.ndjson"), PATIENTS);
    let applied = stage
        .store
        .apply(&documents, Mode::Commit, NOW.parse().unwrap())
        .await;
    applied.unwrap_or_else(|fault| panic!("{fault:?}"));
    stage
}

async fn page(stage: &Stage, person: &str, path: &str) -> Reply {
    let session = stage.session(person, SessionKind::Browser).await;
    stage.open(path, &session).await
}

async fn submit(stage: &Stage, person: &str, path: &str, fields: &str) -> Reply {
    let session = stage.session(person, SessionKind::Browser).await;
    stage.submit(path, &session, fields).await
}

async fn access(stage: &Stage) -> String {
    let accesses = stage.store.break_glass_history(1).await.unwrap();
    accesses[0].0.id.to_string()
}

#[tokio::test]
async fn the_pages_are_empty_at_first_and_closed_to_others() {
    let stage = hospital().await;
    let empty = page(&stage, "privacy_officer", "/break-glass").await;
    assert_eq!(empty.status, 200);
    assert!(empty.body.contains("Nothing awaits a review."));
    assert!(empty.body.contains("Nothing was reviewed yet."));
    let empty = page(&stage, "privacy_officer", "/consents").await;
    assert!(
        empty.body.contains("No consent waits for you."),
        "{}",
        empty.body
    );
    for (person, path) in [
        ("nurse", "/emergency"),
        ("privacy_officer", "/emergency"),
        ("nurse", "/break-glass"),
        ("night.nurse", "/break-glass"),
        ("clerk", "/consents"),
    ] {
        let refused = page(&stage, person, path).await;
        assert_eq!(refused.status, 403, "{person} {path}");
        assert!(refused.body.contains("Not allowed"), "{person} {path}");
    }
    let nurse = submit(&stage, "nurse", "/emergency", OPEN).await;
    assert_eq!(nurse.status, 403);
    let start = page(&stage, "nurse", "/").await;
    assert!(!start.body.contains("href=\"/emergency\""));
    let start = page(&stage, "night.nurse", "/").await;
    assert!(start.body.contains("href=\"/emergency\""));
}

#[tokio::test]
async fn an_emergency_is_opened_shown_to_others_and_reviewed() {
    let stage = hospital().await;
    let form = page(&stage, "night.nurse", "/emergency").await;
    assert!(
        form.body.contains("value=\"immediate-danger\""),
        "{}",
        form.body
    );
    let opened = submit(&stage, "night.nurse", "/emergency", OPEN).await;
    assert_eq!(opened.status, 200, "{}", opened.body);
    let id = access(&stage).await;
    assert!(opened.body.contains(&format!("wardgate-break-glass: {id}")));
    assert!(
        opened.body.contains("2026-11-23 19:00 UTC"),
        "{}",
        opened.body
    );

    let start = page(&stage, "privacy_officer", "/").await;
    assert!(
        start.body.contains("is open in an emergency"),
        "{}",
        start.body
    );
    assert!(start.body.contains("emergency accesses to review"));
    let others = page(&stage, "clerk", "/").await;
    assert!(!others.body.contains("in an emergency"));
    let list = page(&stage, "privacy_officer", "/break-glass").await;
    assert!(list.body.contains("Unconscious after an accident"));
    assert!(!list.body.contains("Castellanos"));
    let seen = page(&stage, "auditor", "/break-glass").await;
    assert!(!seen.body.contains("value=\"justified\""));

    let path = format!("/break-glass/{id}/review");
    let auditor = submit(&stage, "auditor", &path, "verdict=justified").await;
    assert_eq!(auditor.status, 403);
    let unknown = submit(&stage, "privacy_officer", &path, "verdict=fine").await;
    assert_eq!(unknown.status, 400);
    let done = submit(&stage, "privacy_officer", &path, "verdict=not-justified").await;
    assert_eq!(
        (done.status, done.header("location")),
        (303, Some("/break-glass"))
    );
    let list = page(&stage, "auditor", "/break-glass").await;
    assert!(list.body.contains("Nothing awaits a review."));
    assert!(list.body.contains("not-justified"));
    assert!(!list.body.contains("is open in an emergency"));
    let twice = submit(&stage, "privacy_officer", &path, "verdict=justified").await;
    assert_eq!(twice.status, 409);
}

#[tokio::test]
async fn nobody_reviews_what_they_opened_themselves() {
    let stage = hospital().await;
    let opened = submit(&stage, "both", "/emergency", OPEN).await;
    assert_eq!(opened.status, 200, "{}", opened.body);
    let list = page(&stage, "both", "/break-glass").await;
    assert!(!list.body.contains("value=\"justified\""));
    let path = format!("/break-glass/{}/review", access(&stage).await);
    let own = submit(&stage, "both", &path, "verdict=justified").await;
    assert_eq!(own.status, 403);
    assert!(own.body.contains("duty.self_approval"), "{}", own.body);
}

#[tokio::test]
async fn an_emergency_without_patient_reason_or_words_is_asked_for_again() {
    let stage = hospital().await;
    for fields in [
        "patient=+&reason=other&words=Unconscious+after+an+accident",
        "patient=Patient%2Fmaria&words=Unconscious+after+an+accident",
        "patient=Patient%2Fmaria&reason=boredom&words=Unconscious+after+an+accident",
        "patient=Patient%2Fmaria&reason=other&words=why",
    ] {
        let again = submit(&stage, "night.nurse", "/emergency", fields).await;
        assert_eq!(again.status, 422, "{fields}");
        assert!(again.body.contains("role=\"alert\""), "{fields}");
    }
    let none = stage.store.break_glass_history(1).await.unwrap();
    assert!(none.is_empty());
    // Whoever asks is not told which patients there are.
    let fields = OPEN.replace("maria", "nobody");
    let nobody = submit(&stage, "night.nurse", "/emergency", &fields).await;
    assert_eq!(nobody.status, 200);
}

#[tokio::test]
async fn a_consent_that_cannot_be_computed_waits_until_it_is_confirmed() {
    let stage = hospital().await;
    let officer = stage.session("privacy_officer", SessionKind::Cli).await;
    let mut odd = consent("active");
    odd["modifierExtension"] = json!([{"url": "https://example.org/x", "valueBoolean": true}]);
    let bearer = format!("authorization: Bearer {officer}");
    let head = [bearer.as_str(), "content-type: application/fhir+json"];
    let made = stage
        .send("POST", "/fhir/Consent", &head, &odd.to_string())
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    let id = made["id"].as_str().unwrap();
    let queue = page(&stage, "privacy_officer", "/consents").await;
    assert!(queue.body.contains(id), "{}", queue.body);
    assert!(queue.body.contains("Confirm: never permits"));
    let start = page(&stage, "privacy_officer", "/").await;
    assert!(start.body.contains("consents that cannot be computed"));

    let stale = format!("id={id}&version=7");
    let stale = submit(&stage, "privacy_officer", "/consents/confirm", &stale).await;
    assert_eq!(stale.status, 409, "{}", stale.body);
    let fields = format!("id={id}&version=1");
    let clerk = submit(&stage, "clerk", "/consents/confirm", &fields).await;
    assert_eq!(clerk.status, 403);
    let done = submit(&stage, "privacy_officer", "/consents/confirm", &fields).await;
    assert_eq!(done.header("location"), Some("/consents"), "{}", done.body);
    let queue = page(&stage, "privacy_officer", "/consents").await;
    assert!(queue.body.contains("No consent waits for you."));
}
