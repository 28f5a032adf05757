//! Client certificates: what names an application in one that TLS has verified.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A certificate that the other side of a connection proved to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    thumbprint: [u8; 32],
    names: Vec<String>,
    begins: Timestamp,
    ends: Timestamp,
}

/// It is not a certificate that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client certificate cannot be read")]
pub struct CertificateFault;

impl ClientCertificate {
    /// Reads the certificate of a client.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn read(der: &[u8]) -> Result<Self, CertificateFault> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateFault)?;
        if !rest.is_empty() {
            return Err(CertificateFault);
        }
        let names = match certificate.subject_alternative_name() {
            Ok(None) => Vec::new(),
            Ok(Some(found)) => found
                .value
                .general_names
                .iter()
                .filter_map(|name| match name {
                    GeneralName::URI(uri) => Some(format!("URI:{uri}")),
                    GeneralName::DNSName(name) => {
                        Some(format!("DNS:{}", name.to_ascii_lowercase()))
                    }
                    _ => None,
                })
                .take(NAMES_MAX)
                .collect(),
            Err(_) => return Err(CertificateFault),
        };
        let validity = certificate.validity();
        let time = |seconds| Timestamp::from_second(seconds).map_err(|_| CertificateFault);
        let mut thumbprint = [0; 32];
        thumbprint
            .iter_mut()
            .zip(digest(&SHA256, der).as_ref())
            .for_each(|(to, from)| *to = *from);
        Ok(Self {
            thumbprint,
            names,
            begins: time(validity.not_before.timestamp())?,
            ends: time(validity.not_after.timestamp())?,
        })
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }

    /// The thumbprint as tokens carry it (`x5t#S256`).
    #[must_use]
    pub fn confirmation(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.thumbprint)
    }

    /// Its alternative names, as `URI:...` and `DNS:...`.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it holds now: a connection may outlive its certificate.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.begins <= now && now < self.ends
    }
}

const NAMES_MAX: usize = 64;
