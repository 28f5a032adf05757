//! Consents over FHIR, as a consent service of the hospital uses them.

use serde_json::{Value, json};

use crate::consent_desk::{Desk, consent};

#[tokio::test]
async fn a_consent_is_created_read_updated_and_its_history_kept() {
    let desk = Desk::open().await;
    let made = desk.post("/fhir/Consent", &consent("active")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("etag"), "W/\"1\"");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(
        made.header("location")
            .ends_with(&format!("/fhir/Consent/{id}/_history/1"))
    );
    let path = format!("/fhir/Consent/{id}");
    let read = desk.get(&path).await;
    assert_eq!((read.status, &read.body), (200, &made.body));
    assert!(
        read.header("content-type")
            .starts_with("application/fhir+json")
    );

    let mut inactive = consent("inactive");
    inactive["id"] = json!(id);
    let stale = desk.put(&path, &inactive, Some("W/\"4\"")).await;
    assert_eq!((stale.status, stale.issue()), (412, "conflict".to_owned()));
    let nonsense = desk.put(&path, &inactive, Some("yesterday")).await;
    assert_eq!(nonsense.status, 400);
    let withdrawn = desk.put(&path, &inactive, Some("W/\"1\"")).await;
    assert_eq!(
        (withdrawn.status, withdrawn.header("etag")),
        (200, "W/\"2\"")
    );

    let history = desk.get(&format!("{path}/_history?_count=1")).await.json();
    assert_eq!(history["type"], "history");
    assert_eq!(history["entry"][0]["resource"]["status"], "inactive");
    assert_eq!(history["entry"][0]["request"]["method"], "PUT");
    let next = history["link"][1]["url"].as_str().unwrap();
    let next = next.split_once("8444").unwrap().1;
    let older = desk.get(next).await.json();
    assert_eq!(older["entry"].as_array().unwrap().len(), 1);
    assert_eq!(older["entry"][0]["resource"]["status"], "active");
    assert_eq!(
        desk.get(&format!("{path}/_history/1")).await.body,
        made.body
    );
    assert_eq!(desk.get(&format!("{path}/_history/3")).await.status, 404);

    let deleted = desk.send("DELETE", &path, &[], "").await;
    assert_eq!(deleted.status, 405);
    let why = deleted.json()["issue"][0]["diagnostics"].to_string();
    assert!(why.contains("inactive") && why.contains("denial"), "{why}");
}

