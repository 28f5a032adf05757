//! What apply changes, and what it leaves.

use std::path::Path;

use wardgate_records::{ChangeKind, Documents, Mode, RecordsError, Store};

use crate::hospital::{Hospital, PATIENTS, SECRETS, at, example, holds, now};

#[tokio::test]
async fn the_example_of_the_reference_page_applies_and_applies_again_without_change() {
    let hospital = Hospital::empty().await;
    let first = hospital.yaml(&example()).await.unwrap();
    assert!(first.warnings.is_empty(), "{:?}", first.warnings);
    let kinds: Vec<_> = first.differences.iter().map(|change| change.kind).collect();
    assert_eq!(
        kinds,
        ["vendor", "system", "app", "person", "flow", "settings"]
    );
    let second = hospital.yaml(&example()).await.unwrap();
    assert_eq!((second.differences.len(), second.unchanged), (0, 6));
}

#[tokio::test]
async fn patients_and_consents_apply_and_apply_again_without_change() {
    let hospital = Hospital::empty().await;
    let documents = Documents::of_text(Path::new("p.ndjson"), PATIENTS);
    let first = hospital.apply(&documents).await.unwrap();
    assert_eq!(first.differences.len(), 3);
    let spaced = PATIENTS.replace("\":", "\" : ");
    let documents = Documents::of_text(Path::new("p.ndjson"), &spaced);
    let second = hospital.apply(&documents).await.unwrap();
    assert_eq!((second.differences.len(), second.unchanged), (0, 3));
}

#[tokio::test]
async fn an_unchanged_apply_writes_no_event_and_no_change() {
    let hospital = Hospital::furnished().await;
    let events = hospital.store.outbox_len().await.unwrap();
    hospital.yaml(&example()).await.unwrap();
    assert_eq!(hospital.store.outbox_len().await.unwrap(), events);
    assert!(!hospital.store.refresh(now()).await.unwrap());
}

#[tokio::test]
async fn a_dry_run_tells_fields_and_changes_nothing() {
    let hospital = Hospital::furnished().await;
    let changed = example()
        .replace("expires: 2027-06-30", "expires: 2026-03-31")
        .replace("not-a-real-token", "another-token")
        .replace("Ama Osei", "Ama B. Osei");
    let documents = Documents::of_text(Path::new("x.yaml"), &changed);
    let told = hospital
        .store
        .apply(&documents, Mode::DryRun, now())
        .await
        .unwrap();
    let lines: Vec<String> = told
        .differences
        .iter()
        .flat_map(|change| {
            change
                .fields
                .iter()
                .map(move |field| format!("{change}: {field}"))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "change vendor/acme: agreement.expires: \"2027-07-01T00:00:00Z\" -> \"2026-04-01T00:00:00Z\"",
            "change system/note-helper: upstreams.token: changed (not shown)",
            "change person/dr.osei: name: changed (not shown)",
        ]
    );
    let snapshot = hospital.store.snapshot();
    let agreement = snapshot.vendor("acme").unwrap().agreement.clone().unwrap();
    assert_eq!(agreement.expires, at("2027-07-01T00:00:00Z"));
    assert!(!hospital.store.refresh(now()).await.unwrap());
}

#[tokio::test]
async fn a_difference_of_a_patient_names_the_element_and_no_value() {
    let hospital = Hospital::furnished().await;
    let moved = PATIENTS.replace("14 Larkspur Close", "2 Bramble Lane");
    let documents = Documents::of_text(Path::new("p.ndjson"), &moved);
    let told = hospital
        .store
        .apply(&documents, Mode::DryRun, now())
        .await
        .unwrap();
    assert_eq!(told.differences.len(), 1);
    let change = &told.differences[0];
    assert_eq!(
        (change.kind, change.change),
        ("patient", ChangeKind::Changed)
    );
    assert_eq!(change.fields[0].to_string(), "address: changed (not shown)");
    let shown = format!("{told:?}");
    for secret in SECRETS.iter().chain(&["2 Bramble Lane"]) {
        assert!(!holds(shown.as_bytes(), secret), "{secret}");
    }
}

#[tokio::test]
async fn a_fault_anywhere_leaves_the_store_as_it_was() {
    let hospital = Hospital::furnished().await;
    let text = example().replace("state: live", "state: retired") + "---\nkind: App\nid: broken\n";
    hospital.yaml(&text).await.unwrap_err();
    let snapshot = hospital.store.snapshot();
    assert_eq!(snapshot.system("note-helper").unwrap().state.word(), "live");
    assert!(!hospital.store.refresh(now()).await.unwrap());
}

#[tokio::test]
async fn a_record_may_refer_to_one_further_down_or_in_the_store() {
    let hospital = Hospital::empty().await;
    let example = example();
    let mut documents: Vec<&str> = example.split("---\n").collect();
    documents.reverse();
    hospital.yaml(&documents.join("\n---\n")).await.unwrap();
    let flow = documents.iter().find(|text| text.contains("Flow")).unwrap();
    let other = flow.replace("TREAT", "AI-INFERENCE");
    assert_eq!(hospital.yaml(&other).await.unwrap().differences.len(), 1);
}

