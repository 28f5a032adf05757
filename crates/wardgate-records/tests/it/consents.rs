//! Consents, their versions, and the queue of those that cannot be computed.

use std::path::Path;

use wardgate_records::{
    Author, ConsentError, ConsentSearch, ConsentWrite, DateFilter, Documents, Mode, Origin,
    PatientMatch, SearchToken, Severity, StoredConsent,
};

use crate::hospital::{Hospital, PATIENTS, at, faults, holds, now};

const SCOPE: &str = r#""scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]}"#;
const CATEGORY: &str =
    r#""category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}]"#;

/// A consent of a patient with more elements.
fn consent(patient: &str, status: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Consent","status":"{status}",{SCOPE},{CATEGORY},"patient":{{"reference":"Patient/{patient}"}}{more}}}"#
    )
}

fn permit(patient: &str) -> String {
    consent(patient, "active", r#","provision":{"type":"permit"}"#)
}

fn kiosk() -> Author {
    Author::App("consent-desk".to_owned())
}

async fn write(
    hospital: &Hospital,
    write: ConsentWrite<'_>,
) -> Result<StoredConsent, ConsentError> {
    let author = kiosk();
    let written = hospital
        .store
        .write_consents(&[write], (&author, Origin::Api), now())
        .await;
    match written {
        Ok(mut changed) => Ok(changed.remove(0).consent),
        Err(refused) => Err(refused.why),
    }
}

async fn create(hospital: &Hospital, json: &str) -> Result<StoredConsent, ConsentError> {
    write(hospital, ConsentWrite::Create { json }).await
}

async fn update(
    hospital: &Hospital,
    id: &str,
    json: &str,
    if_version: Option<u64>,
) -> Result<StoredConsent, ConsentError> {
    let update = ConsentWrite::Update {
        id,
        json,
        if_version,
    };
    write(hospital, update).await
}

fn in_snapshot(hospital: &Hospital, patient: &str) -> usize {
    let snapshot = hospital.store.snapshot();
    match snapshot.patient(&format!("Patient/{patient}")) {
        PatientMatch::One(file) => snapshot.consents(file.handle).len(),
        _ => 0,
    }
}

#[tokio::test]
async fn a_consent_is_created_with_an_id_of_the_store_and_read_with_its_version() {
    let hospital = Hospital::furnished().await;
    let theirs = permit("pat-002").replace(
        "\"status\"",
        r#""id":"theirs","meta":{"versionId":"9","lastUpdated":"2001-01-01T00:00:00Z","profile":["http://p.example"]},"status""#,
    );
    let created = create(&hospital, &theirs).await.unwrap();
    assert_ne!(created.id, "theirs");
    assert_eq!(created.version, 1);
    assert_eq!(in_snapshot(&hospital, "pat-002"), 1);
    let read = hospital.store.consent(&created.id).await.unwrap();
    assert_eq!(*read.json, *created.json);
    let json: serde_json::Value = serde_json::from_str(&read.json).unwrap();
    assert_eq!(json["id"], created.id.as_str());
    assert_eq!(json["meta"]["versionId"], "1");
    assert_eq!(json["meta"]["lastUpdated"], "2026-11-23T10:00:00.000000Z");
    assert_eq!(json["meta"]["profile"][0], "http://p.example");
    assert_eq!(read.written.by, kiosk());
    assert_eq!(read.written.how, Origin::Api);
    for unknown in ["theirs", "", "consent-pat-001-A"] {
        let none = hospital.store.consent(unknown).await;
        assert!(matches!(none, Err(ConsentError::Unknown)), "{unknown}");
    }
}

#[tokio::test]
async fn a_withdrawal_is_a_new_version_and_the_old_ones_stay() {
    let hospital = Hospital::furnished().await;
    let created = create(&hospital, &permit("pat-002")).await.unwrap();
    let inactive = permit("pat-002").replace("active", "inactive");
    let stale = update(&hospital, &created.id, &inactive, Some(7)).await;
    assert!(matches!(stale, Err(ConsentError::Conflict { current: 1 })));
    let withdrawn = update(&hospital, &created.id, &inactive, Some(1))
        .await
        .unwrap();
    assert_eq!(withdrawn.version, 2);
    let again = update(&hospital, &created.id, &inactive, None)
        .await
        .unwrap();
    assert_eq!(again.version, 2, "nothing changed, so there is no version");
    let store = &hospital.store;
    let history = store.consent_history(&created.id, None, 10).await.unwrap();
    let versions: Vec<u64> = history.iter().map(|version| version.version).collect();
    assert_eq!(versions, [2, 1]);
    let older = store
        .consent_history(&created.id, Some(2), 10)
        .await
        .unwrap();
    assert_eq!(older.len(), 1);
    let first = store.consent_version(&created.id, 1).await.unwrap();
    assert_eq!(*first.json, *created.json);
    assert!(matches!(
        store.consent_version(&created.id, 3).await,
        Err(ConsentError::Unknown)
    ));
    let of_first = store
        .consent_of_provenance(&first.provenance_id())
        .await
        .unwrap();
    assert_eq!(of_first.version, 1);
    for unknown in [
        "",
        "-",
        "x-1",
        &first.provenance_id()[1..],
        &format!("{}9", first.provenance_id()),
    ] {
        let none = store.consent_of_provenance(unknown).await;
        assert!(matches!(none, Err(ConsentError::Unknown)), "{unknown}");
    }
}

#[tokio::test]
async fn of_two_that_update_the_same_version_one_wins() {
    let hospital = Hospital::furnished().await;
    let created = create(&hospital, &permit("pat-002")).await.unwrap();
    let inactive = permit("pat-002").replace("active", "inactive");
    let rejected = permit("pat-002").replace("active", "rejected");
    let (left, right) = tokio::join!(
        update(&hospital, &created.id, &inactive, Some(1)),
        update(&hospital, &created.id, &rejected, Some(1)),
    );
    assert_eq!(usize::from(left.is_ok()) + usize::from(right.is_ok()), 1);
    let lost = left.err().or(right.err()).unwrap();
    assert!(matches!(lost, ConsentError::Conflict { current: 2 }));
}

#[tokio::test]
async fn a_consent_never_changes_hands_and_never_names_a_stranger() {
    let hospital = Hospital::furnished().await;
    let created = create(&hospital, &permit("pat-002")).await.unwrap();
    let moved = update(&hospital, &created.id, &permit("pat-001"), None).await;
    assert!(matches!(moved, Err(ConsentError::OtherPatient)));
    let stranger = create(&hospital, &permit("castellanos")).await.unwrap_err();
    assert!(matches!(stranger, ConsentError::UnknownPatient));
    assert!(!format!("{stranger} {stranger:?}").contains("castellanos"));
    let nowhere = update(&hospital, "nowhere", &permit("castellanos"), None).await;
    assert!(matches!(nowhere, Err(ConsentError::Unknown)));
}

#[tokio::test]
async fn what_is_no_consent_is_refused_without_repeating_it() {
    let hospital = Hospital::furnished().await;
    let good = permit("pat-002");
    let text = "x".repeat(300_000);
    let long = format!("\"text\":{{\"div\":\"{text}\"}},\"status\"");
    let cases = [
        ("{".to_owned(), "Consent"),
        ("[]".to_owned(), "Consent"),
        (good.replace("Consent\"", "Castellanos\""), "Consent"),
        (
            good.replace("\"active\"", "\"castellanos\""),
            "Consent.status",
        ),
        (good.replace("\"active\"", "7"), "Consent.status"),
        (good.replace(SCOPE, r#""scope":[]"#), "Consent.scope"),
        (good.replace(&format!("{SCOPE},"), ""), "Consent.scope"),
        (
            good.replace(CATEGORY, r#""category":[]"#),
            "Consent.category",
        ),
        (
            good.replace("\"status\"", "\"castellanos\":1,\"status\""),
            "Consent",
        ),
        (
            good.replace("\"status\"", "\"status\":\"active\",\"status\""),
            "Consent",
        ),
        (
            good.replace("\"type\":", "\"type\":\"deny\",\"type\":"),
            "Consent",
        ),
        (
            good.replace("\"status\"", "\"meta\":7,\"status\""),
            "Consent.meta",
        ),
        (
            good.replace(
                "\"status\"",
                "\"meta\":{\"a\":{\"b\":1,\"b\":2}},\"status\"",
            ),
            "Consent",
        ),
        (
            good.replace("\"status\"", "\"dateTime\":\"castellanos\",\"status\""),
            "Consent.dateTime",
        ),
        (good.replace("Patient/", "Castellanos/"), "Consent.patient"),
        (
            good.replace(
                "\"type\":\"permit\"",
                &format!("\"a\":{}{}", "[".repeat(200), "]".repeat(200)),
            ),
            "Consent",
        ),
        (good.replace("\"status\"", &long), "Consent"),
    ];
    for (json, element) in cases {
        let refused = create(&hospital, &json).await.unwrap_err();
        let ConsentError::Invalid(issues) = &refused else {
            panic!("{refused:?}");
        };
        assert_eq!(issues[0].element, element, "{issues:?}");
        assert!(!format!("{issues:?}").to_lowercase().contains("castellanos"));
    }
    assert_eq!(in_snapshot(&hospital, "pat-002"), 0);
}

#[tokio::test]
async fn several_are_written_together_or_not_at_all() {
    let hospital = Hospital::furnished().await;
    let (good, bad) = (permit("pat-002"), permit("nobody"));
    let writes = [
        ConsentWrite::Create { json: &good },
        ConsentWrite::Create { json: &bad },
    ];
    let before = hospital.store.outbox_len().await.unwrap();
    let author = kiosk();
    let refused = hospital
        .store
        .write_consents(&writes, (&author, Origin::Api), now())
        .await
        .unwrap_err();
    assert_eq!(refused.at, 1);
    assert_eq!(in_snapshot(&hospital, "pat-002"), 0);
    assert_eq!(hospital.store.outbox_len().await.unwrap(), before);
}

#[tokio::test]
async fn a_search_finds_by_patient_status_category_and_dates_page_by_page() {
    let hospital = Hospital::furnished().await;
    for day in 1..=5 {
        let more = format!(r#","dateTime":"2026-03-0{day}","provision":{{"type":"permit"}}"#);
        create(&hospital, &consent("pat-002", "active", &more))
            .await
            .unwrap();
    }
    create(&hospital, &consent("pat-002", "draft", ""))
        .await
        .unwrap();
    let found = async |search: ConsentSearch<'_>| {
        let page = hospital.store.search_consents(&search).await.unwrap();
        (page.consents.len(), page.next)
    };
    let base = || ConsentSearch {
        count: 50,
        ..ConsentSearch::default()
    };
    let of = |patient| ConsentSearch {
        patient: Some(patient),
        ..base()
    };
    assert_eq!(found(base()).await, (7, None));
    assert_eq!(found(of("Patient/pat-002")).await, (6, None));
    assert_eq!(found(of("Patient/pat-001")).await, (1, None));
    assert_eq!(found(of("Patient/nobody")).await, (0, None));
    let drafts = ConsentSearch {
        statuses: vec!["draft"],
        ..base()
    };
    assert_eq!(found(drafts).await.0, 1);
    let ids = ConsentSearch {
        ids: vec!["consent-pat-001-a", "x"],
        ..base()
    };
    assert_eq!(found(ids).await.0, 1);
    let march = ConsentSearch {
        dates: vec![DateFilter::parse("ge2026-03-04").unwrap()],
        ..base()
    };
    assert_eq!(found(march).await.0, 2);
    let fresh = ConsentSearch {
        last_updated: vec![DateFilter::parse("gt2026-11-23T10:00:00Z").unwrap()],
        ..base()
    };
    assert_eq!(found(fresh).await.0, 0);
    let category = ConsentSearch {
        categories: vec![SearchToken::parse("http://loinc.org|59284-0")],
        ..base()
    };
    assert_eq!(found(category).await.0, 7);
    let mut seen = std::collections::BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let search = ConsentSearch {
            count: 2,
            after: after.as_deref(),
            ..of("Patient/pat-002")
        };
        let page = hospital.store.search_consents(&search).await.unwrap();
        assert!(page.consents.len() <= 2);
        seen.extend(page.consents.iter().map(|consent| consent.id.clone()));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn what_cannot_be_computed_waits_in_the_queue_until_somebody_settles_it() {
    let hospital = Hospital::furnished().await;
    let officer = Author::Person("p-officer".to_owned());
    let turned = consent(
        "pat-002",
        "active",
        r#","modifierExtension":[{"url":"http://x.example","valueBoolean":true}],"provision":{"type":"permit"}"#,
    );
    let first = create(&hospital, &turned).await.unwrap();
    let second = create(&hospital, &turned).await.unwrap();
    let store = &hospital.store;
    let queue = store.consent_queue(None, 1).await.unwrap();
    assert_eq!(queue.consents.len(), 1);
    let rest = store
        .consent_queue(queue.next.as_deref(), 10)
        .await
        .unwrap();
    assert_eq!((rest.consents.len(), rest.next), (1, None));
    let entry = &queue.consents[0];
    assert!(entry.reasons[0].contains("modifier extension"), "{entry:?}");
    assert_eq!(entry.written.by, kiosk());

    let stale = store.confirm_consent((&first.id, 9), &officer, now()).await;
    assert!(matches!(stale, Err(ConsentError::Conflict { current: 1 })));
    let told = store.outbox_len().await.unwrap();
    store
        .confirm_consent((&first.id, 1), &officer, now())
        .await
        .unwrap();
    assert_eq!(store.outbox_len().await.unwrap(), told + 1);
    let twice = store.confirm_consent((&first.id, 1), &officer, now()).await;
    assert!(matches!(twice, Err(ConsentError::NothingToSettle)));
    let still = store
        .resolve_consent((&second.id, 1), &turned, &officer, now())
        .await;
    assert!(matches!(still, Err(ConsentError::NotComputable { .. })));
    let resolved = store
        .resolve_consent((&second.id, 1), &permit("pat-002"), &officer, now())
        .await
        .unwrap();
    assert_eq!(resolved.consent.written.how, Origin::Queue);
    assert!(
        store
            .consent_queue(None, 10)
            .await
            .unwrap()
            .consents
            .is_empty()
    );

    // Another version of what was settled is judged anew.
    let longer = turned.replace("\"valueBoolean\":true", "\"valueBoolean\":false");
    update(&hospital, &first.id, &longer, None).await.unwrap();
    assert_eq!(
        store.consent_queue(None, 10).await.unwrap().consents.len(),
        1
    );
    let computable = store
        .confirm_consent((&second.id, 2), &officer, now())
        .await;
    assert!(matches!(computable, Err(ConsentError::NothingToSettle)));
}

#[tokio::test]
async fn a_shredded_patient_takes_consents_history_and_queue_along() {
    let hospital = Hospital::furnished().await;
    let narrative = r#","text":{"status":"generated","div":"<div>Oyelaran agrees</div>"},"provision":{"type":"permit"}"#;
    let created = create(&hospital, &consent("pat-002", "active", narrative))
        .await
        .unwrap();
    let inactive = consent("pat-002", "inactive", narrative);
    update(&hospital, &created.id, &inactive, None)
        .await
        .unwrap();
    for (path, bytes) in hospital.raw_bytes() {
        assert!(!holds(&bytes, "Oyelaran"), "{}", path.display());
        assert!(!holds(&bytes, &created.id), "{}", path.display());
    }
    let store = &hospital.store;
    let provenance = created.provenance_id();
    let shredded = store
        .shred_patient("Patient/pat-002", &(), now())
        .await
        .unwrap();
    assert_eq!(shredded.consents, 1);
    assert!(matches!(
        store.consent(&created.id).await,
        Err(ConsentError::Unknown)
    ));
    assert!(matches!(
        store.consent_version(&created.id, 1).await,
        Err(ConsentError::Unknown)
    ));
    assert!(matches!(
        store.consent_history(&created.id, None, 10).await,
        Err(ConsentError::Unknown)
    ));
    assert!(matches!(
        store.consent_of_provenance(&provenance).await,
        Err(ConsentError::Unknown)
    ));
    let path = hospital.dir.path().join("records.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for table in ["consent_versions", "consent_settled"] {
        let left: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")))
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn a_file_of_consents_is_imported_whole_or_not_at_all_and_twice_is_once() {
    let hospital = Hospital::furnished().await;
    let line = |id: &str, patient: &str| {
        permit(patient).replace("\"status\"", &format!("\"id\":\"{id}\",\"status\""))
    };
    let import = async |name: &str, text: &str| {
        let documents = Documents::of_text(Path::new(name), text);
        hospital
            .store
            .import_consents(&documents, Mode::Commit, at("2026-11-23T11:00:00Z"))
            .await
    };
    let broken = format!("{}\n{}\n", line("i-1", "pat-002"), line("i-2", "nobody"));
    let refused = faults(import("ward.ndjson", &broken).await.unwrap_err());
    let places: Vec<u32> = refused.iter().map(|fault| fault.line).collect();
    assert_eq!(places, [2]);
    assert_eq!(in_snapshot(&hospital, "pat-002"), 0);

    let good = format!("{}\n{}\n", line("i-1", "pat-002"), line("i-2", "pat-002"));
    assert_eq!(
        import("ward.ndjson", &good)
            .await
            .unwrap()
            .differences
            .len(),
        2
    );
    assert_eq!(import("ward.ndjson", &good).await.unwrap().unchanged, 2);
    let imported = hospital.store.consent("i-2").await.unwrap();
    assert_eq!(imported.written.how, Origin::Import);
    assert_eq!(imported.written.by, Author::Host);
    assert_eq!(imported.written.source.unwrap().as_str(), "ward.ndjson:2");

    for kind in ["collection", "searchset", "transaction"] {
        let request = match kind {
            "transaction" => r#","request":{"method":"PUT","url":"Consent/b"}"#,
            _ => "",
        };
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{{"resource":{}{request}}}]}}"#,
            line(&format!("b-{kind}"), "pat-002")
        );
        assert_eq!(
            import("b.json", &bundle).await.unwrap().differences.len(),
            1
        );
    }
    let withdrawn = good.replace("\"active\"", "\"inactive\"");
    assert_eq!(
        import("ward.ndjson", &withdrawn)
            .await
            .unwrap()
            .differences
            .len(),
        2
    );
    assert_eq!(
        hospital
            .store
            .consent_history("i-1", None, 9)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_file_that_asks_for_more_than_consents_is_refused() {
    let hospital = Hospital::furnished().await;
    let deletes = r#"{"resourceType":"Bundle","type":"transaction","entry":[
        {"request":{"method":"DELETE","url":"Consent/consent-pat-001-a"}}]}"#;
    let nested = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{}}}]}}"#,
        r#"{"resourceType":"Bundle","type":"collection","entry":[]}"#
    );
    for (name, text, says) in [
        ("b.json", deletes, "something else than to write"),
        ("b.json", nested.as_str(), "in another bundle"),
        ("p.ndjson", PATIENTS, "only consents are imported"),
    ] {
        let documents = Documents::of_text(Path::new(name), text);
        let refused = hospital
            .store
            .import_consents(&documents, Mode::Commit, now())
            .await;
        let refused = faults(refused.unwrap_err());
        assert!(
            refused
                .iter()
                .any(|fault| fault.severity == Severity::Error && fault.message.contains(says)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_declared_consent_keeps_its_versions_too() {
    let hospital = Hospital::furnished().await;
    let declared = hospital.store.consent("consent-pat-001-a").await.unwrap();
    assert_eq!((declared.version, declared.written.how), (1, Origin::Apply));
    let withdrawn = PATIENTS.replace("\"active\"", "\"inactive\"");
    let documents = Documents::of_text(Path::new("p.ndjson"), &withdrawn);
    hospital.apply(&documents).await.unwrap();
    let history = hospital
        .store
        .consent_history("consent-pat-001-a", None, 9)
        .await
        .unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(
        history[0].written.source.as_ref().unwrap().as_str(),
        "p.ndjson:3"
    );
}
