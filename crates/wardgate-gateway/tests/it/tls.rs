//! TLS on both sides of the gate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, NamedGroup, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wardgate_gateway::server::tls::{TlsFiles, server_config};
use wardgate_gateway::{ServeError, Server, ServerOptions};

use crate::hospital::{Around, Hospital, head, says};

/// A private CA with a folder of certificates.
pub(crate) struct Authority {
    dir: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// A certificate and its key.
    pub(crate) fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let paths = (
            self.dir.path().join(format!("{name}.pem")),
            self.dir.path().join(format!("{name}.key")),
        );
        std::fs::write(&paths.0, certificate.pem()).unwrap();
        std::fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }

    pub(crate) fn listener(&self, client_ca: Option<PathBuf>) -> Arc<rustls::ServerConfig> {
        let (certificate, private_key) = self.issue("localhost");
        server_config(&TlsFiles {
            certificate,
            private_key,
            client_ca,
        })
        .unwrap()
    }

    /// A client that trusts this CA.
    pub(crate) fn client(
        &self,
        version: &'static SupportedProtocolVersion,
        own: Option<(PathBuf, PathBuf)>,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.ca()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        match own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
                builder
                    .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
                    .unwrap()
            }
        }
    }
}

/// What a chat call over TLS brings, and how it was protected.
async fn call(
    hospital: &Hospital,
    key: &str,
    client: ClientConfig,
) -> std::io::Result<(String, ProtocolVersion, NamedGroup)> {
    let stream = TcpStream::connect(hospital.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(client))
        .connect(name, stream)
        .await?;
    let body = says("It is Maria Schmidt-Rojas.").to_string();
    let request = format!(
        "{}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        head(key),
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await?;
    let connection = stream.get_ref().1;
    let version = connection.protocol_version().unwrap();
    let group = connection.negotiated_key_exchange_group().unwrap().name();
    Ok((String::from_utf8(heard).unwrap(), version, group))
}

#[tokio::test]
async fn callers_speak_tls_1_3_with_a_quantum_safe_exchange() {
    let authority = Authority::new();
    let around = Around {
        listener: Some(authority.listener(None)),
        ..Around::default()
    };
    let hospital = Hospital::around(around, |_| {}).await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let client = authority.client(&rustls::version::TLS13, None);
    let (heard, version, group) = call(&hospital, &key, client).await.unwrap();
    assert!(
        heard.starts_with("HTTP/1.1 200") && heard.contains("It is Maria Schmidt-Rojas."),
        "{heard}"
    );
    assert_eq!(
        (version, group),
        (ProtocolVersion::TLSv1_3, NamedGroup::X25519MLKEM768)
    );
    assert!(!hospital.model.last_body().contains("Maria"));

    let old = authority.client(&rustls::version::TLS12, None);
    assert!(call(&hospital, &key, old).await.is_err(), "TLS 1.2");
    let stranger = Authority::new().client(&rustls::version::TLS13, None);
    assert!(
        call(&hospital, &key, stranger).await.is_err(),
        "a client that does not trust the CA"
    );
    let mut plain = hospital.wire().await;
    plain.say(head(&key) + "\r\n").await;
    assert!(
        !plain.hear_all().await.contains("HTTP/1.1"),
        "plain HTTP gets no answer"
    );
}

#[tokio::test]
async fn client_certificates_are_asked_for_when_configured() {
    let authority = Authority::new();
    let clients = Authority::new();
    let around = Around {
        listener: Some(authority.listener(Some(clients.ca()))),
        ..Around::default()
    };
    let hospital = Hospital::around(around, |_| {}).await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let known = authority.client(&rustls::version::TLS13, Some(clients.issue("ward-notes")));
    assert!(
        call(&hospital, &key, known)
            .await
            .unwrap()
            .0
            .starts_with("HTTP/1.1 200")
    );
    let none = authority.client(&rustls::version::TLS13, None);
    assert!(call(&hospital, &key, none).await.is_err(), "no certificate");
    let forged = authority.client(
        &rustls::version::TLS13,
        Some(Authority::new().issue("ward-notes")),
    );
    assert!(
        call(&hospital, &key, forged).await.is_err(),
        "of another CA"
    );
    assert_eq!(hospital.model.received().len(), 1);
}

#[tokio::test]
async fn systems_are_reached_over_tls_and_only_when_trusted() {
    let authority = Authority::new();
    let acceptor = || TlsAcceptor::from(authority.listener(None));
    let trusting = Around {
        model: Some(acceptor()),
        model_ca: Some(authority.ca()),
        ..Around::default()
    };
    let hospital = Hospital::around(trusting, |_| {}).await;
    assert!(hospital.model.url.starts_with("https://localhost:"));
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let answer = hospital
        .chat(&key, &says("It is Maria Schmidt-Rojas."))
        .await;
    assert_eq!(answer.content(), "It is Maria Schmidt-Rojas.");

    let elsewhere = Authority::new();
    let distrusting = Around {
        model: Some(acceptor()),
        model_ca: Some(elsewhere.ca()),
        ..Around::default()
    };
    let hospital = Hospital::around(distrusting, |_| {}).await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let answer = hospital
        .chat(&key, &says("It is Maria Schmidt-Rojas."))
        .await;
    assert_eq!(answer.code(), "upstream.unreachable");
    assert!(
        hospital.model.received().is_empty(),
        "not a byte before trust"
    );
}

#[tokio::test]
async fn plain_http_stays_on_the_machine() {
    let hospital = Hospital::open().await;
    let listen = ServerOptions {
        address: "0.0.0.0:0".parse().unwrap(),
        threads: 1,
        head_timeout_ms: 1_000,
        drain_timeout_ms: 1_000,
        connections_max: 10,
    };
    let refused = Server::start(hospital.gate.clone(), &listen, None).unwrap_err();
    assert!(matches!(refused, ServeError::PlainOutside(_)), "{refused}");
}

#[test]
fn faulty_files_are_named() {
    let authority = Authority::new();
    let (certificate, private_key) = authority.issue("localhost");
    let (other, _) = Authority::new().issue("other");
    let nowhere = Path::new("/nowhere/at-all.pem").to_owned();
    let empty = authority.dir.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (certificate, private_key, client_ca, named) in [
        (
            nowhere.clone(),
            private_key.clone(),
            None,
            "can not read a certificate from `/nowhere",
        ),
        (empty.clone(), private_key.clone(), None, "empty.pem"),
        (
            certificate.clone(),
            nowhere.clone(),
            None,
            "can not read a private key from `/nowhere",
        ),
        (
            certificate.clone(),
            certificate.clone(),
            None,
            "can not read a private key",
        ),
        (certificate, private_key, Some(empty), "empty.pem"),
    ] {
        let files = TlsFiles {
            certificate,
            private_key,
            client_ca,
        };
        let fault = server_config(&files).unwrap_err().to_string();
        assert!(fault.contains(named), "{fault}");
    }
    assert!(
        !other.exists()
            || server_config(&TlsFiles {
                certificate: other,
                private_key: authority.issue("x").1,
                client_ca: None
            })
            .is_err()
    );
}
