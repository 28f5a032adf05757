//! Somebody asks for more than their role allows.

use jiff::Timestamp;
use serde_json::Value;
use wardgate_authz::{Actor, Operation, ROLES, Target, Who, operate};
use wardgate_records::people::SessionKind;

use crate::stage::{NOW, Stage, filled, routes};

/// Whether the policies let a role do something to a record of somebody else.
fn permitted(stage: &Stage, role: &str, operation: Operation) -> bool {
    let roles = [role.to_owned()];
    let actor = Actor {
        who: Who::Person {
            id: role,
            roles: &roles,
            break_glass: false,
        },
        mfa_level: 3,
        mfa_age_s: 0,
    };
    let own = operation == Operation::AccountOwn;
    let target = Target {
        kind: "any",
        id: "any",
        made_by: Some(if own { role } else { "somebody-else" }),
    };
    let now: Timestamp = NOW.parse().unwrap();
    let snapshot = stage.store.snapshot();
    operate(&actor, operation, &target, snapshot.policies(), now).is_ok()
}

#[tokio::test]
async fn every_role_gets_on_every_route_what_the_policies_say_and_no_more() {
    let stage = Stage::new().await;
    let routes = routes(&stage).await;
    assert!(routes.len() >= 15, "{}", routes.len());
    let (mut let_in, mut kept_out) = (0, 0);
    for role in ROLES.iter().filter(|role| **role != "app") {
        // Each route with a session of its own: some end the one that asks.
        for (method, path, word) in &routes {
            let Some(operation) = Operation::from_word(word) else {
                continue;
            };
            let token = stage.session(role, SessionKind::Cli).await;
            let reply = stage.ask(method, &filled(path), &token, "{}").await;
            let what = format!("{role} {method} {path}: {} {}", reply.status, reply.body);
            assert!(reply.status < 500, "{what}");
            if permitted(&stage, role, operation) {
                let duty = reply.code().starts_with("duty.");
                assert!(
                    reply.status != 401 && (reply.status != 403 || duty),
                    "{what}"
                );
                let_in += 1;
            } else {
                assert_eq!(reply.status, 403, "{what}");
                assert!(!reply.code().is_empty(), "{what}");
                kept_out += 1;
            }
        }
    }
    assert!(let_in > 20 && kept_out > 50, "{let_in} {kept_out}");
}

#[tokio::test]
async fn a_stranger_gets_nothing_on_any_route() {
    let stage = Stage::new().await;
    for (method, path, word) in routes(&stage).await {
        if word.is_empty() {
            continue;
        }
        for head in [
            &[][..],
            &["authorization: Bearer nobody"],
            &["authorization: Bearer wg_live_x_y"],
            &["authorization: Basic YTpi"],
        ] {
            let mut head = head.to_vec();
            head.push("content-type: application/json");
            let reply = stage.send(&method, &filled(&path), &head, "{}").await;
            assert_eq!(reply.status, 401, "{method} {path} {head:?}");
            assert_eq!(reply.code(), "identity.required");
        }
    }
}

#[tokio::test]
async fn nobody_raises_themselves() {
    let stage = Stage::new().await;
    let token = stage.session("administrator", SessionKind::Cli).await;
    let roles = r#"{"roles": ["administrator", "security_lead"], "break_glass": true}"#;
    let path = "/api/people/administrator/roles";
    let reply = stage.ask("PUT", path, &token, roles).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (403, "duty.self_approval")
    );
    let reply = stage
        .ask("PUT", "/api/people/other/roles", &token, roles)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let snapshot = stage.store.snapshot();
    assert!(snapshot.person("other").unwrap().break_glass);
    assert!(!snapshot.person("administrator").unwrap().break_glass);
}

