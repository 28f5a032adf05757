//! Forgetting a patient.

use std::path::Path;

use wardgate_records::{Documents, PatientMatch, RecordsError};
use wardgate_vault::PatientHandle;

use crate::hospital::{Hospital, PATIENTS, SECRETS, holds, now};

fn handle(hospital: &Hospital) -> PatientHandle {
    match hospital.store.snapshot().patient("Patient/pat-001") {
        PatientMatch::One(file) => file.handle,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_value_of_a_patient_is_on_disk_before_or_after() {
    let hospital = Hospital::furnished().await;
    let ledger = hospital.ledger();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    let check = |when: &str| {
        for (path, bytes) in hospital.raw_bytes() {
            for secret in SECRETS {
                assert!(
                    !holds(&bytes, secret),
                    "{secret} in {} {when}",
                    path.display()
                );
            }
        }
    };
    check("before");
    hospital
        .store
        .shred_patient("Patient/pat-001", &(), now())
        .await
        .unwrap();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    check("after");
}

#[tokio::test]
async fn the_sealed_bytes_themselves_are_gone_from_database_and_log() {
    let hospital = Hospital::furnished().await;
    let path = hospital.dir.path().join("records.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let handle = handle(&hospital).to_string();
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM patients WHERE handle = $1")
        .bind(&handle)
        .fetch_one(&pool)
        .await
        .unwrap();
    let blinds: Vec<(Vec<u8>,)> =
        sqlx::query_as("SELECT blind FROM patient_index WHERE patient = $1")
            .bind(&handle)
            .fetch_all(&pool)
            .await
            .unwrap();
    pool.close().await;
    hospital
        .store
        .shred_patient("Patient/pat-001", &(), now())
        .await
        .unwrap();
    let mut gone: Vec<&[u8]> = vec![&sealed[sealed.len() - 64..]];
    gone.extend(blinds.iter().map(|(blind,)| blind.as_slice()));
    for file in ["records.db", "records.db-wal"] {
        let bytes = std::fs::read(hospital.dir.path().join(file)).unwrap_or_default();
        for piece in &gone {
            let found = bytes.windows(piece.len()).any(|window| window == *piece);
            assert!(!found, "in {file}");
        }
    }
}

#[tokio::test]
async fn a_shredded_patient_is_unknown_to_every_handle_and_others_are_not() {
    let hospital = Hospital::furnished().await;
    let gate = hospital.again().await;
    let before = handle(&hospital);
    let shredded = hospital
        .store
        .shred_patient("urn:oid:1.2.3|MRN-4471902", &(), now())
        .await
        .unwrap();
    assert_eq!((shredded.patient, shredded.consents), (before, 1));
    gate.refresh(now()).await.unwrap();
    for store in [&hospital.store, &gate, &hospital.again().await] {
        let snapshot = store.snapshot();
        assert!(matches!(
            snapshot.patient("Patient/pat-001"),
            PatientMatch::Unknown
        ));
        assert!(matches!(
            snapshot.patient("MRN-4471902"),
            PatientMatch::Unknown
        ));
        assert!(matches!(
            snapshot.patient("Patient/pat-002"),
            PatientMatch::One(_)
        ));
        assert!(snapshot.consents(before).is_empty());
        assert!(snapshot.patient_by_handle(before).is_none());
    }
    let again = hospital
        .store
        .shred_patient("Patient/pat-001", &(), now())
        .await;
    assert!(matches!(again, Err(RecordsError::UnknownPatient)));
}

#[tokio::test]
async fn a_crash_after_the_key_leaves_nothing_readable_and_is_completed_at_open() {
    let hospital = Hospital::furnished().await;
    let handle = handle(&hospital);
    hospital.vault.shred_patient(handle).unwrap();
    let events = hospital.store.outbox_len().await.unwrap();
    let again = hospital.again().await;
    assert!(matches!(
        again.snapshot().patient("Patient/pat-001"),
        PatientMatch::Unknown
    ));
    assert_eq!(again.outbox_len().await.unwrap(), events + 1);
    let third = hospital.again().await;
    assert_eq!(third.outbox_len().await.unwrap(), events + 1);
}

#[tokio::test]
async fn a_patient_who_comes_back_is_a_new_one() {
    let hospital = Hospital::furnished().await;
    let before = handle(&hospital);
    hospital
        .store
        .shred_patient("Patient/pat-001", &(), now())
        .await
        .unwrap();
    let documents = Documents::of_text(Path::new("p.ndjson"), PATIENTS);
    let applied = hospital.apply(&documents).await.unwrap();
    assert_eq!((applied.differences.len(), applied.unchanged), (2, 1));
    assert_ne!(handle(&hospital), before);
}

#[tokio::test]
async fn an_unknown_reference_is_not_repeated() {
    let hospital = Hospital::furnished().await;
    let refused = hospital
        .store
        .shred_patient("Patient/castellanos", &(), now())
        .await
        .unwrap_err();
    assert!(!refused.to_string().contains("castellanos"), "{refused}");
    assert!(!format!("{refused:?}").contains("castellanos"));
}
