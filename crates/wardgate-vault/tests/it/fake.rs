//! A small HTTP(S) server that plays the services of others, faults included.

use std::fmt::Debug;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;
use wardgate_vault::HttpsSettings;

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(have, _)| have == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "`{name}` was sent twice");
        value
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Answer(u16, String),
    /// The connection is closed without an answer.
    Cut,
    /// The connection is closed within the answer.
    CutWithin(String),
    /// Nothing is answered until the client gives up.
    Silence,
    /// An answer that does not end.
    Flood,
    /// A redirect.
    Elsewhere(String),
}

type Service = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server that runs until it is dropped.
pub(crate) struct Fake {
    pub(crate) url: String,
    folder: TempDir,
    stopped: Arc<AtomicBool>,
    port: u16,
    accepting: Option<JoinHandle<()>>,
    pub(crate) paths: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(crate) fn start(service: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let tls = tls(folder.path());
        let stopped = Arc::new(AtomicBool::new(false));
        let paths = Arc::new(Mutex::new(Vec::new()));
        let (seen, stop): (_, Arc<AtomicBool>) = (Arc::clone(&paths), Arc::clone(&stopped));
        let service: Arc<Service> = Arc::new(service);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (service, tls, seen) =
                    (Arc::clone(&service), Arc::clone(&tls), Arc::clone(&seen));
                let stream = stream.unwrap();
                std::thread::spawn(move || {
                    let connection = ServerConnection::new(tls).unwrap();
                    serve(StreamOwned::new(connection, stream), &*service, &seen);
                });
            }
        });
        Self {
            url: format!("https://localhost:{port}"),
            folder,
            stopped,
            port,
            accepting: Some(accepting),
            paths,
        }
    }

    /// How a client reaches it.
    pub(crate) fn https(&self) -> HttpsSettings {
        HttpsSettings {
            ca_file: Some(self.folder.path().join("ca.pem")),
            ..HttpsSettings::default()
        }
    }

    /// A file that only its owner can read.
    pub(crate) fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(crate) fn requests(&self) -> usize {
        self.paths.lock().unwrap().len()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.accepting.take().unwrap().join().unwrap();
    }
}

/// A certificate for `localhost` from an authority of its own, written to `ca.pem`.
fn tls(folder: &Path) -> Arc<ServerConfig> {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// Reads one request and answers it. A client that goes away is no fault of the server.
fn serve(mut stream: impl Read + Write, service: &Service, seen: &Mutex<Vec<String>>) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    seen.lock().unwrap().push(request.path.clone());
    let _ = match service(&request) {
        Reply::Answer(status, body) => answer(&mut stream, status, &body, body.len()),
        Reply::CutWithin(body) => answer(&mut stream, 200, &body, body.len() + 100),
        Reply::Cut => Ok(()),
        Reply::Silence => stream.read(&mut [0]).map(drop),
        Reply::Elsewhere(to) => write!(
            stream,
            "HTTP/1.1 307 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
        ),
        Reply::Flood => {
            let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
            let mut sent = stream.write_all(head);
            while sent.is_ok() {
                sent = stream.write_all(&[b' '; 4096]);
            }
            sent
        }
    };
    let _ = stream.flush();
}

fn answer(stream: &mut impl Write, status: u16, body: &str, length: usize) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn read(stream: impl Read) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

/// What an error must not hold.
pub(crate) fn assert_silent(error: &(impl Debug + ToString), secrets: &[&str]) {
    let shown = format!("{} {error:?}", error.to_string());
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
}
