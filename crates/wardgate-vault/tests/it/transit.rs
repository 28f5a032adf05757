//! The transit provider against a server that plays the engine: it checks tokens, really
//! encrypts under versioned keys, and fails in all the ways that the real one does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wardgate_vault::{
    HttpsSettings, KeyProvider, ProviderError, TransitLogin, TransitProvider, TransitSettings,
    random,
};

use crate::fake::{Fake, Reply, Request, assert_silent};

const ROOT: [u8; 32] = [0x5a; 32];
const TOKEN: &str = "hvs.CAESIJtoken0001";

/// The state of the engine.
struct Engine {
    /// Key material by version.
    versions: BTreeMap<u32, [u8; 32]>,
    min_decryption_version: u32,
    derived: bool,
    namespace: Option<String>,
    tokens: Vec<String>,
    secret_id: String,
    logins: usize,
    /// What happens to the next requests instead of an answer.
    faults: Vec<Reply>,
    /// Makes ciphertext of another key.
    forgetful: bool,
}

impl Engine {
    fn new() -> Self {
        Self {
            versions: BTreeMap::from([(1, random())]),
            min_decryption_version: 1,
            derived: false,
            namespace: None,
            tokens: vec![TOKEN.to_owned()],
            secret_id: "5ec-ret".to_owned(),
            logins: 0,
            faults: Vec::new(),
            forgetful: false,
        }
    }

    fn serve(&mut self, request: &Request) -> Reply {
        if !self.faults.is_empty() {
            return self.faults.remove(0);
        }
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("x-vault-request"), Some("true"));
        assert_eq!(
            request.header("x-vault-namespace"),
            self.namespace.as_deref()
        );
        if request.path == "/v1/auth/approle/login" {
            return self.log_in(&request.json());
        }
        let token = request.header("x-vault-token").unwrap_or_default();
        if !self.tokens.iter().any(|good| good == token) {
            return error(403, "permission denied");
        }
        match request.path.as_str() {
            "/v1/transit/encrypt/wardgate" => self.encrypt(&request.json()),
            "/v1/transit/decrypt/wardgate" => self.decrypt(&request.json()),
            "/v1/transit/encrypt/none" | "/v1/transit/decrypt/none" => {
                error(400, "encryption key not found")
            }
            _ => error(404, "no handler for route"),
        }
    }

    fn log_in(&mut self, body: &Value) -> Reply {
        if body["role_id"] != "role-1" || body["secret_id"] != self.secret_id.as_str() {
            return error(400, "invalid role or secret ID");
        }
        self.logins += 1;
        let token = format!("hvs.approle{}", self.logins);
        self.tokens = vec![token.clone()];
        Reply::Answer(
            200,
            json!({"auth": {"client_token": token, "lease_duration": 60, "renewable": true}})
                .to_string(),
        )
    }

    /// The key of a version, and what is authenticated with it.
    fn cipher(&self, version: u32, body: &Value) -> (LessSafeKey, Vec<u8>) {
        let mut key = self.versions[&version];
        let mut aad = STANDARD
            .decode(body["associated_data"].as_str().unwrap())
            .unwrap();
        assert_eq!(body.get("context").is_some(), self.derived);
        if let Some(context) = body.get("context") {
            let context = STANDARD.decode(context.as_str().unwrap()).unwrap();
            for (at, byte) in context.iter().enumerate() {
                key[at % 32] ^= byte;
            }
            aad.push(1);
        }
        (
            LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap()),
            aad,
        )
    }

    fn encrypt(&self, body: &Value) -> Reply {
        let version = *self.versions.keys().last().unwrap();
        let (key, aad) = self.cipher(version, body);
        let nonce: [u8; 12] = random();
        let mut sealed = STANDARD
            .decode(body["plaintext"].as_str().unwrap())
            .unwrap();
        assert_eq!(sealed.len(), 32);
        if self.forgetful {
            sealed[31] ^= 1;
        }
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut sealed,
        )
        .unwrap();
        let text = STANDARD.encode([nonce.as_slice(), &sealed].concat());
        data(json!({"ciphertext": format!("vault:v{version}:{text}"), "key_version": version}))
    }

    fn decrypt(&self, body: &Value) -> Reply {
        let text = body["ciphertext"].as_str().unwrap();
        let (version, text) = text
            .strip_prefix("vault:v")
            .unwrap()
            .split_once(':')
            .unwrap();
        let version: u32 = version.parse().unwrap();
        if version < self.min_decryption_version {
            return error(
                400,
                "ciphertext or signature version is disallowed by policy (too old)",
            );
        }
        if !self.versions.contains_key(&version) {
            return error(400, "invalid ciphertext: version is too new");
        }
        let (key, aad) = self.cipher(version, body);
        let mut sealed = STANDARD.decode(text).unwrap();
        let nonce: [u8; 12] = sealed[..12].try_into().unwrap();
        match key.open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut sealed[12..],
        ) {
            Ok(plain) => data(json!({"plaintext": STANDARD.encode(plain)})),
            Err(_) => error(400, "cipher: message authentication failed"),
        }
    }
}