#[tokio::test]
async fn a_search_answers_with_a_searchset_that_is_paged_and_strict() {
    let desk = Desk::open().await;
    for _ in 0..3 {
        desk.post("/fhir/Consent", &consent("draft")).await;
    }
    let found = desk
        .get("/fhir/Consent?patient=Patient/maria&status=draft")
        .await;
    let found = found.json();
    assert_eq!(
        (&found["type"], &found["total"]),
        (&json!("searchset"), &json!(3))
    );
    let mut next = "/fhir/Consent?patient=maria&_count=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = desk.get(&next).await.json();
        for entry in page["entry"].as_array().into_iter().flatten() {
            seen.push(entry["resource"]["id"].to_string());
        }
        let links = page["link"].as_array().unwrap();
        let Some(link) = links.iter().find(|link| link["relation"] == "next") else {
            break;
        };
        next = link["url"]
            .as_str()
            .unwrap()
            .split_once("8444")
            .unwrap()
            .1
            .to_owned();
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let found = desk
        .send(
            "POST",
            "/fhir/Consent/_search",
            &form,
            "patient=Patient/maria",
        )
        .await;
    assert_eq!(found.json()["total"], 3);
    for query in [
        "_include=Consent:patient",
        "status:not=draft",
        "patient.name=x",
        "_count=0",
    ] {
        let refused = desk.get(&format!("/fhir/Consent?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(refused.json()["resourceType"], "OperationOutcome");
    }
}

#[tokio::test]
async fn provenance_names_who_wrote_when_and_how() {
    let desk = Desk::open().await;
    let made = desk.post("/fhir/Consent", &consent("draft")).await.json();
    let id = made["id"].as_str().unwrap();
    let found = desk
        .get(&format!("/fhir/Provenance?target=Consent/{id}"))
        .await
        .json();
    let provenance = &found["entry"][0]["resource"];
    assert_eq!(
        provenance["target"][0]["reference"],
        format!("Consent/{id}/_history/1")
    );
    assert_eq!(
        provenance["agent"][0]["who"]["identifier"]["value"],
        "privacy_officer"
    );
    assert_eq!(provenance["activity"]["coding"][0]["code"], "CREATE");
    assert_eq!(provenance["recorded"], made["meta"]["lastUpdated"]);
    let path = format!("/fhir/Provenance/{}", provenance["id"].as_str().unwrap());
    assert_eq!(&desk.get(&path).await.json(), provenance);
    assert_eq!(desk.get("/fhir/Provenance/x-1").await.status, 404);
    assert_eq!(desk.get("/fhir/Provenance").await.status, 400);
    let other = desk
        .get("/fhir/Provenance?target=Patient/maria")
        .await
        .json();
    assert_eq!(other["total"], 0);
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_a_batch_is_each_by_itself() {
    let desk = Desk::open().await;
    let mut stranger = consent("draft");
    stranger["patient"]["reference"] = json!("Patient/castellanos");
    let bundle = |kind: &str| {
        let entry = |resource: &Value| json!({"resource": resource, "request": {"method": "POST", "url": "Consent"}});
        json!({"resourceType": "Bundle", "type": kind, "entry": [entry(&consent("draft")), entry(&stranger)]})
    };
    let refused = desk.post("/fhir", &bundle("transaction")).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(
        refused.json()["issue"][0]["expression"][0],
        "Bundle.entry[1].resource"
    );
    assert!(!refused.body.contains("castellanos"));
    assert_eq!(desk.get("/fhir/Consent").await.json()["total"], 0);

    let answer = desk.post("/fhir/", &bundle("batch")).await.json();
    assert_eq!(answer["type"], "batch-response");
    assert!(
        answer["entry"][0]["response"]["status"]
            .as_str()
            .unwrap()
            .starts_with("201")
    );
    assert!(
        answer["entry"][1]["response"]["status"]
            .as_str()
            .unwrap()
            .starts_with("422")
    );
    let id = answer["entry"][0]["resource"]["id"].as_str().unwrap();

    let mut update = consent("proposed");
    update["id"] = json!(id);
    let url = format!("Consent/{id}");
    let put = |tag: &str| {
        json!({"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": update, "request": {"method": "PUT", "url": url, "ifMatch": tag}}]})
    };
    assert_eq!(desk.post("/fhir", &put("W/\"9\"")).await.status, 412);
    assert_eq!(desk.post("/fhir", &put("W/\"1\"")).await.status, 200);
    let delete = json!({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"request": {"method": "DELETE", "url": url}}]});
    assert_eq!(desk.post("/fhir", &delete).await.status, 400);
    let many: Vec<Value> = (0..201).map(|_| json!({})).collect();
    let many = json!({"resourceType": "Bundle", "type": "batch", "entry": many});
    assert_eq!(desk.post("/fhir", &many).await.status, 413);
}

#[tokio::test]
async fn the_queue_is_listed_and_settled_by_a_privacy_officer_only() {
    let desk = Desk::open().await;
    let mut turned = consent("active");
    turned["modifierExtension"] = json!([{"url": "http://x.example", "valueBoolean": true}]);
    let made = desk.post("/fhir/Consent", &turned).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let queue = desk.get("/api/consents/queue").await.json();
    let waiting = &queue["consents"][0];
    assert_eq!(waiting["id"], made.json()["id"]);
    assert_eq!(waiting["by"], "person/privacy_officer");
    assert!(!waiting["reasons"][0].as_str().unwrap().is_empty());
    let path = format!("/api/consents/queue/{}", waiting["id"].as_str().unwrap());
    let confirm = json!({"version": 1, "never_permits": true}).to_string();
    let clinician = desk.as_key(&desk.plain_key, "POST", &path, &confirm).await;
    assert_eq!(clinician.status, 403, "{}", clinician.body);
    let both = json!({"version": 1, "never_permits": true, "consent": consent("active")});
    assert_eq!(desk.post_json(&path, &both).await.status, 400);
    let late = json!({"version": 7, "never_permits": true});
    assert_eq!(desk.post_json(&path, &late).await.status, 409);
    let still = json!({"version": 1, "consent": turned});
    assert_eq!(desk.post_json(&path, &still).await.status, 422);
    let settled = json!({"version": 1, "consent": consent("active")});
    let settled = desk.post_json(&path, &settled).await;
    assert_eq!(
        (settled.status, settled.json()["version"].as_u64()),
        (200, Some(2))
    );
    let queue = desk.get("/api/consents/queue").await.json();
    assert_eq!(queue["consents"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn what_it_can_do_is_told_to_everybody() {
    let desk = Desk::open().await;
    let statement = desk.strange("GET", "/fhir/metadata").await;
    assert_eq!(statement.status, 200);
    let statement = statement.json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    assert_eq!(resources.len(), 2);
}
