//! A client of the gate: TLS with the development CA, one connection a call.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::failure::Failure;

/// A client of one gate.
pub(super) struct Client {
    address: SocketAddr,
    tls: TlsConnector,
}

/// What a caller sends.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    pub(super) path: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// What the caller gets.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The header `wardgate-record`.
    pub(super) record: Option<String>,
    pub(super) body: String,
    pub(super) took: Duration,
}

impl Client {
    pub(super) fn new(address: SocketAddr, ca: &Path) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(ca).map_err(|_| unusable(ca))?;
        roots.add(certificate).map_err(|_| unusable(ca))?;
        let config = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            address,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Makes one call.
    pub(super) async fn call(&self, ask: &Ask) -> Result<Answer, Failure> {
        let began = Instant::now();
        let answer = self.exchange(ask, began).await;
        answer.map_err(|error| {
            Failure::new(
                format!("a call of the demo did not reach the gate: {error}"),
                "check that loopback addresses can be used",
            )
        })
    }

    async fn exchange(
        &self,
        ask: &Ask,
        began: Instant,
    ) -> Result<Answer, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let stream = self
            .tls
            .connect(ServerName::try_from("localhost")?, stream)
            .await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the sender.
        tokio::spawn(connection);
        let mut request = Request::post(ask.path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(ask.body.clone())))?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let record = response.headers().get("wardgate-record");
        let record = record
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            record,
            body: String::from_utf8_lossy(&body).into_owned(),
            took: began.elapsed(),
        })
    }
}

impl Answer {
    /// The body as JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The code of a refusal.
    pub(super) fn code(&self) -> Option<String> {
        Some(self.json().pointer("/error/code")?.as_str()?.to_owned())
    }

    /// A text below `error`, such as `message` or `hint`.
    pub(super) fn error(&self, name: &str) -> String {
        let json = self.json();
        let text = json
            .get("error")
            .and_then(|error| error.get(name))
            .and_then(Value::as_str);
        text.unwrap_or("").to_owned()
    }

    /// The text of a chat answer, whole or streamed.
    pub(super) fn text(&self) -> String {
        if !self.body.starts_with("data:") {
            let json = self.json();
            let text = json
                .pointer("/choices/0/message/content")
                .and_then(Value::as_str);
            return text.unwrap_or("").to_owned();
        }
        let mut text = String::new();
        for event in self.events() {
            let chunk: Value = serde_json::from_str(event).unwrap_or_default();
            let delta = chunk
                .pointer("/choices/0/delta/content")
                .and_then(Value::as_str);
            text.push_str(delta.unwrap_or(""));
        }
        text
    }

    /// The data of each event of a stream.
    pub(super) fn events(&self) -> impl Iterator<Item = &str> {
        self.body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
    }
}

fn unusable(ca: &Path) -> Failure {
    Failure::new(
        format!("`{}` is not a certificate", ca.display()),
        "report this with the version of the build",
    )
}
