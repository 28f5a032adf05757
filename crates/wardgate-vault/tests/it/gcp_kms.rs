//! The Google provider against a service that verifies the signed statement of who asks,
//! checks every checksum, and really encrypts.

use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wardgate_vault::{GcpKmsProvider, GcpKmsSettings, KeyProvider, ProviderError, random};

use crate::fake::{Fake, Reply, Request, assert_silent};

const ROOT: [u8; 32] = [0x5a; 32];
const KEY: &str = "projects/ward/locations/europe-west3/keyRings/main/cryptoKeys/root";
const EMAIL: &str = "vault@ward.iam.gserviceaccount.com";

struct Kms {
    key: [u8; 32],
    public_key: Vec<u8>,
    token_uri: String,
    now: Timestamp,
    /// Tokens that are good, with when they end.
    tokens: Vec<(String, Timestamp)>,
    grants: usize,
    faults: Vec<Reply>,
    /// Changes an answer on its way.
    corrupt: Option<fn(&mut Value)>,
    /// Changes a request on its way.
    garble: bool,
}

impl Kms {
    fn serve(&mut self, request: &Request) -> Reply {
        assert_eq!(request.method, "POST");
        if request.path == "/token" {
            return match self.grant(request) {
                Ok(token) => Reply::Answer(
                    200,
                    json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
                        .to_string(),
                ),
                Err(what) => Reply::Answer(
                    400,
                    json!({"error": "invalid_grant", "error_description": what}).to_string(),
                ),
            };
        }
        if !self.faults.is_empty() {
            return self.faults.remove(0);
        }
        let token = request.header("authorization").unwrap_or_default();
        let good = |(text, end): &(String, Timestamp)| {
            token == format!("Bearer {text}") && self.now < *end
        };
        if !self.tokens.iter().any(good) {
            return error(401, "UNAUTHENTICATED", "invalid credentials");
        }
        let Some((key, action)) = request.path.strip_prefix("/v1/").unwrap().rsplit_once(':')
        else {
            panic!("{}", request.path);
        };
        if key != KEY {
            return error(404, "NOT_FOUND", "no such key");
        }
        let reply = match action {
            "encrypt" => self.encrypt(&request.json()),
            "decrypt" => self.decrypt(&request.json()),
            other => panic!("{other}"),
        };
        match (self.corrupt, reply) {
            (Some(change), Reply::Answer(200, text)) => {
                let mut value = serde_json::from_str(&text).unwrap();
                change(&mut value);
                Reply::Answer(200, value.to_string())
            }
            (_, reply) => reply,
        }
    }

    /// Verifies the statement: its signature, for whom, and when.
    fn grant(&mut self, request: &Request) -> Result<String, String> {
        let body = String::from_utf8(request.body.clone()).unwrap();
        let text = body
            .strip_prefix(
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=",
            )
            .unwrap();
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| "Invalid JWT Signature.".to_owned())?;
        let (header, claims) = signed.split_once('.').unwrap();
        let parse = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(
            parse(header),
            json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"})
        );
        let claims = parse(claims);
        assert_eq!(claims["iss"], EMAIL);
        assert_eq!(claims["scope"], "https://www.googleapis.com/auth/cloudkms");
        assert_eq!(claims["aud"], self.token_uri.as_str());
        let (made, end) = (
            claims["iat"].as_i64().unwrap(),
            claims["exp"].as_i64().unwrap(),
        );
        assert_eq!(end - made, 3600);
        if (made - self.now.as_second()).abs() > 300 {
            return Err("Invalid JWT: Token must be a short-lived token".to_owned());
        }
        self.grants += 1;
        let token = format!("ya29.{}", self.grants);
        self.tokens
            .push((token.clone(), self.now + SignedDuration::from_secs(3599)));
        Ok(token)
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.key).unwrap())
    }

    fn encrypt(&self, body: &Value) -> Reply {
        let mut plain = field(body, "plaintext");
        let context = field(body, "additionalAuthenticatedData");
        if self.garble {
            plain[0] ^= 1;
        }
        let verified = crc(&plain) == body["plaintextCrc32c"];
        let verified_context = crc(&context) == body["additionalAuthenticatedDataCrc32c"];
        let nonce: [u8; 12] = random();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut plain,
            )
            .unwrap();
        let sealed = [nonce.as_slice(), &plain].concat();
        let answer = json!({
            "name": format!("{KEY}/cryptoKeyVersions/3"),
            "ciphertext": STANDARD.encode(&sealed),
            "ciphertextCrc32c": crc(&sealed),
            "verifiedPlaintextCrc32c": verified,
            "verifiedAdditionalAuthenticatedDataCrc32c": verified_context,
            "protectionLevel": "HSM",
        });
        Reply::Answer(200, answer.to_string())
    }

    fn decrypt(&self, body: &Value) -> Reply {
        let mut sealed = field(body, "ciphertext");
        let context = field(body, "additionalAuthenticatedData");
        if crc(&sealed) != body["ciphertextCrc32c"]
            || crc(&context) != body["additionalAuthenticatedDataCrc32c"]
        {
            return error(400, "INVALID_ARGUMENT", "the checksum does not match");
        }
        let invalid = || {
            error(
                400,
                "INVALID_ARGUMENT",
                "Decryption failed: the ciphertext is invalid.",
            )
        };
        let Some((nonce, sealed)) = sealed.split_at_mut_checked(12) else {
            return invalid();
        };
        let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
        match self.cipher().open_in_place(nonce, Aad::from(context), sealed) {
            Ok(plain) => Reply::Answer(
                200,
                json!({"plaintext": STANDARD.encode(&plain), "plaintextCrc32c": crc(plain), "usedPrimary": true})
                    .to_string(),
            ),
            Err(_) => invalid(),
        }
    }
}

