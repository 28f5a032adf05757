//! A page of somebody else sends what the signed-in person never asked for.

use wardgate_records::people::SessionKind;

use crate::stage::{ORIGIN, Reply, Stage};

async fn posted(stage: &Stage, session: &str, head: &[&str]) -> Reply {
    let cookie = format!("cookie: __Host-wardgate={session}");
    let mut lines = vec![
        cookie.as_str(),
        "content-type: application/x-www-form-urlencoded",
    ];
    lines.extend_from_slice(head);
    let path = "/people/other/state";
    stage.send("POST", path, &lines, "state=suspended").await
}

fn is_active(stage: &Stage) -> bool {
    let snapshot = stage.store.snapshot();
    snapshot.person("other").unwrap().state == wardgate_records::PersonState::Active
}

#[tokio::test]
async fn a_form_of_another_origin_changes_nothing() {
    let stage = Stage::new().await;
    let session = stage.session("administrator", SessionKind::Browser).await;
    for head in [
        &[][..],
        &["origin: null"],
        &["origin: https://evil.example"],
        &["origin: https://localhost:8444.evil.example"],
        &["origin: http://localhost:8444"],
        &["origin: https://localhost"],
        &[
            "origin: https://localhost:8444",
            "sec-fetch-site: cross-site",
        ],
        &[
            "origin: https://localhost:8444",
            "sec-fetch-site: same-site",
        ],
        &["referer: https://localhost:8444/people/other"],
        &["x-http-method-override: GET"],
    ] {
        let reply = posted(&stage, &session, head).await;
        assert_eq!(reply.status, 403, "{head:?}");
        assert!(is_active(&stage), "{head:?}");
    }
    let origin = format!("origin: {ORIGIN}");
    let reply = posted(&stage, &session, &[&origin, "sec-fetch-site: same-origin"]).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    assert!(!is_active(&stage));
}

#[tokio::test]
async fn a_foreign_page_cannot_use_the_interface_with_the_cookie() {
    let stage = Stage::new().await;
    let session = stage.session("administrator", SessionKind::Browser).await;
    let cookie = format!("cookie: __Host-wardgate={session}");
    let body = r#"{"state": "suspended"}"#;
    for head in [
        &["content-type: application/json"][..],
        &["content-type: text/plain", "origin: https://localhost:8444"],
        &[
            "content-type: application/json",
            "origin: https://evil.example",
        ],
        // What a form can send, with a body that reads as JSON.
        &[
            "content-type: application/x-www-form-urlencoded",
            "origin: https://localhost:8444",
        ],
    ] {
        let mut lines = vec![cookie.as_str()];
        lines.extend_from_slice(head);
        let reply = stage
            .send("PUT", "/api/people/other/state", &lines, body)
            .await;
        assert!(
            matches!(reply.status, 403 | 415),
            "{head:?} {}",
            reply.status
        );
        assert!(is_active(&stage), "{head:?}");
    }
}

#[tokio::test]
async fn looking_changes_nothing_whatever_a_header_says() {
    let stage = Stage::new().await;
    let session = stage.session("administrator", SessionKind::Browser).await;
    let cookie = format!("cookie: __Host-wardgate={session}");
    for line in [
        "x-http-method-override: POST",
        "x-method-override: POST",
        "x-http-method: POST",
    ] {
        let path = "/people/other/state?state=suspended&_method=POST";
        let reply = stage.send("GET", path, &[&cookie, line], "").await;
        assert_eq!(reply.status, 405, "{line}");
        assert_eq!(reply.header("allow"), Some("POST"));
    }
    assert!(is_active(&stage));
}

#[tokio::test]
async fn no_other_origin_may_read_an_answer() {
    let stage = Stage::new().await;
    let head = [
        "origin: https://evil.example",
        "access-control-request-method: GET",
    ];
    for (method, path) in [
        ("OPTIONS", "/api/me"),
        ("GET", "/api/openapi.json"),
        ("GET", "/"),
    ] {
        let reply = stage.send(method, path, &head, "").await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{path}");
    }
}
