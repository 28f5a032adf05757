//! Events on their way into the ledger, and calls that were left open.

use wardgate_ledger::Ledger;
use wardgate_records::events::{
    CallOutcome, Event, EventKind, GatewayStarted, StoredEvent, Token, open_intents,
};
use wardgate_records::{KeyRequest, RecordId};

use crate::hospital::{Hospital, at, example, now};

fn events(ledger: &Ledger) -> Vec<StoredEvent> {
    ledger
        .entries(..)
        .map(|entry| StoredEvent::parse(&entry.unwrap().1).unwrap())
        .collect()
}

#[tokio::test]
async fn every_change_reaches_the_ledger_once_and_in_order() {
    let hospital = Hospital::furnished().await;
    let ledger = hospital.ledger();
    assert_eq!(hospital.store.outbox_len().await.unwrap(), 9);
    assert_eq!(hospital.store.drain_outbox(&ledger).await.unwrap(), 9);
    assert_eq!(hospital.store.drain_outbox(&ledger).await.unwrap(), 0);
    let request = KeyRequest {
        app: "ward-notes",
        person: None,
        environment: "test",
        expires: at("2027-01-01T00:00:00Z"),
        systems: &[],
        purposes: &[],
    };
    let key = hospital.store.create_key(&request, now()).await.unwrap();
    hospital.store.revoke_key(key.id, now()).await.unwrap();
    let edited = example().replace("name: Ward notes", "name: Notes of the ward");
    hospital.yaml(&edited).await.unwrap();
    hospital
        .store
        .shred_patient("Patient/pat-001", &(), now())
        .await
        .unwrap();
    assert_eq!(hospital.store.drain_outbox(&ledger).await.unwrap(), 4);
    let events = events(&ledger);
    let told: Vec<String> = events
        .iter()
        .map(|event| {
            let record = event.text("record").unwrap_or("-");
            format!("{} {record}", event.kind)
        })
        .collect();
    assert_eq!(
        told,
        [
            "record.changed vendor",
            "record.changed system",
            "record.changed app",
            "record.changed person",
            "record.changed flow",
            "record.changed settings",
            "record.changed patient",
            "record.changed patient",
            "record.changed consent",
            "key.created -",
            "key.revoked -",
            "record.changed app",
            "patient.shredded -",
        ]
    );
    assert_eq!(events[9].record_id("key"), Some(key.id));
    let app = &events[11];
    assert_eq!(app.text("change"), Some("changed"));
    assert_eq!(app.data()["fields"], serde_json::json!(["name"]));
    assert_eq!(
        (app.number("version"), app.digest("digest").is_some()),
        (Some(2), true)
    );
}

#[tokio::test]
async fn a_crash_between_append_and_mark_does_not_repeat_an_event() {
    let hospital = Hospital::furnished().await;
    let ledger = hospital.ledger();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    // As if the process had ended before it marked the last three.
    hospital.store.close().await;
    let path = hospital.dir.path().join("records.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("UPDATE outbox SET ledger_index = NULL WHERE ledger_index >= 6")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let again = hospital.again().await;
    assert_eq!(again.outbox_len().await.unwrap(), 3);
    assert_eq!(again.drain_outbox(&ledger).await.unwrap(), 0);
    assert_eq!(again.outbox_len().await.unwrap(), 0);
    assert_eq!(ledger.size(), 9);
}

#[tokio::test]
async fn an_event_that_another_process_left_is_drained_by_the_holder_of_the_ledger() {
    let hospital = Hospital::furnished().await;
    let ledger = hospital.ledger();
    let server = hospital.again().await;
    assert_eq!(server.drain_outbox(&ledger).await.unwrap(), 9);
    hospital
        .yaml(&example().replace("burst: 60", "burst: 61"))
        .await
        .unwrap();
    assert_eq!(server.drain_outbox(&ledger).await.unwrap(), 1);
}

#[tokio::test]
async fn a_change_of_policies_is_told_with_both_hashes() {
    let hospital = Hospital::empty().await;
    let ledger = hospital.ledger();
    let before = hospital.store.snapshot().policies().hash();
    let policy = concat!(
        "kind: Policy\nid: mine\ncedar: |\n  @id(\"mine.alone\")\n",
        "  permit (principal, action == Wardgate::Action::\"call\", resource);\n",
    );
    hospital.yaml(policy).await.unwrap();
    let after = hospital.store.snapshot().policies().hash();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    let events = events(&ledger);
    assert_eq!(events[1].kind, EventKind::PolicyChanged);
    assert_eq!(events[1].digest("before"), Some(before));
    assert_eq!(events[1].digest("after"), Some(after));
}

async fn append(ledger: &Ledger, event: &Event<'_>, id: RecordId) {
    let leaf = event.leaf(id, now()).unwrap();
    ledger.append([0; 32], leaf).await.unwrap();
}

fn intent() -> Event<'static> {
    use wardgate_records::events::{CallIntent, DeidSummary};
    let word = Token::UNFIT;
    Event::CallIntent(CallIntent {
        app: word,
        key: Some(RecordId::from_bytes([0; 16])),
        credential: None,
        on_behalf_of: None,
        person: None,
        system: word,
        system_digest: None,
        purpose: word,
        patient: None,
        data_class: word,
        recipient: word,
        region: word,
        policy_hash: [0; 32],
        policies: &[],
        facts: &[],
        consents: &[],
        consent_default: None,
        facts_as_of: None,
        decision: None,
        gates: &[],
        deid: DeidSummary {
            counts: &[],
            off: None,
            scanned_bytes: 0,
        },
        request_commitment: [0; 32],
        endpoint: word,
        stream: false,
    })
}

#[tokio::test]
async fn open_calls_are_found_back_to_the_last_start() {
    let hospital = Hospital::empty().await;
    let ledger = hospital.ledger();
    let id = |byte| RecordId::from_bytes([byte; 16]);
    let started = Event::GatewayStarted(GatewayStarted {
        boot: id(9),
        version: Token::UNFIT,
        policy_hash: [0; 32],
        recovered: 0,
    });
    assert_eq!(open_intents(&ledger).unwrap(), []);
    append(&ledger, &intent(), id(1)).await;
    append(&ledger, &started, id(2)).await;
    for call in [3, 4, 5] {
        append(&ledger, &intent(), id(call)).await;
    }
    let closed = Event::CallOutcome(CallOutcome::unknown_after_restart(id(4)));
    append(&ledger, &closed, id(6)).await;
    let open = open_intents(&ledger).unwrap();
    let calls: Vec<(RecordId, u64)> = open.iter().map(|open| (open.call, open.index)).collect();
    assert_eq!(calls, [(id(3), 2), (id(5), 4)]);
    for open in open {
        let outcome = Event::CallOutcome(CallOutcome::unknown_after_restart(open.call));
        append(&ledger, &outcome, id(7)).await;
    }
    assert_eq!(open_intents(&ledger).unwrap(), []);
}