fn field(body: &Value, name: &str) -> Vec<u8> {
    STANDARD.decode(body[name].as_str().unwrap()).unwrap()
}

fn crc(bytes: &[u8]) -> Value {
    crc32c::crc32c(bytes).to_string().into()
}

fn error(status: u16, kind: &str, message: &str) -> Reply {
    let body = json!({"error": {"code": status, "status": kind, "message": message}});
    Reply::Answer(status, body.to_string())
}

struct Cloud {
    kms: Arc<Mutex<Kms>>,
    fake: Fake,
    key_file: String,
}

impl Cloud {
    fn start() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let kms = Arc::new(Mutex::new(Kms {
            key: random(),
            public_key: pair.public_key().as_ref().to_vec(),
            token_uri: String::new(),
            now: "2026-11-30T10:00:00Z".parse().unwrap(),
            tokens: Vec::new(),
            grants: 0,
            faults: Vec::new(),
            corrupt: None,
            garble: false,
        }));
        let served = Arc::clone(&kms);
        let fake = Fake::start(move |request| served.lock().unwrap().serve(request));
        let token_uri = format!("{}/token", fake.url);
        kms.lock().unwrap().token_uri.clone_from(&token_uri);
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let key_file = json!({
            "type": "service_account",
            "client_email": EMAIL,
            "private_key_id": "key-1",
            "private_key": pem(der.as_ref()),
            "token_uri": token_uri,
        })
        .to_string();
        Self {
            kms,
            fake,
            key_file,
        }
    }

    fn settings(&self) -> GcpKmsSettings {
        GcpKmsSettings {
            key: KEY.to_owned(),
            endpoint: Some(self.fake.url.clone()),
            credentials_file: self.fake.secret("account.json", &self.key_file),
            https: self.fake.https(),
        }
    }

    fn provider(&self, settings: GcpKmsSettings) -> GcpKmsProvider {
        let kms = Arc::clone(&self.kms);
        GcpKmsProvider::new(settings, Arc::new(move || kms.lock().unwrap().now))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Kms) -> T) -> T {
        change(&mut self.kms.lock().unwrap())
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

#[test]
fn the_root_key_comes_back_for_its_context_only() {
    let cloud = Cloud::start();
    let provider = cloud.provider(cloud.settings());
    let wrapped = provider.wrap(&ROOT, b"vault 1").unwrap();
    assert_eq!(*provider.unwrap(&wrapped, b"vault 1").unwrap(), ROOT);
    let rejected = |wrapped: &[u8], context: &[u8]| {
        let error = provider.unwrap(wrapped, context).unwrap_err();
        assert!(matches!(error, ProviderError::Rejected { .. }), "{error}");
    };
    rejected(&wrapped, b"vault 2");
    let mut altered = wrapped.clone();
    altered[20] ^= 1;
    rejected(&altered, b"vault 1");
    rejected(&[1], b"vault 1");
    rejected(&[], b"vault 1");
    assert_eq!(cloud.with(|kms| kms.grants), 1);
    assert_eq!(provider.describe(), format!("gcp-kms key `{KEY}`"));
    assert_silent(&format!("{provider:?}"), &["ya29", "PRIVATE"]);
}

#[test]
fn a_token_is_kept_until_shortly_before_its_end() {
    let cloud = Cloud::start();
    let provider = cloud.provider(cloud.settings());
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    let start = cloud.with(|kms| kms.now);
    for (seconds, grants) in [(3538, 1), (3539, 2), (3540, 2)] {
        cloud.with(|kms| kms.now = start + SignedDuration::from_secs(seconds));
        provider.unwrap(&wrapped, b"").unwrap();
        assert_eq!(cloud.with(|kms| kms.grants), grants, "{seconds}");
    }
    // Revoked before its end: one fresh token is tried.
    cloud.with(|kms| kms.tokens.clear());
    provider.unwrap(&wrapped, b"").unwrap();
    assert_eq!(cloud.with(|kms| kms.grants), 3);
    let refused = vec![
        error(401, "UNAUTHENTICATED", ""),
        error(401, "UNAUTHENTICATED", ""),
    ];
    cloud.with(|kms| kms.faults = refused);
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
}

#[test]
fn a_statement_of_another_key_or_time_is_refused() {
    let cloud = Cloud::start();
    let start = cloud.with(|kms| kms.now);
    let provider = GcpKmsProvider::new(
        cloud.settings(),
        Arc::new(move || start + SignedDuration::from_secs(301)),
    );
    let error = provider.wrap(&ROOT, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("short-lived"), "{error}");

    let other = KeyPair::generate(KeySize::Rsa2048).unwrap();
    cloud.with(|kms| kms.public_key = other.public_key().as_ref().to_vec());
    let error = cloud
        .provider(cloud.settings())
        .wrap(&ROOT, b"")
        .unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert_silent(&error, &["PRIVATE", "ya29"]);
}

#[test]
fn values_that_were_changed_on_their_way_are_not_used() {
    let cloud = Cloud::start();
    let provider = cloud.provider(cloud.settings());
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    cloud.with(|kms| kms.garble = true);
    let error = provider.wrap(&ROOT, b"").unwrap_err();
    assert!(
        matches!(error, ProviderError::Unavailable { .. }),
        "{error}"
    );
    cloud.with(|kms| kms.garble = false);

    let changes: [fn(&mut Value); 4] = [
        |answer| answer["ciphertext"] = STANDARD.encode([7; 60]).into(),
        |answer| answer["ciphertextCrc32c"] = "1".into(),
        |answer| answer["verifiedPlaintextCrc32c"] = false.into(),
        |answer| answer["verifiedAdditionalAuthenticatedDataCrc32c"] = false.into(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        cloud.with(|kms| kms.corrupt = Some(change));
        let error = provider.wrap(&ROOT, b"").unwrap_err();
        assert!(
            matches!(error, ProviderError::Unavailable { .. }),
            "{number}: {error}"
        );
    }
    cloud.with(|kms| {
        kms.corrupt = Some(|answer| answer["plaintext"] = STANDARD.encode([7; 32]).into())
    });
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(
        matches!(error, ProviderError::Unavailable { .. }),
        "{error}"
    );

    let unusable: [fn(&mut Value); 3] = [
        |answer| answer["name"] = "projects/other".into(),
        |answer| answer["ciphertext"] = "*".into(),
        |answer| answer["ciphertextCrc32c"] = Value::Null,
    ];
    for (number, change) in unusable.into_iter().enumerate() {
        cloud.with(|kms| kms.corrupt = Some(change));
        let error = provider.wrap(&ROOT, b"").unwrap_err();
        assert!(
            matches!(error, ProviderError::Unusable { .. }),
            "{number}: {error}"
        );
    }
}

#[test]
fn refusals_and_outages_are_told_apart() {
    let cloud = Cloud::start();
    let provider = cloud.provider(cloud.settings());
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    let told = |fault: Reply| {
        cloud.with(|kms| kms.faults = vec![fault]);
        provider.unwrap(&wrapped, b"").unwrap_err()
    };
    for fault in [
        error(403, "PERMISSION_DENIED", "no"),
        error(404, "NOT_FOUND", "no such key"),
        error(400, "FAILED_PRECONDITION", "the key version is disabled"),
    ] {
        let error = told(fault);
        assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    }
    for fault in [
        error(429, "RESOURCE_EXHAUSTED", ""),
        error(500, "INTERNAL", ""),
        error(503, "UNAVAILABLE", ""),
        Reply::Cut,
    ] {
        let error = told(fault);
        assert!(
            matches!(error, ProviderError::Unavailable { .. }),
            "{error}"
        );
    }
    for fault in [
        Reply::Answer(200, "{".to_owned()),
        Reply::Answer(418, String::new()),
        Reply::Elsewhere("https://127.0.0.1:1/".to_owned()),
    ] {
        let error = told(fault);
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    }
    // A doubt that the probe does not clear is not called damage.
    cloud.with(|kms| {
        kms.faults = vec![
            error(400, "INVALID_ARGUMENT", "strange"),
            error(403, "PERMISSION_DENIED", ""),
        ];
    });
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
}

#[test]
fn settings_that_can_not_work_are_refused() {
    let cloud = Cloud::start();
    let unusable = |change: &dyn Fn(&mut GcpKmsSettings)| {
        let mut settings = cloud.settings();
        change(&mut settings);
        let error = cloud.provider(settings).wrap(&ROOT, b"").unwrap_err();
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    };
    for key in ["", "root", "projects/p/locations/l/keyRings/r/cryptoKeys/"] {
        unusable(&|s| s.key = key.to_owned());
    }
    unusable(&|s| s.key = KEY.replace("root", "ro?t"));
    unusable(&|s| s.key = KEY.replace("ward", ""));
    unusable(&|s| s.key = format!("{KEY}/cryptoKeyVersions/1"));
    let bad = cloud.fake.secret("bad.json", "{}");
    unusable(&|s| s.credentials_file.clone_from(&bad));
    let bad = cloud.key_file.replace("BEGIN PRIVATE", "BEGIN PUBLIC");
    let bad = cloud.fake.secret("bad.json", &bad);
    unusable(&|s| s.credentials_file.clone_from(&bad));
    let bad = cloud
        .key_file
        .replace("https://localhost", "http://token.example.org");
    let bad = cloud.fake.secret("bad.json", &bad);
    unusable(&|s| s.credentials_file.clone_from(&bad));
    assert_eq!(cloud.fake.requests(), 0);
}
