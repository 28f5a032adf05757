//! Relays on loopback, between senders and receivers made here.
#![cfg(test)]

mod dicom;
mod mllp;
mod object;
mod stow;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_relay::{Listen, Relay, Service};

fn rules() -> Arc<RecordRules> {
    let as_of = Day::new(2026, 11, 30).unwrap();
    let key = ProjectKey::new([7; 32]);
    Arc::new(RecordRules::new(
        Engine::exact_only(),
        Profile::safe_harbor(),
        key,
        as_of,
    ))
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A relay that listens; it ends with the test's runtime.
async fn start(service: Service) -> Relay {
    let listen = Listen {
        drain_timeout: Duration::from_secs(5),
        ..Listen::on(loopback())
    };
    Relay::start(listen, service).await.unwrap()
}

/// Two sides of TLS that trust each other, the client's with a certificate of its own.
fn tls() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rcgen::KeyPair::generate().unwrap();
    let named = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = named.self_signed(&key).unwrap().der().clone();
    let private = || rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let roots = Arc::new(roots);
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        roots.clone(),
        provider.clone(),
    )
    .build()
    .unwrap();
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.clone()], private())
        .unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], private())
        .unwrap();
    (Arc::new(server), Arc::new(client))
}
