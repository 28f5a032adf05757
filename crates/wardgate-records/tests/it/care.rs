//! Who cares for whom, and emergency access, in the store and in the facts of a call.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use wardgate_authz::{BreakGlass as Glass, Care};
use wardgate_records::events::{EventKind, StoredEvent};
use wardgate_records::{
    Ask, BREAK_GLASS_UNREVIEWED_MAX, BreakGlass, BreakGlassError, BreakGlassReason,
    BreakGlassRequest, BreakGlassVerdict, Documents, PatientMatch, Store,
};

use crate::hospital::{Hospital, at, example, holds, now};

const TEAM: &str = r#"{"resourceType":"CareTeam","id":"t1","status":"active","subject":{"reference":"Patient/pat-001"},"participant":[{"member":{"reference":"Practitioner/dr.osei"},"period":{"start":"2026-11-01","end":"2026-11-30"}}]}"#;
const WORDS: &str = "unconscious after a fall, allergies needed";

async fn hospital() -> Hospital {
    let hospital = Hospital::furnished().await;
    let yaml = example().replace("care_relationship: off ", "care_relationship: required ")
        + "---\nkind: Person\nid: p.chen\nroles: [privacy_officer]\nmfa: 2\n";
    hospital.yaml(&yaml).await.unwrap();
    hospital
}

fn ask<'a>(
    store: &Store,
    patient: &str,
    break_glass: Option<&BreakGlass>,
    now: Timestamp,
) -> Ask<'a> {
    let snapshot = store.snapshot();
    let patient = match snapshot.patient(patient) {
        PatientMatch::One(patient) => Some(patient.handle),
        _ => None,
    };
    Ask {
        app: "ward-notes",
        person: Some("dr.osei"),
        system: "note-helper",
        purpose: "TREAT",
        data_class: "clinical-note",
        patient,
        break_glass: break_glass.map(|access| access.id),
        now,
    }
}

fn care(store: &Store, patient: &str, now: Timestamp) -> Care {
    let asked = ask(store, patient, None, now);
    store.snapshot().facts(&asked).care.unwrap().value
}

fn is_open(store: &Store, asked: &Ask<'_>) -> bool {
    let fact = store.snapshot().facts(asked).break_glass.unwrap();
    matches!(fact.value, Glass::Open { .. })
}

fn request<'a>(person: &'a str, patient: &'a str) -> BreakGlassRequest<'a> {
    BreakGlassRequest {
        person,
        patient,
        reason: BreakGlassReason::CannotConsent,
        words: WORDS,
    }
}

async fn apply(hospital: &Hospital, json: &str) -> Result<(), wardgate_records::ApplyError> {
    let documents = Documents::of_text(Path::new("teams.ndjson"), json);
    hospital.apply(&documents).await.map(drop)
}

#[tokio::test]
async fn a_member_of_a_care_team_cares_for_its_time() {
    let hospital = hospital().await;
    let store = &hospital.store;
    assert_eq!(care(store, "Patient/pat-001", now()), Care::Missing);
    apply(&hospital, TEAM).await.unwrap();
    assert_eq!(care(store, "Patient/pat-001", now()), Care::Current);
    assert_eq!(
        care(store, "Patient/pat-001", at("2026-12-01T00:00:00Z")),
        Care::Missing
    );
    assert_eq!(
        care(store, "Patient/pat-001", at("2026-10-31T23:59:59Z")),
        Care::Missing
    );
    assert_eq!(care(store, "Patient/nobody", now()), Care::Missing);
    // Another process sees the same.
    let again = hospital.again().await;
    assert_eq!(care(&again, "Patient/pat-001", now()), Care::Current);
    apply(&hospital, &TEAM.replace("\"active\"", "\"inactive\""))
        .await
        .unwrap();
    assert_eq!(care(store, "Patient/pat-001", now()), Care::Missing);
    again.refresh(now()).await.unwrap();
    assert_eq!(care(&again, "Patient/pat-001", now()), Care::Missing);
}

#[tokio::test]
async fn care_is_not_asked_for_where_the_hospital_does_not_ask() {
    let hospital = Hospital::furnished().await;
    assert_eq!(
        care(&hospital.store, "Patient/pat-001", now()),
        Care::NotAsked
    );
}

