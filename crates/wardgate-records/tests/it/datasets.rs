//! Data sets that left, who may cite them, and privacy budgets.

use wardgate_records::events::StoredEvent;
use wardgate_records::{DatasetRelease, RecordId, RecordsError, Spending};

use crate::hospital::{Hospital, example, faults, now};

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

fn release(number: u8) -> DatasetRelease<'static> {
    DatasetRelease {
        id: RecordId::new(now(), [number; 10]),
        name: "discharge-2026",
        manifest: [number; 32],
        files: 3,
        bytes: 4096,
        guarantee: "deidentified k=5",
        waived: "",
        person: "dr.osei",
    }
}

#[tokio::test]
async fn a_release_is_in_the_ledger_before_anybody_asks() {
    let hospital = Hospital::furnished().await;
    let told = hospital
        .store
        .release_dataset(&release(1), now())
        .await
        .unwrap();
    assert!(!hospital.store.is_in_ledger(told).await.unwrap());
    let events = events(&hospital, "dataset.released").await;
    assert!(hospital.store.is_in_ledger(told).await.unwrap());
    assert_eq!(events[0].id, told);
    assert_eq!(events[0].digest("manifest"), Some([1; 32]));
    assert_eq!(events[0].text("guarantee"), Some("deidentified k=5"));
    let all = hospital.store.datasets().await.unwrap();
    assert_eq!((all.len(), all[0].event), (1, told));
    let again = hospital.store.release_dataset(&release(1), now()).await;
    assert!(matches!(again, Err(RecordsError::DatasetRefused { .. })));
}

#[tokio::test]
async fn a_refusal_is_kept_with_its_reasons() {
    let hospital = Hospital::furnished().await;
    let asked = ("discharge-2026", "dr.osei");
    let reasons = "release.k release.verifier_off";
    let store = &hospital.store;
    store
        .refuse_dataset(asked, "k=5", reasons, now())
        .await
        .unwrap();
    let events = events(&hospital, "dataset.refused").await;
    assert_eq!(events[0].text("reasons"), Some(reasons));
    assert!(store.datasets().await.unwrap().is_empty());
    for asked in [("two words", "dr.osei"), ("discharge-2026", "nobody")] {
        assert!(
            store
                .refuse_dataset(asked, "k=5", reasons, now())
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn a_system_cites_only_data_sets_that_left() {
    let hospital = Hospital::furnished().await;
    let digest = format!("sha256:{}", "01".repeat(32));
    let citing = example().replace(
        "training_data: []",
        &format!("training_data: [\"{digest}\"]"),
    );
    assert!(citing.contains(&digest));
    let found = faults(hospital.yaml(&citing).await.unwrap_err());
    assert_eq!(found.len(), 1);
    assert!(
        found[0].message.contains("there is no data set"),
        "{}",
        found[0].message
    );
    assert!(found[0].hint.contains("wardgate release make"));
    hospital
        .store
        .release_dataset(&release(1), now())
        .await
        .unwrap();
    let applied = hospital.yaml(&citing).await.unwrap();
    assert_eq!(applied.differences.len(), 1);
    assert_eq!(hospital.yaml(&citing).await.unwrap().differences.len(), 0);
    let wrong = citing.replace(&digest, "md5:01");
    let found = faults(hospital.yaml(&wrong).await.unwrap_err());
    assert!(
        found
            .iter()
            .any(|fault| fault.message.contains("not a SHA-256"))
    );
}

#[tokio::test]
async fn a_budget_is_never_overspent_however_many_ask() {
    let hospital = Hospital::furnished().await;
    let store = &hospital.store;
    let accounting = ("pure", "{\"pure\":{\"epsilon\":\"1\"}}", 1_000);
    store
        .open_budget("adult", accounting, "dr.osei", now())
        .await
        .unwrap();
    assert!(
        store
            .open_budget("adult", accounting, "dr.osei", now())
            .await
            .is_err()
    );
    let spend = |number, price| Spending {
        budget: "adult",
        number,
        price,
        question: [7; 32],
        person: "dr.osei",
    };
    let spendings: Vec<_> = (0..8).map(|_| spend(1, 400)).collect();
    let mut done = 0;
    for spending in &spendings {
        match store.spend_budget(spending, now()).await {
            Ok(_) => done += 1,
            Err(error) => assert!(matches!(error, RecordsError::BudgetMoved { .. }), "{error}"),
        }
    }
    assert_eq!(done, 1);
    store.spend_budget(&spend(2, 600), now()).await.unwrap();
    let over = store.spend_budget(&spend(3, 1), now()).await;
    assert!(matches!(over, Err(RecordsError::BudgetExhausted { .. })));
    let nothing = store.spend_budget(&spend(3, 0), now()).await;
    assert!(matches!(nothing, Err(RecordsError::BudgetExhausted { .. })));
    let left = store.privacy_budget("adult").await.unwrap();
    assert_eq!((left.spent, left.spendings, left.limit), (1_000, 2, 1_000));
    let events = events(&hospital, "budget.spent").await;
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.number("spent"), event.number("left")))
        .collect();
    assert_eq!(told, [(Some(400), Some(600)), (Some(1_000), Some(0))]);
    assert!(matches!(
        store.privacy_budget("other").await,
        Err(RecordsError::Unknown { .. })
    ));
}

#[test]
fn spenders_at_once_never_exceed_a_budget() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let here = runtime();
    let hospital = here.block_on(Hospital::furnished());
    let accounting = ("pure", "{}", 1_000);
    let opened = hospital
        .store
        .open_budget("adult", accounting, "dr.osei", now());
    here.block_on(opened).unwrap();
    // Each has a store of its own, as processes have.
    let spender = || {
        runtime().block_on(async {
            let store = hospital.again().await;
            for _ in 0..40 {
                let before = store.privacy_budget("adult").await.unwrap();
                let spending = Spending {
                    budget: "adult",
                    number: before.spendings + 1,
                    price: 90,
                    question: [7; 32],
                    person: "dr.osei",
                };
                match store.spend_budget(&spending, now()).await {
                    Ok(_) | Err(RecordsError::BudgetMoved { .. }) => {}
                    Err(RecordsError::BudgetExhausted { .. }) => break,
                    Err(error) => panic!("{error}"),
                }
            }
        });
    };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(spender);
        }
    });
    let left = here
        .block_on(hospital.store.privacy_budget("adult"))
        .unwrap();
    assert_eq!((left.spent, left.spendings), (990, 11));
}
