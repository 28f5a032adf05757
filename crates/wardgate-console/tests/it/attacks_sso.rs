//! Somebody between the browser, the provider of identity and the console.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use wardgate_console::{Provider, ProviderSettings};
use wardgate_identity::oidc::ClientProof;
use wardgate_identity::{Fetch, FetchFault};

use crate::stage::{NOW, Reply, Stage};

const ISSUER: &str = "https://id.example.org";

/// A provider of identity that says what a test wants.
struct Idp {
    key: Ed25519KeyPair,
    /// What the next ID token says beside the usual.
    claims: Mutex<Value>,
    nonce: Mutex<String>,
}

impl Idp {
    fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": typ, "kid": "k" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn id_token(&self) -> String {
        let mut claims = json!({
            "iss": ISSUER, "sub": "u-7", "aud": "wardgate", "sid": "s-1",
            "nonce": *self.nonce.lock().unwrap(),
            "iat": second(), "exp": second() + 300, "auth_time": second() - 5,
            "amr": ["pwd", "otp"], "groups": ["Wards", "Unmapped", "administrator"],
        });
        for (name, value) in self.claims.lock().unwrap().as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.sign("JWT", &claims)
    }
}

#[async_trait::async_trait]
impl Fetch for Idp {
    async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        let body = match request.uri().path() {
            "/.well-known/openid-configuration" => json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/auth"),
                "token_endpoint": format!("{ISSUER}/token"),
                "jwks_uri": format!("{ISSUER}/jwks"),
                "response_types_supported": ["code"],
                "authorization_response_iss_parameter_supported": true,
            }),
            "/jwks" => json!({"keys": [{
                "kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "use": "sig",
                "x": URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref()),
            }]}),
            "/token" => json!({ "id_token": self.id_token(), "token_type": "Bearer" }),
            _ => return Err(FetchFault::Unreachable),
        };
        Ok(http::Response::new(body.to_string().into_bytes()))
    }
}

fn second() -> i64 {
    NOW.parse::<Timestamp>().unwrap().as_second()
}

fn provider(name: &str) -> Arc<Provider> {
    Arc::new(Provider::new(ProviderSettings {
        name: name.to_owned(),
        label: "Hospital".to_owned(),
        issuer: ISSUER.to_owned(),
        client_id: "wardgate".to_owned(),
        proof: ClientProof::Secret("a secret".into()),
        scopes: vec!["openid".to_owned()],
        groups_claim: Some("groups".to_owned()),
        roles: BTreeMap::from([("Wards".to_owned(), "privacy_officer".to_owned())]),
        acr_levels: BTreeMap::new(),
        step_up_acr: Vec::new(),
        person_claim: None,
        require_mfa: 1,
    }))
}

struct Scene {
    stage: Stage,
    idp: Arc<Idp>,
}

/// What a browser holds after it was sent to the provider.
struct Begun {
    cookie: String,
    state: String,
}

const PEOPLE: &str = "---\nkind: Person\nid: ward\nname: A Person\nroles: [auditor]\nidentities: [{issuer: \"https://id.example.org\", subject: u-7}]\n---\nkind: Person\nid: gone\nname: A Person\nstate: suspended\nidentities: [{issuer: \"https://id.example.org\", subject: u-8}]\n";

impl Scene {
    async fn new() -> Self {
        let idp = Arc::new(Idp {
            key: Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap(),
            claims: Mutex::new(json!({})),
            nonce: Mutex::default(),
        });
        let fetch = idp.clone();
        let stage = Stage::with(PEOPLE, |parts| {
            let mut settings = (*parts.settings).clone();
            settings.providers = vec![provider("corp"), provider("other")];
            parts.settings = Arc::new(settings);
            parts.fetch = fetch;
        });
        Self {
            stage: stage.await,
            idp,
        }
    }

    fn say(&self, claims: Value) {
        *self.idp.claims.lock().unwrap() = claims;
    }

