//! The AWS provider against a service that computes each signature anew from the request,
//! refuses old ones, and really encrypts.

use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use wardgate_vault::{AwsKmsProvider, AwsKmsSettings, KeyProvider, ProviderError, random};

use crate::fake::{Fake, Reply, Request, assert_silent};

const ROOT: [u8; 32] = [0x5a; 32];
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEY: &str = "alias/wardgate";

struct Kms {
    key: [u8; 32],
    now: Timestamp,
    token: Option<String>,
    faults: Vec<Reply>,
    forgetful: bool,
}

impl Kms {
    fn serve(&mut self, request: &Request) -> Reply {
        if !self.faults.is_empty() {
            return self.faults.remove(0);
        }
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "/")
        );
        assert_eq!(
            request.header("content-type"),
            Some("application/x-amz-json-1.1")
        );
        if request.header("x-amz-security-token") != self.token.as_deref() {
            return error(400, "UnrecognizedClientException", "the token is invalid");
        }
        if let Err(what) = self.check_signature(request) {
            return error(400, "InvalidSignatureException", &what);
        }
        let body = request.json();
        if body["KeyId"] != KEY {
            return error(400, "NotFoundException", "the key does not exist");
        }
        match request.header("x-amz-target").unwrap() {
            "TrentService.Encrypt" => self.encrypt(&body),
            "TrentService.Decrypt" => self.decrypt(&body),
            other => panic!("{other}"),
        }
    }

    /// Signature version 4 as the service checks it, from the request alone.
    fn check_signature(&self, request: &Request) -> Result<(), String> {
        let date = request.header("x-amz-date").unwrap();
        let signed = jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%z", date.replace('Z', "+0000"))
            .unwrap()
            .to_timestamp()
            .unwrap();
        if (signed.as_second() - self.now.as_second()).abs() > 300 {
            return Err("Signature expired".to_owned());
        }
        let authorization = request.header("authorization").unwrap();
        let rest = authorization
            .strip_prefix("AWS4-HMAC-SHA256 Credential=")
            .unwrap();
        let (credential, rest) = rest.split_once(", SignedHeaders=").unwrap();
        let (names, signature) = rest.split_once(", Signature=").unwrap();
        let scope = format!("{}/eu-central-1/kms/aws4_request", &date[..8]);
        assert_eq!(credential, format!("AKIDEXAMPLE/{scope}"));
        let must: &[&str] = match self.token {
            Some(_) => &["host", "x-amz-date", "x-amz-target", "x-amz-security-token"],
            None => &["host", "x-amz-date", "x-amz-target"],
        };
        for name in must {
            assert!(names.split(';').any(|have| have == *name), "{names}");
        }
        let mut text = "POST\n/\n\n".to_owned();
        for name in names.split(';') {
            text += &format!("{name}:{}\n", request.header(name).unwrap());
        }
        text += &format!("\n{names}\n{}", hash(&request.body));
        let text = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hash(text.as_bytes())
        );
        let mut key = format!("AWS4{SECRET}").into_bytes();
        for part in scope.split('/') {
            key = mac(&key, part.as_bytes());
        }
        if hex(&mac(&key, text.as_bytes())) != signature {
            return Err("The request signature we calculated does not match".to_owned());
        }
        Ok(())
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.key).unwrap())
    }

    fn encrypt(&self, body: &Value) -> Reply {
        let mut sealed = STANDARD
            .decode(body["Plaintext"].as_str().unwrap())
            .unwrap();
        if self.forgetful {
            sealed[0] ^= 1;
        }
        let nonce: [u8; 12] = random();
        let context = body["EncryptionContext"].to_string();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut sealed,
            )
            .unwrap();
        let blob = STANDARD.encode([nonce.as_slice(), &sealed].concat());
        Reply::Answer(
            200,
            json!({"CiphertextBlob": blob, "KeyId": "arn:1"}).to_string(),
        )
    }

    fn decrypt(&self, body: &Value) -> Reply {
        let mut blob = STANDARD
            .decode(body["CiphertextBlob"].as_str().unwrap())
            .unwrap();
        let context = body["EncryptionContext"].to_string();
        let Some((nonce, sealed)) = blob.split_at_mut_checked(12) else {
            return error(400, "InvalidCiphertextException", "");
        };
        let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
        match self
            .cipher()
            .open_in_place(nonce, Aad::from(context), sealed)
        {
            Ok(plain) => Reply::Answer(
                200,
                json!({"Plaintext": STANDARD.encode(plain), "KeyId": "arn:1"}).to_string(),
            ),
            Err(_) => error(400, "InvalidCiphertextException", ""),
        }
    }
}

fn error(status: u16, kind: &str, message: &str) -> Reply {
    let body = json!({"__type": format!("com.amazonaws.kms#{kind}"), "message": message});
    Reply::Answer(status, body.to_string())
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, data).as_ref().to_vec()
}

fn hash(data: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, data).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Cloud {
    kms: Arc<Mutex<Kms>>,
    fake: Fake,
}

impl Cloud {
    fn start() -> Self {
        let kms = Arc::new(Mutex::new(Kms {
            key: random(),
            now: "2026-11-30T10:00:00Z".parse().unwrap(),
            token: None,
            faults: Vec::new(),
            forgetful: false,
        }));
        let served = Arc::clone(&kms);
        let fake = Fake::start(move |request| served.lock().unwrap().serve(request));
        Self { kms, fake }
    }

    fn credentials(&self, token: &str) -> std::path::PathBuf {
        let text = format!(
            "[default]\naws_access_key_id = AKIDOTHER\naws_secret_access_key=x\n\n\
             [ward]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {SECRET}\n{token}\n\
             [last]\naws_access_key_id = AKIDLAST\n"
        );
        self.fake.secret("credentials", &text)
    }