#[tokio::test]
async fn an_administrator_alone_only_looks_and_brings_in_a_second_one() {
    let stage = Stage::with_one_administrator("", |_| {}).await;
    let alone = stage.session("administrator", SessionKind::Cli).await;
    let key = r#"{"app": "no-such-app", "days": 1}"#;
    let refused = stage.ask("POST", "/api/keys", &alone, key).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "admin.second_missing")
    );
    for path in ["/api/people", "/api/keys", "/api/systems", "/api/me"] {
        assert_eq!(
            stage.ask("GET", path, &alone, "").await.status,
            200,
            "{path}"
        );
    }
    let roles = r#"{"roles": ["nurse"], "break_glass": false}"#;
    let done = stage.ask("PUT", "/api/people/other/roles", &alone, roles);
    assert_eq!(done.await.status, 200);

    // Others are not held up, and a second administrator ends it at once.
    let lead = stage.session("security_lead", SessionKind::Cli).await;
    let path = "/api/people/clerk/sessions";
    assert_ne!(stage.ask("DELETE", path, &lead, "").await.status, 403);
    assert_eq!(
        stage.ask("DELETE", path, &alone, "").await.code(),
        "admin.second_missing"
    );
    stage.enrol("administrator.second").await;
    let asked = stage.ask("POST", "/api/keys", &alone, key).await;
    assert_ne!(asked.status, 403, "{}", asked.body);
}

#[tokio::test]
async fn a_changed_role_counts_from_the_next_request_on() {
    let stage = Stage::new().await;
    let administrator = stage.session("administrator", SessionKind::Cli).await;
    let other = stage.session("other", SessionKind::Cli).await;
    assert_eq!(
        stage.ask("GET", "/api/people", &other, "").await.status,
        403
    );
    let roles = r#"{"roles": ["administrator"], "break_glass": false}"#;
    stage
        .ask("PUT", "/api/people/other/roles", &administrator, roles)
        .await;
    assert_eq!(
        stage.ask("GET", "/api/people", &other, "").await.status,
        200
    );
    let none = r#"{"roles": [], "break_glass": false}"#;
    stage
        .ask("PUT", "/api/people/other/roles", &administrator, none)
        .await;
    assert_eq!(
        stage.ask("GET", "/api/people", &other, "").await.status,
        403
    );
}

#[tokio::test]
async fn a_suspended_person_is_out_at_once() {
    let stage = Stage::new().await;
    let administrator = stage.session("administrator", SessionKind::Cli).await;
    let auditor = stage.session("auditor", SessionKind::Cli).await;
    assert_eq!(stage.ask("GET", "/api/me", &auditor, "").await.status, 200);
    let suspended = r#"{"state": "suspended"}"#;
    let path = "/api/people/auditor/state";
    assert_eq!(
        stage
            .ask("PUT", path, &administrator, suspended)
            .await
            .status,
        200
    );
    assert_eq!(stage.ask("GET", "/api/me", &auditor, "").await.status, 401);
    let active = r#"{"state": "active"}"#;
    assert_eq!(
        stage.ask("PUT", path, &administrator, active).await.status,
        200
    );
    // The session ended with the suspension and does not come back.
    assert_eq!(stage.ask("GET", "/api/me", &auditor, "").await.status, 401);
}

#[tokio::test]
async fn fields_that_nobody_asked_for_are_not_assigned() {
    let stage = Stage::new().await;
    let token = stage.session("administrator", SessionKind::Cli).await;
    for (method, path, body) in [
        (
            "PUT",
            "/api/people/other/state",
            r#"{"state": "active", "roles": ["administrator"]}"#,
        ),
        (
            "PUT",
            "/api/people/other/roles",
            r#"{"roles": [], "break_glass": false, "mfa": 3}"#,
        ),
        (
            "PUT",
            "/api/people/other/roles",
            r#"{"roles": [], "break_glass": false, "id": "auditor"}"#,
        ),
        (
            "POST",
            "/api/keys",
            r#"{"app": "a", "days": 1, "secret": "mine"}"#,
        ),
    ] {
        let reply = stage.ask(method, path, &token, body).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "request.invalid"),
            "{body}"
        );
    }
    let person: Value =
        serde_json::from_str(&stage.ask("GET", "/api/people/other", &token, "").await.body)
            .unwrap();
    assert_eq!(person["version"], 1, "{person}");
}