fn data(data: Value) -> Reply {
    Reply::Answer(200, json!({ "data": data }).to_string())
}

fn error(status: u16, text: &str) -> Reply {
    Reply::Answer(status, json!({ "errors": [text] }).to_string())
}

/// The server and its state.
struct Bao {
    engine: Arc<Mutex<Engine>>,
    fake: Fake,
}

impl Bao {
    fn start() -> Self {
        let engine = Arc::new(Mutex::new(Engine::new()));
        let served = Arc::clone(&engine);
        let fake = Fake::start(move |request| served.lock().unwrap().serve(request));
        Self { engine, fake }
    }

    fn settings(&self) -> TransitSettings {
        TransitSettings {
            url: self.fake.url.clone(),
            mount: "transit".to_owned(),
            key: "wardgate".to_owned(),
            derived_key: false,
            namespace: None,
            login: TransitLogin::TokenFile(self.fake.secret("token", TOKEN)),
            https: self.fake.https(),
        }
    }

    fn app_role(&self) -> TransitProvider {
        TransitProvider::new(TransitSettings {
            login: TransitLogin::AppRole {
                mount: "approle".to_owned(),
                role_id_file: self.fake.secret("role", "role-1\n"),
                secret_id_file: self.fake.secret("secret", "5ec-ret\n"),
            },
            ..self.settings()
        })
    }

    fn provider(&self) -> TransitProvider {
        TransitProvider::new(self.settings())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Engine) -> T) -> T {
        change(&mut self.engine.lock().unwrap())
    }
}

#[test]
fn the_root_key_comes_back_across_versions() {
    let bao = Bao::start();
    let provider = bao.provider();
    let wrapped = provider.wrap(&ROOT, b"vault 1").unwrap();
    assert!(wrapped.starts_with(b"vault:v1:"));
    bao.with(|engine| engine.versions.insert(2, random()));
    let newer = provider.wrap(&ROOT, b"vault 1").unwrap();
    assert!(newer.starts_with(b"vault:v2:"));
    for wrapped in [&wrapped, &newer] {
        assert_eq!(*provider.unwrap(wrapped, b"vault 1").unwrap(), ROOT);
    }
    let address = &bao.fake.url;
    assert_eq!(
        provider.describe(),
        format!("transit key `wardgate` of `transit` at `{address}`")
    );
}

#[test]
fn a_version_that_is_not_to_be_used_any_more_is_a_refusal() {
    let bao = Bao::start();
    let provider = bao.provider();
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    bao.with(|engine| {
        engine.versions.insert(2, random());
        engine.min_decryption_version = 2;
    });
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("too old"), "{error}");
}