    fn settings(&self) -> AwsKmsSettings {
        AwsKmsSettings {
            region: "eu-central-1".to_owned(),
            key: KEY.to_owned(),
            endpoint: Some(self.fake.url.clone()),
            credentials_file: self.credentials(""),
            profile: "ward".to_owned(),
            https: self.fake.https(),
        }
    }

    fn provider(&self, settings: AwsKmsSettings) -> AwsKmsProvider {
        let kms = Arc::clone(&self.kms);
        let start = kms.lock().unwrap().now;
        AwsKmsProvider::new(settings, Arc::new(move || start))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Kms) -> T) -> T {
        change(&mut self.kms.lock().unwrap())
    }
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
    for at in [0, 12, wrapped.len() - 1] {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        rejected(&altered, b"vault 1");
    }
    rejected(&[], b"vault 1");
    rejected(&[1], b"vault 1");
    rejected(&[0; 5000], b"vault 1");
    assert_eq!(
        provider.describe(),
        "aws-kms key `alias/wardgate` in `eu-central-1`"
    );
    assert_silent(&format!("{provider:?}"), &["AKID", SECRET]);
}

#[test]
fn temporary_credentials_are_read_anew() {
    let cloud = Cloud::start();
    let provider = cloud.provider(cloud.settings());
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    cloud.with(|kms| kms.token = Some("session-1".to_owned()));
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    cloud.credentials("aws_session_token = session-1");
    assert_eq!(*provider.unwrap(&wrapped, b"").unwrap(), ROOT);
    cloud.credentials("aws_session_token = session-0");
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert_silent(&error, &["session-0", SECRET]);
}

#[test]
fn a_wrong_clock_and_a_wrong_key_are_refusals() {
    let cloud = Cloud::start();
    let provider = cloud.provider(cloud.settings());
    let wrapped = provider.wrap(&ROOT, b"").unwrap();
    let start = cloud.with(|kms| kms.now);
    for (skew, fits) in [(-301, false), (-300, true), (300, true), (301, false)] {
        cloud.with(|kms| kms.now = start + jiff::SignedDuration::from_secs(skew));
        match provider.unwrap(&wrapped, b"") {
            Ok(root) => assert!(fits && *root == ROOT, "{skew}"),
            Err(error) => {
                assert!(!fits, "{skew}: {error}");
                assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
                assert!(error.to_string().contains("clock"), "{error}");
            }
        }
    }
    cloud.with(|kms| kms.now = start);
    let other = cloud.fake.secret(
        "credentials",
        "[ward]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=guess\n",
    );
    let error = provider.unwrap(&wrapped, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert!(other.exists());
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
    for kind in [
        "AccessDeniedException",
        "DisabledException",
        "ExpiredTokenException",
        "KMSInvalidStateException",
        "NotFoundException",
        "UnrecognizedClientException",
        "IncompleteSignature",
    ] {
        let error = told(error(400, kind, "no"));
        assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(kind), "{error}");
    }
    let error = told(Reply::Answer(403, "no".to_owned()));
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    for fault in [
        self::error(400, "ThrottlingException", ""),
        self::error(400, "LimitExceededException", ""),
        self::error(500, "KMSInternalException", ""),
        self::error(503, "DependencyTimeoutException", ""),
        Reply::Answer(429, String::new()),
        Reply::Answer(500, "<html>".to_owned()),
        Reply::Cut,
        Reply::CutWithin("{".to_owned()),
    ] {
        let error = told(fault.clone());
        assert!(
            matches!(error, ProviderError::Unavailable { .. }),
            "{fault:?} {error}"
        );
    }
    for fault in [
        self::error(400, "ValidationException", ""),
        Reply::Answer(200, "{}".to_owned()),
        Reply::Answer(200, "{\"Plaintext\":\"AAAA\"}".to_owned()),
        Reply::Answer(499, "{}".to_owned()),
        Reply::Flood,
    ] {
        let error = told(fault.clone());
        assert!(
            matches!(error, ProviderError::Unusable { .. }),
            "{fault:?} {error}"
        );
    }
    let error = told(self::error(400, "IncorrectKeyException", ""));
    assert!(matches!(error, ProviderError::Rejected { .. }), "{error}");
}

#[test]
fn what_is_wrapped_is_read_back() {
    let cloud = Cloud::start();
    cloud.with(|kms| kms.forgetful = true);
    let provider = cloud.provider(cloud.settings());
    let error = provider.wrap(&ROOT, b"").unwrap_err();
    assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    for blob in ["", "*", &STANDARD.encode([0; 4097])] {
        let answer = Reply::Answer(200, json!({"CiphertextBlob": blob}).to_string());
        cloud.with(|kms| kms.faults = vec![answer]);
        let error = provider.wrap(&ROOT, b"").unwrap_err();
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    }
}

#[test]
fn settings_that_can_not_work_are_refused_before_anything_is_sent() {
    let cloud = Cloud::start();
    let unusable = |change: &dyn Fn(&mut AwsKmsSettings)| {
        let mut settings = cloud.settings();
        change(&mut settings);
        let error = cloud.provider(settings).wrap(&ROOT, b"").unwrap_err();
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    };
    unusable(&|s| s.region = String::new());
    unusable(&|s| s.region = "eu/../us".to_owned());
    unusable(&|s| s.profile = "nobody".to_owned());
    unusable(&|s| s.profile = "last".to_owned());
    unusable(&|s| s.endpoint = Some("http://kms.example.org".to_owned()));
    unusable(&|s| s.credentials_file = "/nonexistent".into());
    assert_eq!(cloud.fake.requests(), 0);
}
