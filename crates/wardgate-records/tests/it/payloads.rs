//! Sealed requests and answers.

use std::sync::Arc;

use wardgate_records::{
    PatientMatch, Payload, PayloadPart, PayloadStore, PruneRules, RecordId, RecordsError,
};
use wardgate_vault::{PatientHandle, VaultError};

use crate::hospital::{Hospital, at, holds, now};

fn patient(hospital: &Hospital) -> PatientHandle {
    match hospital.store.snapshot().patient("Patient/pat-001") {
        PatientMatch::One(file) => file.handle,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn payloads_come_back_with_the_commitments_that_the_ledger_holds() {
    let hospital = Hospital::furnished().await;
    let payloads = hospital.payloads();
    let record = RecordId::new(now(), [1; 10]);
    let mut expected = Vec::new();
    for (part, body, patient) in [
        (
            PayloadPart::Request,
            "about Castellanos",
            Some(patient(&hospital)),
        ),
        (PayloadPart::Answer, "nothing to say", None),
    ] {
        let payload = Payload {
            record,
            part,
            patient,
            body: body.as_bytes(),
        };
        let sealed = payloads.seal(payload).unwrap();
        expected.push((
            part,
            sealed.commitment(),
            sealed.hash(),
            body.as_bytes().to_vec(),
        ));
        payloads.append(sealed).await.unwrap();
    }
    payloads.close();
    let (payloads, recovery) = PayloadStore::open(
        &hospital.dir.path().join("payloads"),
        Arc::clone(&hospital.vault),
    )
    .unwrap();
    assert_eq!(recovery.records, 2);
    let found: Vec<_> = payloads
        .read(record)
        .unwrap()
        .into_iter()
        .map(|payload| {
            (
                payload.part,
                payload.commitment,
                payload.hash,
                payload.body.to_vec(),
            )
        })
        .collect();
    assert_eq!(found, expected);
    let other = payloads.read(RecordId::new(now(), [2; 10]));
    assert!(matches!(other, Err(RecordsError::NoPayload)));
    for (path, bytes) in hospital.raw_bytes() {
        assert!(!holds(&bytes, "Castellanos"), "{}", path.display());
    }
}

#[tokio::test]
async fn the_same_body_never_has_the_same_commitment() {
    let hospital = Hospital::furnished().await;
    let payloads = hospital.payloads();
    let payload = Payload {
        record: RecordId::new(now(), [1; 10]),
        part: PayloadPart::Request,
        patient: None,
        body: b"same",
    };
    let first = payloads.seal(payload).unwrap();
    let second = payloads.seal(payload).unwrap();
    assert_ne!(first.commitment(), second.commitment());
    assert_ne!(first.hash(), second.hash());
}

#[tokio::test]
async fn a_shredded_patients_payloads_cannot_be_read_or_made() {
    let hospital = Hospital::furnished().await;
    let payloads = hospital.payloads();
    let payload = Payload {
        record: RecordId::new(now(), [1; 10]),
        part: PayloadPart::Request,
        patient: Some(patient(&hospital)),
        body: b"about somebody",
    };
    payloads
        .append(payloads.seal(payload).unwrap())
        .await
        .unwrap();
    hospital
        .store
        .shred_patient("MRN-4471902", &(), now())
        .await
        .unwrap();
    let read = payloads.read(payload.record);
    assert!(
        matches!(read, Err(RecordsError::Vault(VaultError::Shredded))),
        "{read:?}"
    );
    let sealed = payloads.seal(payload);
    assert!(
        matches!(sealed, Err(RecordsError::Vault(VaultError::Shredded))),
        "{sealed:?}"
    );
}

#[tokio::test]
async fn payloads_go_by_whole_segments_once_all_in_them_are_past() {
    let hospital = Hospital::empty().await;
    let payloads = hospital.payloads();
    let body = vec![7; 24 << 20];
    let mut records = Vec::new();
    for (day, body) in [
        ("2020-01-01T00:00:00Z", body.as_slice()),
        ("2020-01-02T00:00:00Z", &body),
        ("2020-01-03T00:00:00Z", &body),
        ("2026-11-22T00:00:00Z", b"young"),
    ] {
        let record = RecordId::new(at(day), [3; 10]);
        let sealed = payloads.seal(Payload {
            record,
            part: PayloadPart::Request,
            patient: None,
            body,
        });
        payloads.append(sealed.unwrap()).await.unwrap();
        records.push(record);
    }
    let rules = |days| PruneRules {
        days,
        holds: &[],
        first_open: None,
        now: now(),
    };
    assert_eq!(payloads.prune(&rules(None), false).unwrap(), 0);
    assert_eq!(payloads.prune(&rules(Some(3_000)), false).unwrap(), 0);
    let would = payloads.prune(&rules(Some(365)), true).unwrap();
    assert!(would > 0);
    assert!(payloads.read(records[0]).is_ok());
    assert_eq!(payloads.prune(&rules(Some(365)), false).unwrap(), would);
    assert!(matches!(
        payloads.read(records[0]),
        Err(RecordsError::NoPayload)
    ));
    assert_eq!(*payloads.read(records[3]).unwrap()[0].body, b"young");
    payloads.close();
    let dir = hospital.dir.path().join("payloads");
    let (again, _) = PayloadStore::open(&dir, Arc::clone(&hospital.vault)).unwrap();
    assert!(again.read(records[3]).is_ok());
}