#[test]
fn altered_ciphertext_and_another_context_are_rejected() {
    let bao = Bao::start();
    let provider = bao.provider();
    let wrapped = provider.wrap(&ROOT, b"vault 1").unwrap();
    let rejected = |wrapped: &[u8], context: &[u8]| {
        let error = provider.unwrap(wrapped, context).unwrap_err();
        assert!(matches!(error, ProviderError::Rejected { .. }), "{error}");
    };
    rejected(&wrapped, b"vault 2");
    let mut altered = wrapped.clone();
    altered[30] = if altered[30] == b'A' { b'B' } else { b'A' };
    rejected(&altered, b"vault 1");

    // What has not the form of ciphertext is not sent at all.
    let asked = bao.fake.requests();
    let text = String::from_utf8(wrapped).unwrap();
    for bad in [
        "",
        "vault:v1:",
        &text.replace("vault:", "other:"),
        &text.replace("v1:", "v01:"),
        &text.replace("v1:", "v-1:"),
        &text[..text.len() - 1],
        &format!("{text}="),
        &format!("vault:v1:{}", STANDARD.encode([0; 32])),
        &format!("vault:v1:{}", STANDARD.encode([0; 999])),
    ] {
        rejected(bad.as_bytes(), b"vault 1");
    }
    rejected(&[0xff, 0xfe], b"vault 1");
    assert_eq!(bao.fake.requests(), asked);
}

#[test]
fn a_derived_key_and_a_namespace_are_spoken_to_as_they_ask() {
    let bao = Bao::start();
    bao.with(|engine| {
        engine.derived = true;
        engine.namespace = Some("ward/4".to_owned());
    });
    let provider = TransitProvider::new(TransitSettings {
        derived_key: true,
        namespace: Some("ward/4".to_owned()),
        ..bao.settings()
    });
    let wrapped = provider.wrap(&ROOT, b"vault 1").unwrap();
    assert_eq!(*provider.unwrap(&wrapped, b"vault 1").unwrap(), ROOT);
    assert!(provider.unwrap(&wrapped, b"vault 2").is_err());
}

#[test]
fn a_token_of_app_role_is_kept_and_asked_for_anew_when_refused() {
    let bao = Bao::start();
    let provider = bao.app_role();
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    provider.unwrap(&wrapped, b"").unwrap();
    assert_eq!(bao.with(|engine| engine.logins), 1);
    // The lease ended.
    bao.with(|engine| engine.tokens.clear());
    assert_eq!(*provider.unwrap(&wrapped, b"").unwrap(), ROOT);
    assert_eq!(bao.with(|engine| engine.logins), 2);
    // A fresh token that is refused is not replaced again and again.
    bao.with(|engine| {
        engine.tokens.clear();
        engine.secret_id = "changed".to_owned();
    });
    let asked = bao.fake.requests();
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert_eq!(bao.fake.requests(), asked + 2);
    assert_silent(&error, &["5ec-ret", "role-1", "hvs."]);
    assert_silent(&format!("{provider:?}"), &["5ec-ret", "hvs.approle"]);
}

