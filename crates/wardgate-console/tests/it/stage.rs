//! A console that serves, with one person of each role, and a client that sends any bytes.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wardgate_console::{Parts, Settings, serve};
use wardgate_identity::{Fetch, FetchFault};
use wardgate_ledger::{Ledger, Options, Signer};
use wardgate_records::people::{
    LinkPurpose, Means, NewCredential, NewSecret, SessionKind, SessionRequest,
};
use wardgate_records::{Documents, KeyRequest, Mode, Store};
use wardgate_vault::{KdfCost, PassphraseProvider, Recovery, Vault};

pub(crate) const NOW: &str = "2026-11-23T18:00:00Z";
pub(crate) const ORIGIN: &str = "https://localhost:8444";

struct Unreachable;

#[async_trait::async_trait]
impl Fetch for Unreachable {
    async fn fetch(
        &self,
        _: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        Err(FetchFault::Unreachable)
    }
}

/// The parts of a console over an empty store.
pub(crate) async fn parts(dir: &Path, clock: &str) -> Parts {
    let passphrase = SecretString::from("a passphrase of a test");
    let provider = PassphraseProvider::new(passphrase, KdfCost::FLOOR);
    let vault = Vault::init(dir, Arc::new(provider), &Recovery::none()).unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let store = Store::create(dir, Arc::new(vault), now).await.unwrap();
    let signer = Signer::from_seed("test.example/console", &[7; 32]).unwrap();
    let ledger = Ledger::create(&dir.join("ledger"), signer, &Options::default()).unwrap();
    let clock: Timestamp = clock.parse().unwrap();
    Parts {
        store: Arc::new(store),
        ledger,
        metrics: Arc::new(|| "wardgate_calls_answered_total 7\n".to_owned()),
        anchors: Arc::new(Vec::new),
        settings: Arc::new(Settings::at(ORIGIN.to_owned())),
        fetch: Arc::new(Unreachable),
        fetch_files: Arc::new(Unreachable),
        clock: Arc::new(move || clock),
    }
}

/// A console with people; it ends when this is dropped.
pub(crate) struct Stage {
    pub(crate) store: Arc<Store>,
    address: SocketAddr,
    _dir: tempfile::TempDir,
    _stop: oneshot::Sender<()>,
    _console: JoinHandle<std::io::Result<()>>,
}

/// What the console answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (have, value) = line.split_once(':')?;
            have.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Stage {
    /// An API key of an application, for all its systems and purposes.
    pub(crate) async fn key(&self, app: &str) -> String {
        let now: Timestamp = NOW.parse().unwrap();
        let request = KeyRequest {
            app,
            person: None,
            environment: "test",
            expires: now + jiff::SignedDuration::from_hours(24),
            systems: &[],
            purposes: &[],
        };
        let made = self.store.create_key(&request, now).await.unwrap();
        made.secret.expose_secret().to_owned()
    }

    /// One person of each role, by the name of the role, and `other`, who has none.
    pub(crate) async fn new() -> Self {
        Self::with("", |_| {}).await
    }

    /// The same with more records, and with other parts.
    pub(crate) async fn with(more: &str, change: impl FnOnce(&mut Parts)) -> Self {
        let stage = Self::with_one_administrator(more, change).await;
        stage.enrol("administrator.second").await;
        stage
    }

    /// The same, but the second administrator cannot sign in yet.
    pub(crate) async fn with_one_administrator(
        more: &str,
        change: impl FnOnce(&mut Parts),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut parts = parts(dir.path(), NOW).await;
        change(&mut parts);
        let store = parts.store.clone();
        let people = wardgate_authz::ROLES.iter().map(|role| {
            format!("---\nkind: Person\nid: {role}\nname: A Person\nroles: [{role}]\nmfa: 3\n")
        });
        let yaml: String = people.collect::<String>()
            + "---\nkind: Person\nid: other\nname: A Person\nroles: []\nmfa: 3\n"
            + "---\nkind: Person\nid: administrator.second\nname: A Person\nroles: [administrator]\nmfa: 3\n"
            + more;
        let documents = Documents::of_text(Path::new("people.yaml"), &yaml);
        store
            .apply(&documents, Mode::Commit, NOW.parse().unwrap())
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped.await;
        };
        let stage = Self {
            store,
            address,
            _dir: dir,
            _stop: stop,
            _console: tokio::spawn(serve(listener, None, parts, stopped)),
        };
        stage.enrol("administrator").await;
        stage
    }

    /// Gives a person a way to sign in.
    pub(crate) async fn enrol(&self, person: &str) {
        let now: Timestamp = NOW.parse().unwrap();
        let store = &self.store;
        store.open_account(person, now).await.unwrap();
        let link = store.issue_link(person, LinkPurpose::Enrol, None, now);
        let link = link.await.unwrap();
        let ways = [NewCredential {
            label: "Laptop",
            secret: NewSecret::Passkey {
                credential_id: person.as_bytes(),
                state: b"what checks it",
            },
        }];
        let enrolled = store.enrol(link.expose_secret(), &ways, now);
        assert!(enrolled.await.unwrap().is_some());
    }

    /// A fresh session of a person, by its token.
    pub(crate) async fn session(&self, person: &str, kind: SessionKind) -> String {
        let now: Timestamp = NOW.parse().unwrap();
        let request = SessionRequest {
            person,
            kind,
            means: Means::Passkey,
            mfa_level: 3,
            proven_at: now,
            granted_roles: None,
            about: "a test",
            provider: None,
        };
        let session = self.store.start_session(&request, now).await.unwrap();
        session.token.expose_secret().to_owned()
    }

    /// Sends a request with these lines of the head.
    pub(crate) async fn send(&self, method: &str, path: &str, head: &[&str], body: &str) -> Reply {
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !head.iter().any(|line| line.starts_with("host:")) {
            request.push_str("host: localhost:8444\r\n");
        }
        for line in head {
            request.push_str(line);
            request.push_str("\r\n");
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Sends JSON as a program does, with a token.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> Reply {
        let bearer = format!("authorization: Bearer {token}");
        let head = [bearer.as_str(), "content-type: application/json"];
        self.send(method, path, &head, body).await
    }

    /// Sends the form of a page as a browser does.
    pub(crate) async fn submit(&self, path: &str, session: &str, fields: &str) -> Reply {
        let cookie = format!("cookie: __Host-wardgate={session}");
        let origin = format!("origin: {ORIGIN}");
        let form = "content-type: application/x-www-form-urlencoded";
        self.send("POST", path, &[&cookie, &origin, form], fields)
            .await
    }

    /// Opens a page as a browser does.
    pub(crate) async fn open(&self, path: &str, session: &str) -> Reply {
        let cookie = format!("cookie: __Host-wardgate={session}");
        self.send("GET", path, &[&cookie], "").await
    }
}

/// Every route of the interface that asks for an operation: method, path, operation.
pub(crate) async fn routes(stage: &Stage) -> Vec<(String, String, String)> {
    let reply = stage.send("GET", "/api/openapi.json", &[], "").await;
    assert_eq!(reply.status, 200);
    let document: Value = serde_json::from_str(&reply.body).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, route) in item.as_object().unwrap() {
            let asks = route["description"].as_str().unwrap_or_default();
            let word = asks.split('`').nth(1).unwrap_or_default();
            routes.push((method.to_uppercase(), path.clone(), word.to_owned()));
        }
    }
    routes
}

/// A path whose parameters name nobody and nothing on file.
pub(crate) fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        if part.starts_with('{') {
            "01890000-0000-7000-8000-000000000000"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}
