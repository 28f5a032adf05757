//! Legal holds, retention, and what is stated of a destroyed key.

use std::cell::Cell;

use jiff::Timestamp;
use serde_json::Value;
use wardgate_records::events::{StoredEvent, statement_digest};
use wardgate_records::{
    Coverage, HoldOn, HoldScope, KeySet, PatientMatch, Payload, PayloadPart, Reach, RecordId,
    RecordsError, RetentionClass,
};
use wardgate_vault::PatientHandle;

use crate::hospital::{Hospital, at, now};

/// What lies beyond the store, for a test.
#[derive(Default)]
pub(crate) struct Near {
    pub(crate) coverage: Option<Coverage>,
    pub(crate) removes: bool,
    asked: Cell<usize>,
}

impl Reach for Near {
    fn payloads(&self, _patient: PatientHandle) -> Option<Coverage> {
        self.coverage
    }

    fn remove_from(&self, _set: &KeySet, _patient: PatientHandle) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.removes
    }
}

fn handle(hospital: &Hospital) -> PatientHandle {
    match hospital.store.snapshot().patient("Patient/pat-001") {
        PatientMatch::One(file) => file.handle,
        other => panic!("{other:?}"),
    }
}

async fn events(hospital: &Hospital, kind: &str) -> Vec<StoredEvent> {
    let ledger = hospital.ledger();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    let events = ledger
        .entries(..)
        .map(|entry| StoredEvent::parse(&entry.unwrap().1).unwrap())
        .filter(|event| event.kind.as_str() == kind)
        .collect();
    ledger.close().unwrap();
    events
}

/// The first person on file and another one.
async fn two_people(hospital: &Hospital) -> (String, String) {
    let example = crate::hospital::example();
    let person = example
        .split("---")
        .find(|document| document.contains("kind: Person"))
        .unwrap();
    let id = person
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap()
        .trim();
    let other = person.replace(&format!("id: {id}"), "id: second-person");
    hospital.yaml(&other).await.unwrap();
    (id.to_owned(), "second-person".to_owned())
}

#[tokio::test]
async fn a_held_patient_is_not_shredded_until_another_person_releases_the_hold() {
    let hospital = Hospital::furnished().await;
    let (first, second) = two_people(&hospital).await;
    let store = &hospital.store;
    let patient = HoldOn::Patient("Patient/pat-001");
    let hold = store
        .place_hold(patient, "litigation-7", &first, now())
        .await
        .unwrap();
    assert_eq!(hold.scope, HoldScope::Patient(handle(&hospital)));
    let near = Near::default();
    for store in [store, &hospital.again().await] {
        let refused = store
            .shred_patient("MRN-4471902", &near, now())
            .await
            .unwrap_err();
        assert!(matches!(refused, RecordsError::Held { hold: by } if by == hold.id));
        assert!(refused.to_string().contains(&hold.id.to_string()));
        assert!(!refused.to_string().contains("4471902"));
    }
    let same = store.release_hold(hold.id, &first, now()).await;
    assert!(matches!(same, Err(RecordsError::HoldRefused { .. })));
    let nobody = store.release_hold(hold.id, "nobody", now()).await;
    assert!(matches!(
        nobody,
        Err(RecordsError::Unknown { kind: "person", .. })
    ));
    store.release_hold(hold.id, &second, now()).await.unwrap();
    let again = store.release_hold(hold.id, &second, now()).await;
    assert!(matches!(again, Err(RecordsError::HoldRefused { .. })));
    store
        .shred_patient("MRN-4471902", &near, now())
        .await
        .unwrap();

    let listed = store.holds().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].released, Some((second.clone(), now())));
    let placed = events(&hospital, "hold.placed").await;
    assert_eq!(placed[0].text("person"), Some(first.as_str()));
    assert_eq!(placed[0].text("reason"), Some("litigation-7"));
    let released = events(&hospital, "hold.released").await;
    assert_eq!(released[0].text("person"), Some(second.as_str()));
    assert_eq!(released[0].record_id("hold"), Some(hold.id));
}

