//! A directory, and what somebody with its token cannot do.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use wardgate_console::{Provider, ProviderSettings};
use wardgate_identity::oidc::ClientProof;
use wardgate_records::PersonState;
use wardgate_records::people::SessionKind;

use crate::stage::{Reply, Stage};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const APPS: &str = "---\nkind: App\nid: hr\nname: Directory\nacts: autonomously\noperations: [scim.provision]\n---\nkind: App\nid: notes\nname: Notes\nacts: autonomously\n";

struct Directory {
    stage: Stage,
    token: String,
}

impl Directory {
    async fn new() -> Self {
        let stage = Stage::with(APPS, |parts| {
            let mut settings = (*parts.settings).clone();
            settings.scim_provider = Some("corp".to_owned());
            settings.providers = vec![Arc::new(Provider::new(ProviderSettings {
                name: "corp".to_owned(),
                label: "Hospital".to_owned(),
                issuer: "https://id.example.org".to_owned(),
                client_id: "wardgate".to_owned(),
                proof: ClientProof::Secret("a secret".into()),
                scopes: vec!["openid".to_owned()],
                groups_claim: None,
                roles: BTreeMap::from([("Wards".to_owned(), "clinician".to_owned())]),
                acr_levels: BTreeMap::new(),
                step_up_acr: Vec::new(),
                person_claim: None,
                require_mfa: 1,
            }))];
            parts.settings = Arc::new(settings);
        })
        .await;
        let token = stage.key("hr").await;
        Self { stage, token }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let bearer = format!("authorization: Bearer {}", self.token);
        let head = [bearer.as_str(), "content-type: application/scim+json"];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let path = format!("/scim/v2{path}");
        let reply: Reply = self.stage.send(method, &path, &head, &body).await;
        if reply.status != 204 {
            assert_eq!(
                reply.header("content-type"),
                Some("application/scim+json"),
                "{reply:?}"
            );
        }
        (
            reply.status,
            serde_json::from_str(&reply.body).unwrap_or_default(),
        )
    }

    async fn create(&self, more: Value) -> (u16, Value) {
        let mut user = json!({
            "schemas": [USER], "userName": "n.vance@hospital.example", "externalId": "ext-1",
            "name": {"givenName": "Nadia", "familyName": "Vance"},
        });
        for (name, value) in more.as_object().unwrap() {
            user[name] = value.clone();
        }
        self.ask("POST", "/Users", &user).await
    }
}

#[tokio::test]
async fn a_user_is_created_found_changed_and_removed() {
    let directory = Directory::new().await;
    let (status, user) = directory.create(json!({})).await;
    assert_eq!(
        (status, user["id"].as_str()),
        (201, Some("n.vance")),
        "{user}"
    );
    assert_eq!(user["meta"]["version"], "W/\"1\"");
    let found = directory
        .ask(
            "GET",
            "/Users?filter=userName%20eq%20%22N.VANCE@hospital.example%22",
            &Value::Null,
        )
        .await;
    assert_eq!(found.1["totalResults"], 1);
    let (status, user) = directory
        .ask(
            "PATCH",
            "/Users/n.vance",
            &json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "Replace", "value": {"active": "False"}}],
            }),
        )
        .await;
    assert_eq!((status, &user["active"]), (200, &json!(false)));
    let snapshot = directory.stage.store.snapshot();
    assert_eq!(
        snapshot.person("n.vance").unwrap().state,
        PersonState::Suspended
    );
    assert_eq!(
        directory
            .ask("DELETE", "/Users/n.vance", &Value::Null)
            .await
            .0,
        204
    );
    let (status, gone) = directory.ask("GET", "/Users/n.vance", &Value::Null).await;
    assert_eq!((status, gone["status"].as_str()), (404, Some("404")));
}

#[tokio::test]
async fn a_directory_gives_no_roles_no_proof_and_no_authority_by_itself() {
    let directory = Directory::new().await;
    let (status, user) = directory
        .create(json!({
            "roles": [{"value": "administrator"}], "mfa": 3, "break_glass": true, "id": "administrator",
            "groups": [{"value": "Wards"}], "trainings": [{"course": "phi-basics"}],
        }))
        .await;
    assert_eq!((status, user["id"].as_str()), (201, Some("n.vance")));
    let (status, _) = directory
        .ask("POST", "/Groups", &json!({
            "schemas": [GROUP], "displayName": "administrator", "members": [{"value": "n.vance"}],
        }))
        .await;
    assert_eq!(status, 201);
    let snapshot = directory.stage.store.snapshot();
    let person = snapshot.person("n.vance").unwrap();
    assert!(person.roles.is_empty() && person.mfa == 0 && !person.break_glass);
    assert!(person.trainings.is_empty());
    let (status, group) = directory
        .ask(
            "POST",
            "/Groups",
            &json!({
                "schemas": [GROUP], "displayName": "Wards", "members": [{"value": "n.vance"}],
            }),
        )
        .await;
    assert_eq!(status, 201, "{group}");
    assert_eq!(
        directory
            .stage
            .store
            .snapshot()
            .person("n.vance")
            .unwrap()
            .roles,
        ["clinician"]
    );
}

#[tokio::test]
async fn somebody_on_file_is_neither_taken_over_nor_told_of() {
    let directory = Directory::new().await;
    let taken = directory
        .create(json!({"userName": "administrator@hospital.example"}))
        .await;
    assert_eq!(
        (taken.0, taken.1["scimType"].as_str()),
        (409, Some("uniqueness"))
    );
    let known = directory
        .ask("GET", "/Users/administrator", &Value::Null)
        .await;
    let unknown = directory.ask("GET", "/Users/nobody", &Value::Null).await;
    assert_eq!(known, unknown);
    let remove = directory
        .ask("DELETE", "/Users/administrator", &Value::Null)
        .await;
    assert_eq!(remove.0, 404);
}

#[tokio::test]
async fn a_filter_is_never_more_than_a_comparison() {
    let directory = Directory::new().await;
    directory.create(json!({})).await;
    for filter in [
        "userName eq \"x\" or id pr",
        "userName eq \"x' OR '1'='1\"; DROP TABLE records; --",
        "meta.created gt \"2020-01-01\"",
        "password eq \"x\"",
        "userName eq 1",
    ] {
        let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let (status, fault) = directory
            .ask("GET", &format!("/Users?filter={query}"), &Value::Null)
            .await;
        assert_eq!(
            (status, fault["scimType"].as_str()),
            (400, Some("invalidFilter")),
            "{filter}"
        );
    }
    let quoted = "userName%20eq%20%22%27%20OR%201%3D1%20--%22";
    let (status, none) = directory
        .ask("GET", &format!("/Users?filter={quoted}"), &Value::Null)
        .await;
    assert_eq!((status, &none["totalResults"]), (200, &json!(0)));
}

#[tokio::test]
async fn only_an_application_that_may_provision_is_served() {
    let directory = Directory::new().await;
    let stage = &directory.stage;
    let nobody = stage.send("GET", "/scim/v2/Users", &[], "").await;
    assert_eq!(nobody.status, 401);
    assert!(
        nobody
            .body
            .contains("urn:ietf:params:scim:api:messages:2.0:Error")
    );
    let other = stage.key("notes").await;
    assert_eq!(
        stage.ask("GET", "/scim/v2/Users", &other, "").await.status,
        403
    );
    for role in wardgate_authz::ROLES {
        let session = stage.session(role, SessionKind::Cli).await;
        assert_eq!(
            stage
                .ask("GET", "/scim/v2/Users", &session, "")
                .await
                .status,
            403,
            "{role}"
        );
    }
}