#[test]
fn a_token_file_is_read_anew() {
    let bao = Bao::start();
    let provider = bao.provider();
    bao.fake.secret("token", "hvs.old");
    let error = provider.wrap(&ROOT, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert_silent(&error, &["hvs.old"]);
    bao.fake.secret("token", TOKEN);
    provider.wrap(&ROOT, b"").unwrap();
}

#[test]
fn refusals_and_outages_are_told_apart() {
    let bao = Bao::start();
    let provider = bao.provider();
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    let unavailable = [
        error(503, "Vault is sealed"),
        error(429, "rate limit quota exceeded"),
        error(473, "standby"),
        error(472, "disaster recovery secondary"),
        error(412, "required index state not present"),
        error(500, "internal error"),
        Reply::Answer(502, "<html>bad gateway</html>".to_owned()),
        Reply::Elsewhere("https://127.0.0.1:1/".to_owned()),
        Reply::Cut,
        Reply::CutWithin("{\"data\":".to_owned()),
    ];
    for fault in unavailable {
        bao.with(|engine| engine.faults = vec![fault.clone()]);
        let error = provider.unwrap(&wrapped, b"").unwrap_err();
        assert!(
            matches!(error, ProviderError::Unavailable { .. }),
            "{fault:?}: {error}"
        );
    }
    let unusable = [
        Reply::Answer(200, "{".to_owned()),
        Reply::Answer(200, "{\"data\":{}}".to_owned()),
        Reply::Answer(200, "{\"data\":{\"plaintext\":\"AAAA\"}}".to_owned()),
        Reply::Answer(200, "{\"data\":{\"plaintext\":\"*\"}}".to_owned()),
        Reply::Answer(204, String::new()),
        Reply::Answer(418, "{}".to_owned()),
        Reply::Flood,
    ];
    for fault in unusable {
        bao.with(|engine| engine.faults = vec![fault.clone()]);
        let error = provider.unwrap(&wrapped, b"").unwrap_err();
        assert!(
            matches!(error, ProviderError::Unusable { .. }),
            "{fault:?}: {error}"
        );
    }
    // A doubt that the probe does not clear is not called damage.
    bao.with(|engine| {
        engine.faults = vec![error(400, "strange"), error(503, "Vault is sealed")];
    });
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(
        matches!(error, ProviderError::Unavailable { .. }),
        "{error}"
    );
    assert_eq!(*provider.unwrap(&wrapped, b"").unwrap(), ROOT);
}

#[test]
fn what_is_wrapped_is_read_back() {
    let bao = Bao::start();
    bao.with(|engine| engine.forgetful = true);
    let error = bao.provider().wrap(&ROOT, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    for ciphertext in ["vault:v1:AAAA", "something else"] {
        let answer = data(json!({ "ciphertext": ciphertext }));
        bao.with(|engine| engine.faults = vec![answer]);
        let error = bao.provider().wrap(&ROOT, b"").unwrap_err();
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    }
}

#[test]
fn silence_ends_at_the_deadline() {
    let bao = Bao::start();
    bao.with(|engine| engine.faults = vec![Reply::Silence]);
    let provider = TransitProvider::new(TransitSettings {
        https: HttpsSettings {
            deadline_ms: 100,
            ..bao.fake.https()
        },
        ..bao.settings()
    });
    let error = provider.wrap(&ROOT, b"").unwrap_err();
    assert!(
        matches!(error, ProviderError::Unavailable { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("in time"), "{error}");
}

#[test]
fn a_missing_key_or_engine_is_a_refusal() {
    let bao = Bao::start();
    for (mount, key) in [("transit", "none"), ("elsewhere", "wardgate")] {
        let provider = TransitProvider::new(TransitSettings {
            mount: mount.to_owned(),
            key: key.to_owned(),
            ..bao.settings()
        });
        let error = provider.wrap(&ROOT, b"").unwrap_err();
        assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    }
}

#[test]
fn settings_that_can_not_work_are_refused_before_anything_is_sent() {
    let bao = Bao::start();
    let unusable = |change: &dyn Fn(&mut TransitSettings)| {
        let mut settings = bao.settings();
        change(&mut settings);
        let error = TransitProvider::new(settings).wrap(&ROOT, b"").unwrap_err();
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
        error.to_string()
    };
    unusable(&|s| s.url = "http://bao.example.org:8200".to_owned());
    unusable(&|s| s.url = "ftp://localhost".to_owned());
    unusable(&|s| s.url = "localhost".to_owned());
    let said = unusable(&|s| s.url = "https://me:pass@localhost".to_owned());
    assert!(!said.contains("holds a password: pass"), "{said}");
    for name in ["", "../sys", "a//b", "wardgate?x", "a b"] {
        unusable(&|s| s.key = name.to_owned());
        unusable(&|s| s.mount = name.to_owned());
    }
    unusable(&|s| s.key = "a/b".to_owned());
    unusable(&|s| s.namespace = Some("line\nbreak".to_owned()));
    unusable(&|s| s.https.ca_file = Some("/nonexistent.pem".into()));
    let not_pem = bao.fake.secret("not.pem", "nothing");
    unusable(&|s| s.https.ca_file = Some(not_pem.clone()));
    unusable(&|s| s.login = TransitLogin::TokenFile("/nonexistent".into()));
    assert_eq!(bao.fake.requests(), 0);
}

#[test]
fn a_server_that_no_authority_vouches_for_gets_no_token() {
    let bao = Bao::start();
    let other = Bao::start();
    let provider = TransitProvider::new(TransitSettings {
        https: other.fake.https(),
        ..bao.settings()
    });
    let error = provider.wrap(&ROOT, b"").unwrap_err();
    assert!(
        matches!(error, ProviderError::Unavailable { .. }),
        "{error}"
    );
    let provider = TransitProvider::new(TransitSettings {
        https: HttpsSettings::default(),
        ..bao.settings()
    });
    assert!(provider.wrap(&ROOT, b"").is_err());
    assert_eq!(bao.fake.requests(), 0);
}