#[tokio::test]
async fn a_hold_on_a_time_keeps_whoever_has_payloads_around_it() {
    let hospital = Hospital::furnished().await;
    let (first, _) = two_people(&hospital).await;
    let store = &hospital.store;
    let range = HoldOn::Range {
        from: at("2026-03-01T00:00:00Z"),
        to: at("2026-03-31T00:00:00Z"),
    };
    store
        .place_hold(range, "audit", &first, now())
        .await
        .unwrap();
    let covers = |span: Option<(&str, &str)>| Near {
        coverage: Some(Coverage {
            payloads: 2,
            bytes: 700,
            span: span.map(|(from, to)| (at(from), at(to))),
        }),
        ..Near::default()
    };
    let around = ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
    for near in [Near::default(), covers(Some(around))] {
        let refused = store.shred_patient("Patient/pat-001", &near, now()).await;
        assert!(matches!(refused, Err(RecordsError::Held { .. })));
    }
    let later = covers(Some(("2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z")));
    store
        .shred_patient("Patient/pat-001", &later, now())
        .await
        .unwrap();
    let none = covers(None);
    store
        .shred_patient("Patient/pat-002", &none, now())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_hold_on_everything_keeps_everybody_and_faulty_holds_are_refused() {
    let hospital = Hospital::furnished().await;
    let (first, _) = two_people(&hospital).await;
    let store = &hospital.store;
    for reason in ["", "two words", &"x".repeat(65)] {
        let refused = store.place_hold(HoldOn::All, reason, &first, now()).await;
        assert!(matches!(refused, Err(RecordsError::HoldRefused { .. })));
    }
    let backwards = HoldOn::Range {
        from: now(),
        to: Timestamp::UNIX_EPOCH,
    };
    let refused = store.place_hold(backwards, "audit", &first, now()).await;
    assert!(matches!(refused, Err(RecordsError::HoldRefused { .. })));
    let stranger = HoldOn::Patient("Patient/nobody");
    let refused = store.place_hold(stranger, "audit", &first, now()).await;
    assert!(matches!(refused, Err(RecordsError::UnknownPatient)));
    assert!(store.holds().await.unwrap().is_empty());

    store
        .place_hold(HoldOn::All, "audit", &first, now())
        .await
        .unwrap();
    let refused = store
        .shred_patient("Patient/pat-002", &Near::default(), now())
        .await;
    assert!(matches!(refused, Err(RecordsError::Held { .. })));
}

#[tokio::test]
async fn a_retention_only_becomes_longer_whatever_the_store_has_forgotten() {
    let hospital = Hospital::furnished().await;
    let (first, _) = two_people(&hospital).await;
    let class = RetentionClass::Ledger;
    assert_eq!(hospital.store.retention(class).await.unwrap(), None);
    let set = async |days, stated| {
        let store = hospital.again().await;
        store
            .set_retention((class, days), stated, &first, now())
            .await
    };
    assert!(matches!(
        set(0, None).await,
        Err(RecordsError::RetentionRange)
    ));
    assert!(matches!(
        set(36_526, None).await,
        Err(RecordsError::RetentionRange)
    ));
    set(2_192, None).await.unwrap();
    for (days, stated, longest) in [(2_191, None, 2_192), (3_000, Some(4_000), 4_000)] {
        match set(days, stated).await {
            Err(RecordsError::RetentionShorter { longest: told, .. }) => assert_eq!(told, longest),
            other => panic!("{other:?}"),
        }
    }
    set(4_000, Some(4_000)).await.unwrap();
    let kept = hospital.store.retention(class).await.unwrap().unwrap();
    assert_eq!((kept.days, kept.set_by.as_str()), (4_000, first.as_str()));
    assert_eq!(
        hospital
            .store
            .retention(RetentionClass::Payloads)
            .await
            .unwrap(),
        None
    );
    let stated: Vec<_> = events(&hospital, "retention.set")
        .await
        .iter()
        .filter_map(|event| class.stated_in(event))
        .collect();
    assert_eq!(stated, [2_192, 4_000]);
}

#[tokio::test]
async fn a_statement_names_the_destroyed_key_and_the_ledger_holds_its_digest() {
    let hospital = Hospital::furnished().await;
    let patient = handle(&hospital);
    let payloads = hospital.payloads();
    for part in [PayloadPart::Request, PayloadPart::Answer] {
        let sealed = payloads
            .seal(Payload {
                record: RecordId::new(now(), [1; 10]),
                part,
                patient: Some(patient),
                body: b"the note",
            })
            .unwrap();
        payloads.append(sealed).await.unwrap();
    }
    let coverage = payloads.coverage(patient).unwrap();
    assert_eq!(
        (coverage.payloads, coverage.span),
        (2, Some((now(), now())))
    );
    let other = PatientHandle::random();
    assert_eq!(payloads.coverage(other).unwrap(), Coverage::default());
    let set = KeySet {
        id: RecordId::new(now(), [2; 10]),
        dir: "/elsewhere".into(),
        made_at: now(),
        keep_until: at("2026-12-28T10:00:00Z"),
    };
    hospital.store.note_key_set(&set, now()).await.unwrap();
    let near = Near {
        coverage: Some(coverage),
        removes: true,
        ..Near::default()
    };
    hospital
        .store
        .shred_patient("Patient/pat-001", &near, now())
        .await
        .unwrap();
    assert_eq!(near.asked.get(), 1);

    let shredded = events(&hospital, "patient.shredded").await;
    let destroyed = hospital.store.destroyed(patient).await.unwrap().unwrap();
    assert_eq!(destroyed.index, Some(hospital.ledger().size() - 1));
    let digest = statement_digest(&destroyed.statement);
    assert_eq!(shredded[0].digest("certificate"), Some(digest));
    assert_eq!(shredded[0].number("payloads"), Some(2));
    let statement: Value = serde_json::from_slice(&destroyed.statement).unwrap();
    assert_eq!(statement["patient"], patient.to_string());
    assert_eq!(statement["payload_bytes"], coverage.bytes);
    assert_eq!(statement["key_sets"][0]["removed"], true);
    assert_eq!(statement["key_sets"][0]["until"], "2026-12-28T10:00:00Z");
    // The check value stands in each payload that the key sealed: behind the header of the frame
    // and two bytes of the sealed form.
    let check = statement["key_check"].as_str().unwrap();
    let check: Vec<u8> = (0..8)
        .map(|at| u8::from_str_radix(&check[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    payloads.close();
    let segment = std::fs::read(hospital.dir.path().join("payloads/000000000000.seg")).unwrap();
    let found = segment.windows(8).filter(|window| *window == check).count();
    assert_eq!(found, 2);
    assert!(hospital.store.destroyed(other).await.unwrap().is_none());
}
