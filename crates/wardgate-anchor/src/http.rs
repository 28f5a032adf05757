//! Blocking HTTP towards witnesses and timestamp authorities: one request, one bounded answer.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// Sends requests, for threads that may wait.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type, if one was told.
    pub media_type: Option<String>,
    /// The body, up to the limit of the request.
    pub body: Vec<u8>,
}

impl Client {
    /// A client that trusts the machine's roots and those in `extra_ca` (PEM), if given.
    pub fn new(extra_ca: Option<&[u8]>, timeout_ms: u64) -> Result<Self, HttpFault> {
        let native = rustls_native_certs::load_native_certs();
        let mut roots = native.certs;
        if let Some(pem) = extra_ca {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.push(certificate.map_err(|_| HttpFault::Roots)?);
            }
        }
        let roots: Vec<_> = roots
            .iter()
            .map(|root| Certificate::from_der(root).to_owned())
            .collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(
                rustls::crypto::aws_lc_rs::default_provider(),
            ))
            .root_certs(RootCerts::from(roots))
            .build();
        let timeout = Duration::from_millis(timeout_ms);
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(timeout))
            // An address that answers another one is not the party that was configured.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("wardgate")
            .build();
        Ok(Self {
            agent: config.into(),
        })
    }

    /// Posts a body and reads an answer of at most `bytes_max`.
    pub fn post(
        &self,
        url: &str,
        media_type: &str,
        body: &[u8],
        bytes_max: usize,
    ) -> Result<Answer, HttpFault> {
        let sent = self.agent.post(url).content_type(media_type).send(body);
        let mut answer = sent.map_err(|error| HttpFault::of(&error))?;
        let header = answer.headers().get("content-type");
        let media_type = header
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let body = answer
            .body_mut()
            .with_config()
            .limit(limit)
            .read_to_vec()
            .map_err(|error| HttpFault::of(&error))?;
        Ok(Answer {
            status: answer.status().as_u16(),
            media_type,
            body,
        })
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HttpFault {
    /// Certificates that do not read.
    #[error("the extra certificates can not be read as PEM")]
    Roots,
    /// Longer than permitted.
    #[error("the answer is longer than permitted")]
    TooLong,
    /// Nothing came in time.
    #[error("no answer in time")]
    Late,
    /// Nobody there, or not one who may be trusted.
    #[error("not reachable: {0}")]
    Unreachable(String),
}

impl HttpFault {
    fn of(error: &ureq::Error) -> Self {
        match error {
            ureq::Error::BodyExceedsLimit(_) => Self::TooLong,
            ureq::Error::Timeout(_) => Self::Late,
            other => Self::Unreachable(other.to_string()),
        }
    }
}
