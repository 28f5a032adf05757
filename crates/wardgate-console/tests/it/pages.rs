use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wardgate_console::{Parts, Settings, serve};
use wardgate_identity::{Fetch, FetchFault};
use wardgate_ledger::{Ledger, Options, Signer};
use wardgate_records::Store;
use wardgate_vault::{KdfCost, PassphraseProvider, Recovery, Vault};

const NOW: &str = "2026-11-23T18:00:00Z";

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

async fn parts(dir: &tempfile::TempDir, clock: &str) -> Parts {
    let passphrase = SecretString::from("a passphrase of a test");
    let provider = PassphraseProvider::new(passphrase, KdfCost::FLOOR);
    let vault = Vault::init(dir.path(), Arc::new(provider), &Recovery::none()).unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let store = Store::create(dir.path(), Arc::new(vault), now)
        .await
        .unwrap();
    let signer = Signer::from_seed("test.example/console", &[7; 32]).unwrap();
    let ledger = Ledger::create(&dir.path().join("ledger"), signer, &Options::default()).unwrap();
    let clock: Timestamp = clock.parse().unwrap();
    Parts {
        store: Arc::new(store),
        ledger,
        metrics: Arc::new(|| "wardgate_calls_answered_total 7\n".to_owned()),
        anchors: Arc::new(Vec::new),
        settings: Arc::new(Settings::at("https://localhost:8444".to_owned())),
        fetch: Arc::new(Unreachable),
        fetch_files: Arc::new(Unreachable),
        clock: Arc::new(move || clock),
    }
}

/// Asks each path in turn, then stops the console; the whole answers.
async fn answers(parts: Parts, paths: &[&str]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async move {
        let _ = stopped.await;
    };
    let console = tokio::spawn(serve(listener, None, parts, stopped));
    let mut answers = Vec::new();
    for path in paths {
        answers.push(ask(address, path).await);
    }
    stop.send(()).unwrap();
    console.await.unwrap().unwrap();
    answers
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn every_page_answers_with_the_headers_that_keep_it_safe() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["/healthz", "/readyz", "/metrics", "/nowhere"];
    let answers = answers(parts(&dir, NOW).await, &paths).await;
    for (answer, status) in answers.iter().zip(["200", "200", "200", "404"]) {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        for header in [
            "cache-control: no-store",
            "content-security-policy: default-src 'none'; script-src 'self'",
            "strict-transport-security: max-age=31536000",
            "cross-origin-opener-policy: same-origin",
            "permissions-policy: camera=()",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: same-origin",
        ] {
            assert!(answer.contains(header), "{header}: {answer}");
        }
    }
    assert!(answers[1].contains("\"ready\":true"), "{}", answers[1]);
    assert!(answers[2].contains("wardgate_calls_answered_total 7"));
}

#[tokio::test]
async fn a_node_with_old_records_or_a_closed_ledger_is_not_ready() {
    let dir = tempfile::tempdir().unwrap();
    let parts = parts(&dir, "2026-11-23T18:01:00Z").await;
    parts.ledger.clone().close().unwrap();
    let answers = answers(parts, &["/readyz", "/healthz"]).await;
    assert!(answers[0].starts_with("HTTP/1.1 503"), "{}", answers[0]);
    assert!(answers[0].contains("too old to decide") && answers[0].contains("closed"));
    assert!(answers[1].starts_with("HTTP/1.1 200"));
}
