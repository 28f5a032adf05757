//! RFC 3161 timestamps over published checkpoints.
//!
//! [`request`] and [`verify`] are pure: bytes in, bytes or a time out. A response counts only
//! when it is about the very bytes of the checkpoint, signed by a certificate for this purpose
//! alone, and that certificate leads to a configured root.

mod certificate;
mod der;
mod response;

use std::path::Path;

use aws_lc_rs::digest;
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use thiserror::Error;

use self::der::{INTEGER, OCTET_STRING, OID, SEQUENCE, element};

/// Who may vouch for timestamp authorities.
pub struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    /// Reads certificates in PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TimestampFault> {
        let mut anchors = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| TimestampFault::Roots)?;
            let anchor = webpki::anchor_from_trusted_cert(&certificate)
                .map_err(|_| TimestampFault::Roots)?;
            anchors.push(anchor.to_owned());
        }
        if anchors.is_empty() {
            return Err(TimestampFault::Roots);
        }
        Ok(Self { anchors })
    }

    /// Reads a file of certificates in PEM.
    pub fn from_file(path: &Path) -> Result<Self, TimestampFault> {
        let pem = std::fs::read(path).map_err(|_| TimestampFault::Roots)?;
        Self::from_pem(&pem)
    }
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roots")
            .field("anchors", &self.anchors.len())
            .finish()
    }
}

/// Sixteen random bytes that tie a response to its request.
pub type Nonce = [u8; 16];

/// The request for a timestamp over the SHA-256 of `checkpoint`, with the certificates.
pub fn request(checkpoint: &[u8], nonce: &Nonce) -> Vec<u8> {
    let imprint = digest::digest(&digest::SHA256, checkpoint);
    let algorithm = element(
        SEQUENCE,
        &[
            element(OID, &[response::SHA256]),
            element::<&[u8]>(der::NULL, &[]),
        ],
    );
    let imprint = element(
        SEQUENCE,
        &[algorithm, element(OCTET_STRING, &[imprint.as_ref()])],
    );
    let body = [
        element(INTEGER, &[&[1_u8][..]]),
        imprint,
        element(INTEGER, &[&positive(nonce)[..]]),
        element(der::BOOLEAN, &[&[0xff_u8][..]]),
    ];
    element(SEQUENCE, &body)
}

/// Checks a response to the letter and tells the time that it states.
///
/// Without a nonce, as an auditor checks later, the response may carry any. The certificate
/// has to be valid at the time stated, not today, so a stamp outlives its certificate.
pub fn verify(
    checkpoint: &[u8],
    response: &[u8],
    roots: &Roots,
    nonce: Option<&Nonce>,
) -> Result<Timestamp, TimestampFault> {
    if response.len() > RESPONSE_BYTES_MAX {
        return Err(TimestampFault::TooLong);
    }
    let token = response::parse(response)?;
    let imprint = digest::digest(&digest::SHA256, checkpoint);
    if token.imprint != imprint.as_ref() {
        return Err(TimestampFault::Imprint);
    }
    if let Some(nonce) = nonce
        && token.nonce != Some(&positive(nonce)[..])
    {
        return Err(TimestampFault::Nonce);
    }
    token.check_attributes()?;
    let signer = token.signer()?;
    certificate::check_purpose(signer)?;
    certificate::check_chain(signer, &token.certificates, &roots.anchors, token.time)?;
    token.check_signature(signer)?;
    Ok(token.time)
}

/// Reads the structure of a response, and checks nothing else. For fuzzing.
pub fn parses(response: &[u8]) -> bool {
    response.len() <= RESPONSE_BYTES_MAX && response::parse(response).is_ok()
}

/// Why a timestamp does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimestampFault {
    /// Longer than a response is.
    #[error("the response has more than {RESPONSE_BYTES_MAX} bytes")]
    TooLong,
    /// Not a response in DER.
    #[error("the response is not in the form of RFC 3161")]
    Malformed,
    /// The authority refused.
    #[error("the authority did not grant the request: status {status}")]
    Refused {
        /// The status of RFC 3161, section 2.4.2.
        status: u8,
    },
    /// About something else.
    #[error("the timestamp is over other bytes than the checkpoint")]
    Imprint,
    /// An answer to another request.
    #[error("the response carries another nonce than the request")]
    Nonce,
    /// The signed attributes do not bind the token.
    #[error("the signed attributes do not fit the token")]
    Attributes,
    /// There is no certificate of the signer in the response.
    #[error("the response does not hold the certificate that signed it")]
    NoCertificate,
    /// The certificate is not for timestamps alone.
    #[error("the signing certificate is not for timestamps only")]
    Purpose,
    /// The certificate was not valid at the time stated.
    #[error("the signing certificate was not valid at the time stated")]
    Expired,
    /// The certificate does not lead to a configured root.
    #[error("the signing certificate does not lead to a configured root")]
    Untrusted,
    /// An algorithm that is not accepted.
    #[error("the timestamp is signed with an algorithm that is not accepted")]
    Algorithm,
    /// The signature does not fit.
    #[error("the signature of the timestamp does not fit")]
    Signature,
    /// The file of roots does not read.
    #[error("the roots of the timestamp authority can not be read")]
    Roots,
}

impl TimestampFault {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Roots => "name a file of certificates in PEM with `anchor.tsa_roots`",
            Self::Untrusted | Self::Purpose | Self::Expired => {
                "compare the authority's certificates with those in `anchor.tsa_roots`"
            }
            Self::Refused { .. } => "ask the operator of the timestamp authority",
            _ => "keep the response for the investigation, or use another timestamp authority",
        }
    }
}

/// The shortest encoding of a positive number: no leading zero but the one that keeps it positive.
fn positive(nonce: &Nonce) -> Vec<u8> {
    let digits = nonce.iter().skip_while(|byte| **byte == 0);
    let mut bytes: Vec<u8> = digits.copied().collect();
    if bytes.first().is_none_or(|first| *first > 0x7f) {
        bytes.insert(0, 0);
    }
    bytes
}

/// The longest response that is read; certificates are most of it.
pub const RESPONSE_BYTES_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_openssl_makes() {
        let mut nonce = [0; 16];
        nonce[14] = 0x80;
        nonce[15] = 0x01;
        let request = request(b"abc", &nonce);
        let head = [
            0x30, 0x3e, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
            0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 0xba, 0x78, 0x16, 0xbf,
        ];
        assert!(request.starts_with(&head), "{request:02x?}");
        assert!(request.ends_with(&[0x02, 0x03, 0x00, 0x80, 0x01, 0x01, 0x01, 0xff]));
    }

    #[test]
    fn numbers_have_one_encoding() {
        assert_eq!(positive(&[0; 16]), [0]);
        let mut nonce = [0; 16];
        nonce[15] = 0x7f;
        assert_eq!(positive(&nonce), [0x7f]);
        assert_eq!(positive(&[0x80; 16]).len(), 17);
    }

    #[test]
    fn garbage_is_refused() {
        for bytes in [
            &b""[..],
            b"\x30\x00",
            &[0x30; 100],
            b"\x30\x84\xff\xff\xff\xff",
        ] {
            assert!(!parses(bytes));
        }
        assert!(!parses(&vec![0x30; RESPONSE_BYTES_MAX + 1]));
        assert!(Roots::from_pem(b"nothing").is_err());
    }
}
