//! TLS of a relay: its own side, and its side towards the receiver.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use wardgate_gateway::server::tls::{TlsFiles, client_config, server_config};

use crate::failure::Failure;

/// The certificate that senders see.
#[derive(Debug, Args)]
pub(super) struct ServerArguments {
    /// Certificate chain that senders see, PEM; without it the relay listens in the clear, on this machine only
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Who vouches for senders, PEM; with it a sender must show a certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_client_ca: Option<PathBuf>,
}

/// How the receiver is reached.
#[derive(Debug, Args)]
pub(super) struct ClientArguments {
    /// Speak TLS to the receiver
    #[arg(long)]
    to_tls: bool,

    /// Who vouches for the receiver, PEM, besides the roots of the machine
    #[arg(long, value_name = "FILE")]
    to_ca: Option<PathBuf>,

    /// Certificate chain that the receiver sees, PEM
    #[arg(long, value_name = "FILE", requires = "to_key")]
    to_certificate: Option<PathBuf>,

    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "to_certificate")]
    to_key: Option<PathBuf>,
}

impl ServerArguments {
    pub(super) fn config(&self) -> Result<Option<Arc<rustls::ServerConfig>>, Failure> {
        let (Some(certificate), Some(private_key)) = (&self.tls_certificate, &self.tls_key) else {
            return Ok(None);
        };
        Ok(Some(server_config(&TlsFiles {
            certificate: certificate.clone(),
            private_key: private_key.clone(),
            client_ca: self.tls_client_ca.clone(),
        })?))
    }
}

impl ClientArguments {
    /// The client's side, where TLS is spoken.
    pub(super) fn config(&self) -> Result<Option<Arc<rustls::ClientConfig>>, Failure> {
        match self.to_tls || self.to_ca.is_some() || self.to_certificate.is_some() {
            true => self.always().map(Some),
            false => Ok(None),
        }
    }

    /// The client's side.
    pub(super) fn always(&self) -> Result<Arc<rustls::ClientConfig>, Failure> {
        let mut config = client_config(self.to_ca.as_deref())?;
        if let (Some(certificate), Some(key)) = (&self.to_certificate, &self.to_key) {
            let unread = |error: &dyn std::fmt::Display| {
                Failure::new(
                    format!(
                        "can not use the certificate `{}`: {error}",
                        certificate.display()
                    ),
                    "give a certificate chain and its private key in PEM",
                )
            };
            let chain = CertificateDer::pem_file_iter(certificate)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| unread(&error))?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(&error))?;
            let provider = Arc::clone(config.crypto_provider());
            let pair =
                CertifiedKey::from_der(chain, key, &provider).map_err(|error| unread(&error))?;
            config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(pair));
        }
        Ok(Arc::new(config))
    }
}
