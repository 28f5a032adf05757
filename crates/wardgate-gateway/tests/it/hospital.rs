//! A small invented hospital with a running gate before a fake model.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wardgate_gateway::{
    BodyLimits, Gate, GateOptions, Parts, ScreenMode, Server, ServerOptions, UpstreamOptions,
};
use wardgate_ledger::{Ledger, Options, Signer};
use wardgate_records::events::StoredEvent;
use wardgate_records::{Documents, KeyRequest, Mode, PayloadStore, Store};
use wardgate_vault::{KdfCost, PassphraseProvider, Recovery, Vault};

use crate::fake_model::FakeModel;

/// Everything of one test.
pub(crate) struct Hospital {
    pub(crate) model: FakeModel,
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
    pub(crate) payloads: PayloadStore,
    /// Checks the signature of the ledger.
    pub(crate) vkey: String,
    pub(crate) gate: Arc<Gate>,
    pub(crate) address: SocketAddr,
    server: Option<Server>,
    now: Arc<Mutex<Timestamp>>,
    /// Dropped last: the folders of all of the above.
    pub(crate) dir: TempDir,
}

/// The TLS of the world around a gate; none is plain HTTP.
#[derive(Default)]
pub(crate) struct Around {
    /// What the gate shows its callers.
    pub(crate) listener: Option<Arc<rustls::ServerConfig>>,
    /// What the model shows the gate.
    pub(crate) model: Option<tokio_rustls::TlsAcceptor>,
    /// Whom the gate trusts for models, besides the machine's own roots.
    pub(crate) model_ca: Option<PathBuf>,
    /// Whose tokens the gate accepts.
    pub(crate) trust: wardgate_gateway::Trust,
}