#[tokio::test]
async fn versions_count_changes_and_the_model_name_moves_along() {
    let hospital = Hospital::furnished().await;
    hospital
        .yaml(&example().replace("model: note-helper-1", "model: note-helper-2"))
        .await
        .unwrap();
    let snapshot = hospital.store.snapshot();
    assert_eq!(snapshot.system("note-helper").unwrap().system.version, 2);
    assert!(snapshot.system_by_model("note-helper-1").is_none());
    assert!(snapshot.system_by_model("note-helper-2").is_some());
    assert_eq!(snapshot.vendor("acme").unwrap().version, 1);
}

#[tokio::test]
async fn another_handle_sees_a_change_by_refresh() {
    let hospital = Hospital::furnished().await;
    let other = hospital.again().await;
    assert!(!other.refresh(now()).await.unwrap());
    let suspended = example().replace("state: active            # prospect", "state: suspended # ");
    hospital.yaml(&suspended).await.unwrap();
    assert_eq!(
        other.snapshot().vendor("acme").unwrap().state.word(),
        "active"
    );
    assert!(other.refresh(at("2026-11-23T10:00:01Z")).await.unwrap());
    let snapshot = other.snapshot();
    assert_eq!(snapshot.vendor("acme").unwrap().state.word(), "suspended");
    assert_eq!(snapshot.as_of(), at("2026-11-23T10:00:01Z"));
}

#[tokio::test]
async fn another_handle_sees_patients_come_change_and_stay_findable() {
    let hospital = Hospital::empty().await;
    let other = hospital.again().await;
    let documents = Documents::of_text(Path::new("p.ndjson"), PATIENTS);
    hospital.apply(&documents).await.unwrap();
    other.refresh(now()).await.unwrap();
    let one = |store: &Store, reference: &str| match store.snapshot().patient(reference) {
        wardgate_records::PatientMatch::One(file) => Some(file.handle),
        _ => None,
    };
    let handle = one(&other, "Patient/pat-001").unwrap();
    for reference in [
        " mrn-4471902 ",
        "urn:oid:1.2.3|MRN-4471902",
        "Patient/pat-001/_history/3",
    ] {
        assert_eq!(one(&other, reference), Some(handle), "{reference}");
    }
    assert_eq!(one(&other, "Patient/PAT-001"), None);
    assert_eq!(other.snapshot().consents(handle).len(), 1);
    let renumbered = PATIENTS.replace("MRN-4471902", "MRN-5");
    let documents = Documents::of_text(Path::new("p.ndjson"), &renumbered);
    hospital.apply(&documents).await.unwrap();
    other.refresh(now()).await.unwrap();
    assert_eq!(one(&other, "MRN-4471902"), None);
    assert_eq!(one(&other, "MRN-5"), Some(handle));
    assert_eq!(
        other.snapshot().patient_by_handle(handle).unwrap().version,
        2
    );
    assert_eq!(other.snapshot().consents(handle).len(), 1);
}

#[tokio::test]
async fn an_identifier_that_two_patients_share_means_nobody() {
    let hospital = Hospital::empty().await;
    let shared = PATIENTS.replace("MRN-4471903", "MRN-4471902");
    let documents = Documents::of_text(Path::new("p.ndjson"), &shared);
    hospital.apply(&documents).await.unwrap();
    let snapshot = hospital.store.snapshot();
    let found = snapshot.patient("MRN-4471902");
    assert!(matches!(found, wardgate_records::PatientMatch::Ambiguous));
    let refused = hospital
        .store
        .shred_patient("MRN-4471902", &(), now())
        .await;
    assert!(matches!(refused, Err(RecordsError::AmbiguousPatient)));
}

#[tokio::test]
async fn a_newer_schema_a_missing_and_a_second_store_are_refused() {
    let hospital = Hospital::empty().await;
    let path = hospital.dir.path();
    let second = Store::create(path, hospital.vault.clone(), now()).await;
    assert!(matches!(second, Err(RecordsError::AlreadyExists { .. })));
    let nowhere = Store::open(&path.join("vault"), hospital.vault.clone(), now()).await;
    assert!(matches!(nowhere, Err(RecordsError::Missing { .. })));
    hospital.store.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path.join("records.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("INSERT INTO schema_version (version) VALUES (99)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let newer = Store::open(path, hospital.vault.clone(), now()).await;
    let Err(RecordsError::NewerSchema {
        found: 99,
        known: 9,
    }) = newer
    else {
        panic!("{newer:?}")
    };
}

#[tokio::test]
async fn the_database_is_set_up_to_lose_and_leave_nothing() {
    let hospital = Hospital::empty().await;
    let path = hospital.dir.path().join("records.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = std::fs::metadata(&path).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
}
