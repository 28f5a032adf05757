//! The token endpoint as applications meet it, and attacks on it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wardgate_console::{Parts, Settings, Tokens, serve};
use wardgate_identity::{AccessTokens, Fetch, FetchFault, JwksAges, KeySources, PresentedToken};
use wardgate_ledger::{Ledger, Options, Signer};
use wardgate_records::{Documents, Mode, Store};
use wardgate_vault::{KdfCost, PassphraseProvider, Recovery, Vault};

const ORIGIN: &str = "https://wardgate.example.org";
const START: &str = "2026-11-23T18:00:00Z";

struct Nowhere;

#[async_trait::async_trait]
impl Fetch for Nowhere {
    async fn fetch(
        &self,
        _: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        Err(FetchFault::Unreachable)
    }
}

enum ClientKey {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl ClientKey {
    fn jwk(&self) -> Value {
        match self {
            Self::Rsa(key) => json!({
                "kty": "RSA", "kid": "rsa",
                "n": b64(key.public_key().modulus().big_endian_without_leading_zero()),
                "e": b64(key.public_key().exponent().big_endian_without_leading_zero()),
            }),
            Self::Ec(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(48);
                json!({"kty": "EC", "crv": "P-384", "kid": "ec", "x": b64(x), "y": b64(y)})
            }
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let padding = if header["alg"] == "RS256" {
                    &RSA_PKCS1_SHA256
                } else {
                    &RSA_PKCS1_SHA384
                };
                key.sign(padding, &random, signed.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(key) => key
                .sign(&random, signed.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
        };
        format!("{signed}.{}", b64(signature))
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A console with one application that signs.
struct World {
    address: SocketAddr,
    access: Arc<AccessTokens>,
    rsa: ClientKey,
    ec: ClientKey,
    clock: Arc<Mutex<Timestamp>>,
    ids: Mutex<u32>,
    dir: tempfile::TempDir,
}

fn vault_provider() -> Arc<PassphraseProvider> {
    let passphrase = SecretString::from("a passphrase of a test");
    Arc::new(PassphraseProvider::new(passphrase, KdfCost::FLOOR))
}

impl World {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let start: Timestamp = START.parse().unwrap();
        let vault = Vault::init(dir.path(), vault_provider(), &Recovery::none()).unwrap();
        let store = Store::create(dir.path(), Arc::new(vault), start)
            .await
            .unwrap();
        let signer = Signer::from_seed("test.example/console", &[7; 32]).unwrap();
        let ledger =
            Ledger::create(&dir.path().join("ledger"), signer, &Options::default()).unwrap();
        let rsa = ClientKey::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        let ec = ClientKey::Ec(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap());
        let keys = json!({"keys": [rsa.jwk(), ec.jwk()]}).to_string();
        let records = format!(
            "kind: App\nid: scheduler\nname: Scheduler\nacts: autonomously\n\
             operations: [consent.read]\nclients: {{keys: '{keys}'}}\n---\n\
             kind: App\nid: bound\nname: Bound\nacts: autonomously\noperations: [consent.read]\n\
             clients: {{keys: '{keys}', certificates: ['sha256:{}']}}\n---\n\
             kind: App\nid: asleep\nname: Asleep\nstate: suspended\nacts: autonomously\n\
             operations: [consent.read]\nclients: {{keys: '{keys}'}}\n",
            "ab".repeat(32)
        );
        let documents = Documents::of_text(Path::new("x.yaml"), &records);
        store.apply(&documents, Mode::Commit, start).await.unwrap();
        let access = Arc::new(AccessTokens::new(&[5; 32], ORIGIN).unwrap());
        let clock = Arc::new(Mutex::new(start));
        let mut world = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            access,
            rsa,
            ec,
            clock,
            ids: Mutex::new(0),
            dir,
        };
        world.address = world.serve(store, ledger);
        world
    }

    fn serve(&self, store: Store, ledger: Ledger) -> SocketAddr {
        let clock = self.clock.clone();
        let parts = Parts {
            store: Arc::new(store),
            ledger,
            metrics: Arc::new(String::new),
            anchors: Arc::new(Vec::new),
            settings: Arc::new(Settings::at(ORIGIN.to_owned()).giving(Tokens {
                access: self.access.clone(),
                keys: Arc::new(KeySources::new(JwksAges::default())),
            })),
            fetch: Arc::new(Nowhere),
            fetch_files: Arc::new(Nowhere),
            clock: Arc::new(move || *clock.lock().unwrap()),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, None, parts, std::future::pending()));
        address
    }

    fn claims(&self, changes: &Value) -> Value {
        let now = self.clock.lock().unwrap().as_second();
        let mut ids = self.ids.lock().unwrap();
        *ids += 1;
        let mut claims = json!({
            "iss": "scheduler", "sub": "scheduler", "aud": format!("{ORIGIN}/oauth/token"),
            "jti": format!("jti-{ids}"), "iat": now, "exp": now + 240,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn assertion(&self, changes: &Value) -> String {
        self.ec.sign(
            &json!({"alg": "ES384", "kid": "ec", "typ": "JWT"}),
            &self.claims(changes),
        )
    }

    /// Asks with an assertion for the scope; status and body.
    async fn ask(&self, assertion: &str, scope: &str) -> (u16, Value) {
        let (head, body) = self.post(&form(assertion, scope)).await;
        assert!(head.contains("cache-control: no-store"), "{head}");
        (status(&head), serde_json::from_str(&body).unwrap())
    }

    async fn post(&self, form: &str) -> (String, String) {
        self.send(&format!(
            "POST /oauth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        ))
        .await
    }

    async fn get(&self, path: &str) -> Value {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let (head, body) = self.send(&request).await;
        assert_eq!(status(&head), 200, "{head}");
        serde_json::from_str(&body).unwrap()
    }

    async fn send(&self, request: &str) -> (String, String) {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut heard = String::new();
        socket.read_to_string(&mut heard).await.unwrap();
        let (head, body) = heard.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

fn form(assertion: &str, scope: &str) -> String {
    format!(
        "grant_type=client_credentials&scope={}&client_assertion_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}",
        scope.replace(' ', "+").replace('/', "%2F")
    )
}

const SCOPE: &str = "system/Consent.rs";

#[tokio::test]
async fn a_backend_service_gets_a_token_with_either_algorithm_of_smart() {
    let world = World::open().await;
    for (key, alg, kid) in [(&world.rsa, "RS384", "rsa"), (&world.ec, "ES384", "ec")] {
        let assertion = key.sign(&json!({"alg": alg, "kid": kid}), &world.claims(&json!({})));
        let (status, body) = world
            .ask(&assertion, "system/Consent.cruds wardgate/call")
            .await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 300);
        assert_eq!(
            body["scope"], "system/Consent.rs",
            "no more than the record grants"
        );
        let token = body["access_token"].as_str().unwrap();
        let presented = PresentedToken::parse(token).unwrap();
        let now = *world.clock.lock().unwrap();
        let verified = world.access.verify(presented, now).unwrap();
        assert_eq!(verified.claims.authorised_party(), Some("scheduler"));
    }
}

#[tokio::test]
async fn the_documents_lead_to_the_endpoint_and_the_key() {
    let world = World::open().await;
    for path in [
        "/.well-known/smart-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let document = world.get(path).await;
        assert_eq!(document["issuer"], ORIGIN);
        assert_eq!(document["token_endpoint"], format!("{ORIGIN}/oauth/token"));
        assert_eq!(
            document["token_endpoint_auth_methods_supported"],
            json!(["private_key_jwt"])
        );
    }
    let smart = world.get("/.well-known/smart-configuration").await;
    assert_eq!(smart["capabilities"][0], "client-confidential-asymmetric");
    let keys = world.get("/oauth/jwks").await;
    assert_eq!(keys, world.access.jwks());
    assert!(keys["keys"][0].get("d").is_none());
}

#[tokio::test]
async fn an_assertion_is_used_once_also_by_a_console_that_was_started_anew() {
    let world = World::open().await;
    let assertion = world.assertion(&json!({}));
    assert_eq!(world.ask(&assertion, SCOPE).await.0, 200);
    let replayed = world.ask(&assertion, SCOPE).await;
    assert_eq!(
        (replayed.0, &replayed.1["error"]),
        (401, &json!("invalid_client"))
    );
    // The same id in a token that was signed anew is the same use.
    let id = json!({"jti": "jti-1"});
    assert_eq!(world.ask(&world.assertion(&id), SCOPE).await.0, 401);

    let vault = Vault::open(world.dir.path(), vault_provider()).unwrap();
    let now = *world.clock.lock().unwrap();
    let store = Store::open(world.dir.path(), Arc::new(vault), now)
        .await
        .unwrap();
    let signer = Signer::from_seed("test.example/other", &[8; 32]).unwrap();
    let ledger =
        Ledger::create(&world.dir.path().join("other"), signer, &Options::default()).unwrap();
    let again = World {
        address: world.serve(store, ledger),
        ..world
    };
    assert_eq!(again.ask(&assertion, SCOPE).await.0, 401);
    assert_eq!(again.ask(&again.assertion(&json!({})), SCOPE).await.0, 200);
}

/// Assertions that another key, algorithm or client makes.
fn forged(world: &World) -> [(&'static str, String); 9] {
    let (ec, rsa) = (
        json!({"alg": "ES384", "kid": "ec"}),
        json!({"alg": "RS256", "kid": "rsa"}),
    );
    let stranger = ClientKey::Ec(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap());
    let unsigned = format!(
        "{}.{}.",
        b64(r#"{"alg":"none"}"#),
        b64(world.claims(&json!({})).to_string())
    );
    [
        (
            "unknown client",
            world.assertion(&json!({"iss": "nobody", "sub": "nobody"})),
        ),
        (
            "another client as subject",
            world.assertion(&json!({"sub": "bound"})),
        ),
        (
            "suspended",
            world.assertion(&json!({"iss": "asleep", "sub": "asleep"})),
        ),
        (
            "key of a stranger",
            stranger.sign(&ec, &world.claims(&json!({}))),
        ),
        (
            "algorithm not of SMART",
            world.rsa.sign(&rsa, &world.claims(&json!({}))),
        ),
        (
            "no key named",
            world
                .ec
                .sign(&json!({"alg": "ES384"}), &world.claims(&json!({}))),
        ),
        (
            "key of the other kind",
            world.ec.sign(
                &json!({"alg": "ES384", "kid": "rsa"}),
                &world.claims(&json!({})),
            ),
        ),
        (
            "an address of keys",
            world.ec.sign(
                &json!({"alg": "ES384", "kid": "ec", "jku": "https://x.example"}),
                &world.claims(&json!({})),
            ),
        ),
        ("unsigned", unsigned),
    ]
}

/// Assertions of the right key that do not say what they must.
fn unfit(world: &World) -> [(&'static str, String); 8] {
    let at = world.clock.lock().unwrap().as_second();
    [
        (
            "for the issuer, not the endpoint",
            world.assertion(&json!({"aud": ORIGIN})),
        ),
        (
            "for another",
            world.assertion(&json!({"aud": "https://other.example/oauth/token"})),
        ),
        (
            "expired",
            world.assertion(&json!({"iat": at - 400, "exp": at - 100})),
        ),
        (
            "not yet",
            world.assertion(&json!({"iat": at + 120, "exp": at + 240})),
        ),
        ("too long", world.assertion(&json!({"exp": at + 3_600}))),
        ("no id", world.assertion(&json!({"jti": null}))),
        ("no token", "abc".to_owned()),
        ("large", "a".repeat(20_000)),
    ]
}

#[tokio::test]
async fn whoever_cannot_prove_a_client_gets_one_and_the_same_answer() {
    let world = World::open().await;
    let mut answers = Vec::new();
    for (attack, assertion) in forged(&world).into_iter().chain(unfit(&world)) {
        let (status, body) = world.ask(&assertion, SCOPE).await;
        assert_eq!(status, 401, "{attack}: {body}");
        answers.push(body.to_string());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn requests_that_are_not_for_a_token_are_told_so_in_the_words_of_oauth() {
    let world = World::open().await;
    let good = || form(&world.assertion(&json!({})), SCOPE);
    for (body, error) in [
        (
            good().replace("client_credentials", "password"),
            "unsupported_grant_type",
        ),
        (
            good().replace("grant_type=client_credentials&", ""),
            "invalid_request",
        ),
        (good() + "&scope=wardgate%2Fcall", "invalid_request"),
        (good() + "&client_secret=guess", "invalid_client"),
        (good() + "&client_id=bound", "invalid_client"),
        (
            good().replace("jwt-bearer", "saml2-bearer"),
            "invalid_client",
        ),
        (good().replace("scope=", "scops="), "invalid_scope"),
        (good().replace("Consent.rs", "Patient.rs"), "invalid_scope"),
        (good().replace("Consent.rs", "Consent.cu"), "invalid_scope"),
    ] {
        let (_, answer) = world.post(&body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["error"], error, "{body}");
    }
    let request = "POST /oauth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let (head, answer) = world.send(request).await;
    assert_eq!(status(&head), 400);
    assert!(answer.contains("invalid_request"), "{answer}");
}

#[tokio::test]
async fn the_token_of_an_app_with_one_certificate_is_bound_to_it() {
    let world = World::open().await;
    let assertion = world.assertion(&json!({"iss": "bound", "sub": "bound"}));
    let (_, body) = world.ask(&assertion, SCOPE).await;
    let token = body["access_token"].as_str().unwrap();
    let claims: Value = {
        let part = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(claims["cnf"]["x5t#S256"], b64([0xab; 32]));
}

#[tokio::test]
async fn an_assertion_that_was_used_stays_used_until_it_would_be_refused_as_expired() {
    let world = World::open().await;
    let assertion = world.assertion(&json!({}));
    assert_eq!(world.ask(&assertion, SCOPE).await.0, 200);
    for seconds in [200, 99, 1, 1, 600] {
        *world.clock.lock().unwrap() += SignedDuration::from_secs(seconds);
        assert_eq!(world.ask(&assertion, SCOPE).await.0, 401);
    }
}