#[tokio::test]
async fn a_care_team_of_nobody_or_of_two_is_refused() {
    let hospital = hospital().await;
    assert!(
        apply(&hospital, &TEAM.replace("pat-001", "pat-999"))
            .await
            .is_err()
    );
    assert!(apply(&hospital, &format!("{TEAM}\n{TEAM}")).await.is_err());
    apply(&hospital, TEAM).await.unwrap();
    assert!(
        apply(&hospital, &TEAM.replace("pat-001", "pat-002"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_emergency_access_opens_one_patient_to_one_person_for_an_hour() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let access = store
        .open_break_glass(&request("dr.osei", "Patient/pat-001"), now())
        .await
        .unwrap();
    let open =
        |patient: &str, at: Timestamp| is_open(store, &ask(store, patient, Some(&access), at));
    let hour = SignedDuration::from_hours(1);
    assert!(open("Patient/pat-001", now()));
    assert!(open(
        "Patient/pat-001",
        now() + hour - SignedDuration::from_millis(1)
    ));
    assert!(!open("Patient/pat-001", now() + hour));
    assert!(!open(
        "Patient/pat-001",
        now() - SignedDuration::from_millis(1)
    ));
    assert!(!open("Patient/pat-002", now()));
    assert!(!open("Patient/nobody", now()));
    let of_another = Ask {
        person: Some("p.chen"),
        ..ask(store, "Patient/pat-001", Some(&access), now())
    };
    assert!(!is_open(store, &of_another));
    assert!(!is_open(store, &ask(store, "Patient/pat-001", None, now())));
    let again = hospital.again().await;
    assert!(is_open(
        &again,
        &ask(&again, "Patient/pat-001", Some(&access), now())
    ));
}

#[tokio::test]
async fn a_review_is_of_another_person_and_ends_the_access() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let access = store
        .open_break_glass(&request("dr.osei", "Patient/pat-001"), now())
        .await
        .unwrap();
    let verdict = BreakGlassVerdict::Justified;
    let own = store
        .review_break_glass(access.id, "dr.osei", verdict, now())
        .await;
    assert!(matches!(own, Err(BreakGlassError::Own)));
    assert_eq!(store.snapshot().break_glass_unreviewed().count(), 1);
    store
        .review_break_glass(access.id, "p.chen", verdict, now())
        .await
        .unwrap();
    assert!(!is_open(
        store,
        &ask(store, "Patient/pat-001", Some(&access), now())
    ));
    assert_eq!(store.snapshot().break_glass_unreviewed().count(), 0);
    let twice = store
        .review_break_glass(access.id, "p.chen", verdict, now())
        .await;
    assert!(matches!(twice, Err(BreakGlassError::Reviewed)));
    let (kept, words) = store.break_glass_history(10).await.unwrap().remove(0);
    assert_eq!(kept.review.unwrap().verdict, verdict);
    assert_eq!(words.unwrap().as_str(), WORDS);
}

#[tokio::test]
async fn an_attempt_on_nobody_on_file_looks_the_same_and_opens_nothing() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let access = store
        .open_break_glass(&request("dr.osei", "Patient/nobody"), now())
        .await
        .unwrap();
    assert_eq!(access.patient, None);
    for patient in ["Patient/nobody", "Patient/pat-001"] {
        assert!(
            !is_open(store, &ask(store, patient, Some(&access), now())),
            "{patient}"
        );
    }
    assert_eq!(store.snapshot().break_glass_unreviewed().count(), 1);
}

#[tokio::test]
async fn there_is_an_end_to_unreviewed_accesses_and_empty_reasons() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let short = BreakGlassRequest {
        words: "  why   ",
        ..request("dr.osei", "Patient/pat-001")
    };
    assert!(matches!(
        store.open_break_glass(&short, now()).await,
        Err(BreakGlassError::Words)
    ));
    for _ in 0..BREAK_GLASS_UNREVIEWED_MAX {
        store
            .open_break_glass(&request("dr.osei", "Patient/nobody"), now())
            .await
            .unwrap();
    }
    let one_more = store
        .open_break_glass(&request("dr.osei", "Patient/pat-001"), now())
        .await;
    assert!(matches!(one_more, Err(BreakGlassError::TooMany)));
}

#[tokio::test]
async fn the_ledger_tells_of_it_without_words_and_the_disk_keeps_them_sealed() {
    let hospital = hospital().await;
    let store = &hospital.store;
    apply(&hospital, TEAM).await.unwrap();
    let access = store
        .open_break_glass(&request("dr.osei", "Patient/pat-001"), now())
        .await
        .unwrap();
    let verdict = BreakGlassVerdict::Escalated;
    store
        .review_break_glass(access.id, "p.chen", verdict, now())
        .await
        .unwrap();
    let ledger = hospital.ledger();
    store.drain_outbox(&ledger).await.unwrap();
    let told: Vec<StoredEvent> = (0..ledger.size())
        .filter_map(|index| StoredEvent::parse(&ledger.read(index).ok()?).ok())
        .collect();
    let of = |kind| told.iter().find(|event| event.kind == kind).unwrap();
    let opened = of(EventKind::BreakGlassOpened);
    assert_eq!(opened.text("person"), Some("dr.osei"));
    assert_eq!(opened.text("reason"), Some("cannot-consent"));
    assert_eq!(opened.record_id("access"), Some(access.id));
    let reviewed = of(EventKind::BreakGlassReviewed);
    assert_eq!(reviewed.text("person"), Some("p.chen"));
    assert_eq!(reviewed.text("opened_by"), Some("dr.osei"));
    assert_eq!(reviewed.text("verdict"), Some("escalated"));
    for (path, bytes) in hospital.raw_bytes() {
        assert!(!holds(&bytes, "allergies needed"), "{}", path.display());
        assert!(!holds(&bytes, "Practitioner/dr.osei"), "{}", path.display());
    }
}