    async fn begin(&self, query: &str) -> Begun {
        let path = format!("/sso/corp/start{query}");
        let reply = self.stage.send("GET", &path, &[], "").await;
        assert_eq!(reply.status, 303, "{reply:?}");
        let to = url::Url::parse(reply.header("location").unwrap()).unwrap();
        let asked: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
        *self.idp.nonce.lock().unwrap() = asked["nonce"].clone();
        let cookie = reply.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-wardgate-sso="), "{cookie}");
        assert!(
            cookie.contains("Secure; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
        Begun {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            state: asked["state"].clone(),
        }
    }

    async fn come_back(&self, begun: &Begun, provider: &str, query: &str) -> Reply {
        let path = format!("/sso/{provider}/callback?{query}");
        let cookie = format!("cookie: {}", begun.cookie);
        self.stage.send("GET", &path, &[&cookie], "").await
    }

    async fn sign_on(&self) -> Reply {
        let begun = self.begin("").await;
        self.come_back(&begun, "corp", &good(&begun)).await
    }

    async fn sign_out(&self, typ: &str, change: Value) -> Reply {
        let mut claims = json!({
            "iss": ISSUER, "aud": "wardgate", "iat": second(), "exp": second() + 120, "jti": "j-1",
            "sid": "s-1", "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let body = format!("logout_token={}", self.idp.sign(typ, &claims));
        let form = ["content-type: application/x-www-form-urlencoded"];
        let path = "/sso/corp/backchannel-logout";
        self.stage.send("POST", path, &form, &body).await
    }
}

fn good(begun: &Begun) -> String {
    format!(
        "code=c&state={}&iss=https%3A%2F%2Fid.example.org",
        begun.state
    )
}

/// The session that an answer gives.
fn session(reply: &Reply) -> Option<String> {
    let cookies = reply.head.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then_some(value)
    });
    let mut sessions = cookies.filter_map(|cookie| cookie.strip_prefix("__Host-wardgate="));
    sessions
        .next()
        .map(|value| value.split(';').next().unwrap().to_owned())
}

fn refused(reply: &Reply, code: &str) {
    assert!(session(reply).is_none(), "{reply:?}");
    assert!(reply.body.contains(code), "{code}: {reply:?}");
    assert!(reply.head.contains("__Host-wardgate-sso=; "), "{reply:?}");
}

#[tokio::test]
async fn a_person_signs_in_and_has_the_roles_of_mapped_groups_only() {
    let scene = Scene::new().await;
    let reply = scene.sign_on().await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    let token = session(&reply).unwrap();
    let now = NOW.parse().unwrap();
    let held = scene
        .stage
        .store
        .find_session(&token, now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(held.person, "ward");
    assert_eq!(held.granted_roles.unwrap(), ["privacy_officer"]);
    assert_eq!(held.mfa_level, 2);
    assert_eq!(held.proven_at.as_second(), second() - 5);
}

#[tokio::test]
async fn an_answer_in_a_browser_that_began_nothing_signs_nobody_in() {
    let scene = Scene::new().await;
    let victim = scene.begin("").await;
    let attacker = scene.begin("").await;
    let path = format!("/sso/corp/callback?{}", good(&attacker));
    let bare = scene.stage.send("GET", &path, &[], "").await;
    refused(&bare, "sso.not_begun");
    let forced = scene.come_back(&victim, "corp", &good(&attacker)).await;
    refused(&forced, "sso.foreign_answer");
}

#[tokio::test]
async fn an_answer_is_taken_once_whatever_came_of_it() {
    let scene = Scene::new().await;
    let begun = scene.begin("").await;
    assert!(session(&scene.come_back(&begun, "corp", &good(&begun)).await).is_some());
    refused(
        &scene.come_back(&begun, "corp", &good(&begun)).await,
        "sso.not_begun",
    );
    let begun = scene.begin("").await;
    let wrong = scene.come_back(&begun, "corp", "code=c&state=x").await;
    refused(&wrong, "sso.foreign_answer");
    refused(
        &scene.come_back(&begun, "corp", &good(&begun)).await,
        "sso.not_begun",
    );
}

#[tokio::test]
async fn an_answer_of_another_provider_is_refused() {
    let scene = Scene::new().await;
    let begun = scene.begin("").await;
    refused(
        &scene.come_back(&begun, "other", &good(&begun)).await,
        "sso.not_begun",
    );
    for iss in [
        "",
        "&iss=https%3A%2F%2Fevil.example",
        "&iss=https%3A%2F%2Fid.example.org%2F",
    ] {
        let begun = scene.begin("").await;
        let query = format!("code=c&state={}{iss}", begun.state);
        refused(
            &scene.come_back(&begun, "corp", &query).await,
            "sso.foreign_answer",
        );
    }
}

#[tokio::test]
async fn an_id_token_that_does_not_hold_signs_nobody_in() {
    let scene = Scene::new().await;
    for claims in [
        json!({"aud": "other"}),
        json!({"aud": ["wardgate", "other"]}),
        json!({"azp": "other"}),
        json!({"iss": "https://evil.example"}),
        json!({"nonce": "another"}),
        json!({"exp": second() - 100}),
        json!({"iat": second() - 3_600, "exp": second() + 10}),
        json!({"auth_time": second() - 50_000}),
        json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}),
    ] {
        scene.say(claims.clone());
        let reply = scene.sign_on().await;
        refused(&reply, "sso.unproven");
    }
}

#[tokio::test]
async fn who_is_unknown_and_who_is_suspended_read_the_same() {
    let scene = Scene::new().await;
    let mut answers = Vec::new();
    for subject in ["u-unknown", "u-8"] {
        scene.say(json!({ "sub": subject }));
        let reply = scene.sign_on().await;
        refused(&reply, "sso.no_access");
        answers.push((reply.status, reply.body));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_afterwards() {
    let scene = Scene::new().await;
    for to in [
        "//evil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "javascript:x",
    ] {
        let begun = scene.begin(&format!("?return={to}")).await;
        let reply = scene.come_back(&begun, "corp", &good(&begun)).await;
        assert_eq!(reply.header("location"), Some("/"), "{to}");
    }
    let begun = scene.begin("?return=/people").await;
    let reply = scene.come_back(&begun, "corp", &good(&begun)).await;
    assert_eq!(reply.header("location"), Some("/people"));
}

#[tokio::test]
async fn a_logout_token_ends_the_session_at_once_and_only_a_good_one_does() {
    let scene = Scene::new().await;
    let token = session(&scene.sign_on().await).unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let lives = async || {
        scene
            .stage
            .store
            .find_session(&token, now)
            .await
            .unwrap()
            .is_some()
    };
    for (typ, change) in [
        ("JWT", json!({})),
        ("logout+jwt", json!({"nonce": "n"})),
        ("logout+jwt", json!({"exp": second() - 100})),
        ("logout+jwt", json!({"aud": "other"})),
        ("logout+jwt", json!({"iss": "https://evil.example"})),
        ("logout+jwt", json!({"events": {}})),
        ("logout+jwt", json!({"sid": null})),
    ] {
        let reply = scene.sign_out(typ, change.clone()).await;
        assert_eq!(reply.status, 400, "{typ} {change}");
        assert!(reply.body.contains("invalid_request"));
        assert!(lives().await, "{typ} {change}");
    }
    assert_eq!(scene.sign_out("logout+jwt", json!({})).await.status, 200);
    assert!(!lives().await);
    let replayed = scene.sign_out("logout+jwt", json!({})).await;
    assert_eq!(replayed.status, 400);
}

#[tokio::test]
async fn somebody_else_does_not_prove_themselves_in_the_place_of_the_person() {
    let scene = Scene::new().await;
    let stage = &scene.stage;
    let clerk = stage
        .session("clerk", wardgate_records::people::SessionKind::Browser)
        .await;
    let cookie = format!("cookie: __Host-wardgate={clerk}");
    let reply = stage
        .send("GET", "/sso/corp/start?again=1", &[&cookie], "")
        .await;
    let to = url::Url::parse(reply.header("location").unwrap()).unwrap();
    let asked: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
    assert_eq!(
        (asked["prompt"].as_str(), asked["max_age"].as_str()),
        ("login", "0")
    );
    *scene.idp.nonce.lock().unwrap() = asked["nonce"].clone();
    let half = reply
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let both = format!("{cookie}; {half}");
    let path = format!(
        "/sso/corp/callback?code=c&state={}&iss=https%3A%2F%2Fid.example.org",
        asked["state"]
    );
    refused(
        &stage.send("GET", &path, &[&both], "").await,
        "sso.somebody_else",
    );
}
