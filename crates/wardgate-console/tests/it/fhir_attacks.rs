//! Attacks on the consents: what must not be read, written, guessed or carried along.

use serde_json::json;

use crate::consent_desk::{Desk, consent};

#[tokio::test]
async fn without_a_grant_every_answer_is_the_same_whatever_there_is() {
    let desk = Desk::open().await;
    let made = desk.post("/fhir/Consent", &consent("active")).await.json();
    let id = made["id"].as_str().unwrap();
    let there = [
        format!("/fhir/Consent/{id}"),
        format!("/fhir/Consent/{id}/_history"),
        format!("/fhir/Provenance?target=Consent/{id}"),
        "/fhir/Consent?patient=Patient/maria".to_owned(),
    ];
    let not_there = [
        "/fhir/Consent/guess",
        "/fhir/Consent/guess/_history",
        "/fhir/Provenance?target=Consent/guess",
        "/fhir/Consent?patient=Patient/nobody",
    ];
    for (there, not_there) in there.iter().zip(not_there) {
        let (left, right) = (
            desk.strange("GET", there).await,
            desk.strange("GET", not_there).await,
        );
        assert_eq!((left.status, right.status), (401, 401));
        assert_eq!(left.body, right.body);
        let left = desk.as_key(&desk.plain_key, "GET", there, "").await;
        let right = desk.as_key(&desk.plain_key, "GET", not_there, "").await;
        assert_eq!((left.status, right.status), (403, 403), "{}", left.body);
        assert_eq!(left.body, right.body);
    }
    for patient in ["maria", "nobody"] {
        let mut consent = consent("active");
        consent["patient"]["reference"] = json!(format!("Patient/{patient}"));
        let written = desk
            .as_key(
                &desk.plain_key,
                "POST",
                "/fhir/Consent",
                &consent.to_string(),
            )
            .await;
        assert_eq!(written.status, 403);
    }
}

#[tokio::test]
async fn a_guessed_id_of_another_is_no_different_from_one_that_nobody_has() {
    let desk = Desk::open().await;
    let unknown = [
        "guess",
        "..%2f..%2fPatient",
        "%00",
        "a%20b",
        "0193567a-0000-7000-8000-000000000000",
    ];
    let mut bodies: Vec<String> = Vec::new();
    for id in unknown {
        let answer = desk.get(&format!("/fhir/Consent/{id}")).await;
        assert_eq!(answer.status, 404, "{id}");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn what_is_too_large_too_deep_doubled_or_of_another_type_is_refused_without_repeating_it() {
    let desk = Desk::open().await;
    let good = consent("active").to_string();
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let json = &[("content-type", "application/fhir+json")][..];
    let cases: Vec<(Headers<'_>, String, u16)> = vec![
        (
            json,
            good.replace("\"status\":", "\"status\":\"castellanos\",\"status\":"),
            422,
        ),
        (
            json,
            good.replace("\"type\":", "\"type\":\"deny\",\"type\":"),
            422,
        ),
        (json, good.replace("\"permit\"", &deep), 422),
        (
            json,
            good.replace("\"permit\"", &format!("\"{}\"", "x".repeat(262_144))),
            413,
        ),
        (json, "castellanos".to_owned(), 422),
        (json, String::new(), 422),
        (&[("content-type", "text/plain")], good.clone(), 415),
        (
            &[("content-type", "application/fhir+xml")],
            good.clone(),
            415,
        ),
        (&[], good.clone(), 415),
    ];
    for (headers, body, status) in cases {
        let refused = desk.send("POST", "/fhir/Consent", headers, &body).await;
        assert_eq!(refused.status, status, "{}", refused.body);
        assert!(!refused.body.contains("castellanos"), "{}", refused.body);
        assert_eq!(
            refused.json()["resourceType"],
            "OperationOutcome",
            "{}",
            refused.body
        );
    }
    let accepts = [("accept", "application/fhir+xml")];
    assert_eq!(
        desk.send("GET", "/fhir/Consent", &accepts, "").await.status,
        406
    );
    assert_eq!(desk.get("/fhir/Consent").await.json()["total"], 0);
}

#[tokio::test]
async fn a_consent_cannot_be_moved_to_another_patient_or_under_another_id() {
    let desk = Desk::open().await;
    let made = desk.post("/fhir/Consent", &consent("active")).await.json();
    let path = format!("/fhir/Consent/{}", made["id"].as_str().unwrap());
    let mut moved = made.clone();
    moved["patient"]["reference"] = json!("Patient/otto");
    assert_eq!(desk.put(&path, &moved, None).await.status, 422);
    let mut renamed = made.clone();
    renamed["id"] = json!("mine");
    assert_eq!(desk.put(&path, &renamed, None).await.status, 400);
    assert_eq!(
        desk.put("/fhir/Consent/mine", &renamed, None).await.status,
        404
    );
    assert_eq!(desk.get(&path).await.json(), made);
}

#[tokio::test]
async fn of_many_that_update_one_version_at_the_same_time_one_wins() {
    let desk = Desk::open().await;
    let made = desk.post("/fhir/Consent", &consent("active")).await.json();
    let path = format!("/fhir/Consent/{}", made["id"].as_str().unwrap());
    let statuses = [
        "inactive",
        "rejected",
        "draft",
        "proposed",
        "entered-in-error",
    ];
    let updates = statuses.map(|status| {
        let mut update = made.clone();
        update["status"] = json!(status);
        update
    });
    let [a, b, c, d, e] = &updates;
    let tag = Some("W/\"1\"");
    let (a, b, c, d, e) = tokio::join!(
        desk.put(&path, a, tag),
        desk.put(&path, b, tag),
        desk.put(&path, c, tag),
        desk.put(&path, d, tag),
        desk.put(&path, e, tag),
    );
    let mut answers = [a, b, c, d, e].map(|answer| answer.status);
    answers.sort_unstable();
    assert_eq!(answers, [200, 412, 412, 412, 412]);
}

#[tokio::test]
async fn a_script_is_kept_and_given_back_as_data_that_no_browser_runs() {
    let desk = Desk::open().await;
    let mut scripted = consent("draft");
    let script = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>alert(1)</script></div>";
    scripted["text"] = json!({"status": "generated", "div": script});
    let made = desk.post("/fhir/Consent", &scripted).await.json();
    let read = desk
        .get(&format!("/fhir/Consent/{}", made["id"].as_str().unwrap()))
        .await;
    assert_eq!(read.json()["text"]["div"], script);
    assert!(
        read.header("content-type")
            .starts_with("application/fhir+json")
    );
    assert_eq!(read.header("x-content-type-options"), "nosniff");
    assert!(
        read.header("content-security-policy")
            .contains("default-src")
    );
    let nowhere = desk.get("/fhir/%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert_eq!(nowhere.status, 404);
    assert!(!nowhere.body.contains("script"));
}

#[tokio::test]
async fn a_page_of_another_site_cannot_write_with_the_session_of_a_person() {
    let desk = Desk::open().await;
    let body = consent("active").to_string();
    let headers = [
        ("content-type", "application/fhir+json"),
        ("cookie", "__Host-wardgate=whatever"),
        ("origin", "https://evil.example"),
    ];
    for path in ["/fhir/Consent", "/fhir", "/fhir/"] {
        let refused = desk.send("POST", path, &headers, &body).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.body);
    }
}
