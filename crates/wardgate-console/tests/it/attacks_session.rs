//! A session is used by another, or where it was not made for.

use serde_json::Value;
use wardgate_records::people::SessionKind;

use crate::stage::Stage;

async fn ids(stage: &Stage, token: &str) -> Vec<String> {
    let reply = stage.ask("GET", "/api/me/sessions", token, "").await;
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    let sessions = body["sessions"].as_array().unwrap();
    sessions
        .iter()
        .map(|session| session["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_browsers_session_is_no_token_and_a_token_is_no_cookie() {
    let stage = Stage::new().await;
    let browser = stage.session("administrator", SessionKind::Browser).await;
    let token = stage.session("administrator", SessionKind::Cli).await;
    assert_eq!(stage.ask("GET", "/api/me", &browser, "").await.status, 401);
    assert_eq!(stage.open("/people", &token).await.status, 303);
    assert_eq!(stage.open("/people", &browser).await.status, 200);
    assert_eq!(stage.ask("GET", "/api/me", &token, "").await.status, 200);
}

#[tokio::test]
async fn a_cookie_beside_a_token_makes_nobody_of_both() {
    let stage = Stage::new().await;
    let cookie = stage.session("administrator", SessionKind::Browser).await;
    let cookie = format!("cookie: __Host-wardgate={cookie}");
    let clerk = stage.session("clerk", SessionKind::Cli).await;
    let clerk = format!("authorization: Bearer {clerk}");
    let reply = stage
        .send("GET", "/api/people", &[&cookie, &clerk], "")
        .await;
    assert_eq!(reply.status, 401);
    let twice = [clerk.as_str(), clerk.as_str()];
    assert_eq!(stage.send("GET", "/api/me", &twice, "").await.status, 401);
    let nobody = "authorization: Bearer nobody";
    let reply = stage
        .send("GET", "/api/people", &[&cookie, nobody], "")
        .await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn two_cookies_of_one_name_are_none() {
    let stage = Stage::new().await;
    let session = stage.session("administrator", SessionKind::Browser).await;
    let planted = format!("cookie: __Host-wardgate=planted; __Host-wardgate={session}");
    assert_eq!(
        stage.send("GET", "/people", &[&planted], "").await.status,
        303
    );
}

#[tokio::test]
async fn nobody_ends_the_session_of_another_through_their_own() {
    let stage = Stage::new().await;
    let auditor = stage.session("auditor", SessionKind::Cli).await;
    let clerk = stage.session("clerk", SessionKind::Cli).await;
    let id = ids(&stage, &auditor).await.remove(0);
    let path = format!("/api/me/sessions/{id}");
    let reply = stage.ask("DELETE", &path, &clerk, "").await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (404, "record.not_found")
    );
    // Nor under the name of somebody whose session it is not.
    let administrator = stage.session("administrator", SessionKind::Cli).await;
    let path = format!("/api/people/clerk/sessions/{id}");
    assert_eq!(
        stage.ask("DELETE", &path, &administrator, "").await.status,
        404
    );
    assert_eq!(stage.ask("GET", "/api/me", &auditor, "").await.status, 200);
    let path = format!("/api/people/auditor/sessions/{id}");
    assert_eq!(
        stage.ask("DELETE", &path, &administrator, "").await.status,
        204
    );
    assert_eq!(stage.ask("GET", "/api/me", &auditor, "").await.status, 401);
}

#[tokio::test]
async fn a_list_of_sessions_holds_no_token() {
    let stage = Stage::new().await;
    let token = stage.session("auditor", SessionKind::Cli).await;
    let reply = stage.ask("GET", "/api/me/sessions", &token, "").await;
    assert!(reply.body.contains("a test") && !reply.body.contains(&token));
}

#[tokio::test]
async fn a_command_line_is_signed_in_by_its_person_and_only_once() {
    let stage = Stage::new().await;
    let begun = stage
        .ask("POST", "/api/login", "", r#"{"about": "a laptop"}"#)
        .await;
    let codes: Value = serde_json::from_str(&begun.body).unwrap();
    let (device, user) = (&codes["device_code"], codes["user_code"].as_str().unwrap());
    let ask = format!(r#"{{"device_code": {device}}}"#);
    let waiting = stage.ask("POST", "/api/login/token", "", &ask).await;
    assert_eq!(
        (waiting.status, waiting.code().as_str()),
        (409, "login.waiting")
    );

    let session = stage.session("auditor", SessionKind::Browser).await;
    let page = stage
        .open(&format!("/command-line?code={user}"), &session)
        .await;
    assert!(
        page.body.contains("a laptop") && page.body.contains(user),
        "{}",
        page.body
    );
    let cookie = format!("cookie: __Host-wardgate={session}");
    let form = [
        "origin: https://localhost:8444",
        "content-type: application/x-www-form-urlencoded",
    ];
    let head = [cookie.as_str(), form[0], form[1]];
    let yes = format!("code={user}&answer=yes");
    let approved = stage.send("POST", "/command-line", &head, &yes).await;
    assert_eq!(approved.status, 200, "{}", approved.body);

    let signed_in = stage.ask("POST", "/api/login/token", "", &ask).await;
    assert_eq!(signed_in.status, 201, "{}", signed_in.body);
    let token: Value = serde_json::from_str(&signed_in.body).unwrap();
    assert_eq!(token["person"], "auditor");
    assert_eq!(token["expires"], "2026-11-24T02:00:00Z", "8 hours");
    let again = stage.ask("POST", "/api/login/token", "", &ask).await;
    assert_eq!((again.status, again.code().as_str()), (404, "login.ended"));

    let token = token["token"].as_str().unwrap();
    let me: Value =
        serde_json::from_str(&stage.ask("GET", "/api/me", token, "").await.body).unwrap();
    assert_eq!(
        (&me["id"], &me["mfa_level"]),
        (&"auditor".into(), &3.into())
    );
    assert_eq!(
        stage
            .ask("DELETE", "/api/me/session", token, "")
            .await
            .status,
        204
    );
    assert_eq!(stage.ask("GET", "/api/me", token, "").await.status, 401);
}