/// An answer of the gate, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no refusal: {}", self.text()))
            .to_owned()
    }

    /// The content of the first choice.
    pub(crate) fn content(&self) -> String {
        self.json()["choices"][0]["message"]["content"]
            .as_str()
            .unwrap_or_else(|| panic!("no answer: {}", self.text()))
            .to_owned()
    }

    /// The data of all events of a stream.
    pub(crate) fn events(&self) -> Vec<String> {
        self.text()
            .split("\n\n")
            .filter_map(|event| event.strip_prefix("data: "))
            .map(str::to_owned)
            .collect()
    }

    /// The content that a stream adds up to.
    pub(crate) fn streamed_content(&self) -> String {
        let delta = |event: &String| {
            serde_json::from_str::<Value>(event).ok()?["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        };
        self.events().iter().filter_map(delta).collect()
    }
}

impl Hospital {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// With other options of the gate.
    pub(crate) async fn with(change: impl FnOnce(&mut GateOptions)) -> Self {
        Self::around(Around::default(), change).await
    }

    /// With TLS on either side.
    pub(crate) async fn around(around: Around, change: impl FnOnce(&mut GateOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("vault")).unwrap();
        let passphrase = SecretString::from("correct horse battery staple twelve");
        let provider = PassphraseProvider::new(passphrase, KdfCost::FLOOR);
        let vault = Arc::new(
            Vault::init(
                &dir.path().join("vault"),
                Arc::new(provider),
                &Recovery::none(),
            )
            .unwrap(),
        );
        let start: Timestamp = START.parse().unwrap();
        let store = Store::create(dir.path(), vault.clone(), start)
            .await
            .unwrap();
        let signer = Signer::from_seed("test.example/ledger", &[7; 32]).unwrap();
        let vkey = signer.vkey();
        let ledger =
            Ledger::create(&dir.path().join("ledger"), signer, &Options::default()).unwrap();
        let payloads = PayloadStore::create(&dir.path().join("payloads"), vault.clone()).unwrap();
        let model = FakeModel::start(around.model).await;

        let now = Arc::new(Mutex::new(start));
        let ticking = now.clone();
        let parts = Parts {
            store: Arc::new(store.clone()),
            ledger: ledger.clone(),
            payloads: payloads.clone(),
            vault,
            clock: Arc::new(move || *ticking.lock().unwrap()),
            upstream_tls: wardgate_gateway::server::tls::client_config(around.model_ca.as_deref())
                .unwrap(),
            engine: wardgate_deid::Engine::new(),
        };
        let mut options = options();
        change(&mut options);
        let gate = Arc::new(Gate::new(parts, options).unwrap().trusting(around.trust));
        let listen = ServerOptions {
            address: "127.0.0.1:0".parse().unwrap(),
            threads: 1,
            head_timeout_ms: 5_000,
            drain_timeout_ms: 5_000,
            connections_max: 2_000,
        };
        let server = Server::start(gate.clone(), &listen, around.listener).unwrap();
        let hospital = Self {
            model,
            store,
            ledger,
            payloads,
            vkey,
            gate,
            address: server.address(),
            server: Some(server),
            now,
            dir,
        };
        hospital.apply(&hospital.records()).await;
        hospital.apply_as("patients.ndjson", PATIENTS).await;
        hospital
    }

    /// The records of the hospital, ready to be changed and applied again.
    pub(crate) fn records(&self) -> String {
        RECORDS.replace("{upstream}", &self.model.url)
    }

    pub(crate) async fn apply(&self, yaml: &str) {
        self.apply_as("records.yaml", yaml).await;
    }

    pub(crate) async fn apply_as(&self, name: &str, text: &str) {
        let documents = Documents::of_text(Path::new(name), text);
        let applied = self.store.apply(&documents, Mode::Commit, self.now()).await;
        applied.unwrap_or_else(|fault| panic!("{fault:?}"));
        self.store.refresh(self.now()).await.unwrap();
    }

    /// A key of an app, for a person if one is named.
    pub(crate) async fn key(&self, app: &str, person: Option<&str>) -> String {
        self.scoped_key(app, person, &[], &[]).await
    }

    pub(crate) async fn scoped_key(
        &self,
        app: &str,
        person: Option<&str>,
        systems: &[String],
        purposes: &[String],
    ) -> String {
        let expires = self.now() + SignedDuration::from_hours(24);
        let request = KeyRequest {
            app,
            person,
            environment: "test",
            expires,
            systems,
            purposes,
        };
        let key = self.store.create_key(&request, self.now()).await.unwrap();
        self.store.refresh(self.now()).await.unwrap();
        key.secret.expose_secret().to_owned()
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// Moves the gate's clock; the store is looked at, so facts stay fresh.
    pub(crate) async fn advance(&self, by: SignedDuration) {
        *self.now.lock().unwrap() += by;
        self.store.refresh(self.now()).await.unwrap();
    }

    /// Moves the gate's clock without a look at the store.
    pub(crate) fn advance_unattended(&self, by: SignedDuration) {
        *self.now.lock().unwrap() += by;
    }

    /// A chat call about Maria with the key of Dr. Osei.
    pub(crate) async fn chat(&self, key: &str, body: &Value) -> Answer {
        self.call(
            key,
            &[
                ("wardgate-purpose", "TREAT"),
                ("wardgate-patient", "Patient/maria"),
            ],
            body,
        )
        .await
    }

    pub(crate) async fn call(&self, key: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.post(
            "/v1/chat/completions",
            key,
            headers,
            Bytes::from(body.to_string()),
        )
        .await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        let authorization = format!("Bearer {key}");
        let mut all = vec![
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        all.extend_from_slice(headers);
        self.request(Method::POST, path, &all, body).await
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> Answer {
        let authorization = format!("Bearer {key}");
        self.request(
            Method::GET,
            path,
            &[("authorization", &authorization)],
            Bytes::new(),
        )
        .await
    }

    /// Any request; a header named twice replaces the first.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        let client: Client<HttpConnector, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).build_http();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request.headers_mut().unwrap().insert(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let response = client
            .request(request.body(Full::new(body)).unwrap())
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .expect("the gate ends its answers")
            .to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// Speaks plain TCP to the gate.
    pub(crate) async fn wire(&self) -> Wire {
        Wire {
            stream: TcpStream::connect(self.address).await.unwrap(),
            heard: Vec::new(),
        }
    }

    /// The first event that a look finds, waited for.
    pub(crate) async fn event(&self, wanted: impl Fn(&StoredEvent) -> bool) -> StoredEvent {
        loop {
            if let Some(found) = self.events().into_iter().find(&wanted) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    /// All events of the ledger.
    pub(crate) fn events(&self) -> Vec<StoredEvent> {
        self.ledger
            .entries(..)
            .map(|entry| StoredEvent::parse(&entry.unwrap().1).unwrap())
            .collect()
    }

    /// All events of the ledger as text, to look for what must not be there.
    pub(crate) fn ledger_text(&self) -> String {
        self.ledger
            .entries(..)
            .map(|entry| String::from_utf8(entry.unwrap().1).unwrap() + "\n")
            .collect()
    }

    /// Begins to stop the gate in order; done when the handle is.
    pub(crate) fn stop(&mut self) -> tokio::task::JoinHandle<()> {
        let server = self.server.take().unwrap();
        tokio::task::spawn_blocking(move || server.stop())
    }
}

/// A connection on which a test writes every byte itself.
pub(crate) struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Wire {
    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// All heard so far, once it holds the text.
    pub(crate) async fn hear(&mut self, text: &str) -> String {
        loop {
            let heard = String::from_utf8_lossy(&self.heard).into_owned();
            if heard.contains(text) {
                return heard;
            }
            let more = self.stream.read_buf(&mut self.heard).await.unwrap();
            assert!(more > 0, "closed before `{text}`: {heard}");
        }
    }

    /// One whole answer: its status and its body. The connection stays open.
    pub(crate) async fn hear_answer(&mut self) -> (u16, String) {
        let heard = self.hear("\r\n\r\n").await;
        let (head, _) = heard.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1);
        let length = length.unwrap_or_else(|| panic!("no length: {head}"));
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        let whole = head.len() + 4 + length;
        while self.heard.len() < whole {
            let more = self.stream.read_buf(&mut self.heard).await.unwrap();
            assert!(more > 0, "closed within an answer");
        }
        let answer: Vec<u8> = self.heard.drain(..whole).collect();
        let body = answer[head.len() + 4..].to_vec();
        (status, String::from_utf8(body).unwrap())
    }

    /// All there is until the gate closes.
    pub(crate) async fn hear_all(mut self) -> String {
        // A reset after the last byte is an end like any other.
        let _ = self.stream.read_to_end(&mut self.heard).await;
        String::from_utf8_lossy(&self.heard).into_owned()
    }
}

/// The head of a chat call, open for more headers; the body follows an empty line.
pub(crate) fn head(key: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\nwardgate-purpose: TREAT\r\nwardgate-patient: Patient/maria\r\n"
    )
}

/// A chat request with one user message.
pub(crate) fn says(text: &str) -> Value {
    serde_json::json!({"model": "note-helper-1", "messages": [{"role": "user", "content": text}]})
}

/// The same as a stream.
pub(crate) fn says_streaming(text: &str) -> Value {
    serde_json::json!({"model": "note-helper-1", "stream": true, "messages": [{"role": "user", "content": text}]})
}

fn options() -> GateOptions {
    GateOptions {
        body: BodyLimits {
            body_bytes_max: 1 << 20,
            body_timeout_ms: 5_000,
        },
        answer_bytes_max: 1 << 20,
        upstream: UpstreamOptions::default(),
        organization: "Organization/test-hospital".to_owned(),
        screen: ScreenMode::Refuse,
        model: wardgate_gateway::ModelLimits::default(),
    }
}

pub(crate) const START: &str = "2026-11-23T10:00:00Z";

/// All people and firms are invented.
pub(crate) const RECORDS: &str = r#"
kind: Vendor
id: acme
name: Acme Clinical AI
state: active
region: us
agreement: {kind: baa, effective: 2026-01-01, expires: 2027-06-30}
---
kind: System
id: note-helper
name: Note helper
model: note-helper-1
vendor: acme
state: live
risk: high
assessed_until: 2027-03-31
purposes: [TREAT, HOPERAT]
data_classes: [patient-text, general-text]
requires: {patient: false, person: false, mfa: 0, training: phi-basics}
upstreams:
  - {name: main, url: "{upstream}", model: acme-chat-9, token: not-a-real-token}
---
kind: App
id: ward-notes
name: Ward notes
acts: for_people
systems: [note-helper]
limits: {calls_per_minute: 60000, burst: 10000, concurrent: 32}
---
kind: App
id: batch
name: Batch summaries
acts: autonomously
systems: [note-helper]
limits: {calls_per_minute: 60000, burst: 10000, concurrent: 32}
---
kind: Person
id: dr.osei
roles: [clinician]
mfa: 2
trainings: [{course: phi-basics, expires: 2027-02-28}]
---
kind: Person
id: dr.lind
roles: [clinician]
mfa: 2
trainings: [{course: phi-basics, expires: 2027-02-28}]
---
kind: Flow
app: ward-notes
system: note-helper
purpose: TREAT
data_class: patient-text
recipient: acme
region: us
---
kind: Flow
app: ward-notes
system: note-helper
purpose: TREAT
data_class: general-text
recipient: acme
region: us
---
kind: Flow
app: batch
system: note-helper
purpose: HOPERAT
data_class: general-text
recipient: acme
region: us
"#;

pub(crate) const PATIENTS: &str = concat!(
    r#"{"resourceType":"Patient","id":"maria","identifier":[{"system":"urn:mrn","value":"MRN-4471882"}],"name":[{"given":["Maria","Elena"],"family":"Schmidt-Rojas"}],"birthDate":"1961-04-09","telecom":[{"system":"phone","value":"+1 (617) 555-0142"},{"system":"email","value":"maria.rojas@example.org"}],"address":[{"line":["18 Alder Court"],"city":"Brookfield","postalCode":"02139"}],"contact":[{"name":{"given":["Tomas"],"family":"Rojas"}}]}"#,
    "\n",
    r#"{"resourceType":"Patient","id":"otto","identifier":[{"system":"urn:mrn","value":"MRN-9035517"}],"name":[{"given":["Otto"],"family":"Brandvik"}],"birthDate":"1948-12-01"}"#,
    "\n",
    r#"{"resourceType":"Consent","id":"maria-yes","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/maria"},"dateTime":"2026-02-01","policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},"provision":{"type":"permit"}}"#,
    "\n",
    r#"{"resourceType":"Consent","id":"otto-no","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/otto"},"dateTime":"2026-02-01","policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTOUT"}]},"provision":{"type":"deny"}}"#,
    "\n",
);
