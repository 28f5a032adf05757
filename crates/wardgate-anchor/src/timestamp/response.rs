//! The response of an authority: CMS signed data around the token's contents.

use aws_lc_rs::digest;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::EndEntityCert;
use webpki::aws_lc_rs as algorithms;

use super::TimestampFault;
use super::certificate;
use super::der::{
    BOOLEAN, CONTEXT_0, CONTEXT_1, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader,
    SEQUENCE, SET, element,
};

/// What a granted response holds. Nothing of it has been checked.
pub(super) struct Token<'a> {
    pub(super) imprint: &'a [u8],
    pub(super) nonce: Option<&'a [u8]>,
    pub(super) time: Timestamp,
    pub(super) certificates: Vec<&'a [u8]>,
    /// The contents that are signed about.
    contents: &'a [u8],
    signer: Signer<'a>,
}

struct Signer<'a> {
    /// Issuer and serial number; a signer may name itself by its key instead.
    name: Option<(&'a [u8], &'a [u8])>,
    digest: &'a [u8],
    attributes: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

/// Reads a response, of which one signer may have signed the token.
pub(super) fn parse(response: &[u8]) -> Result<Token<'_>, TimestampFault> {
    let mut outer = Reader::of(response);
    let mut response = outer.expect(SEQUENCE)?.inner();
    outer.end()?;
    let mut status = response.expect(SEQUENCE)?.inner();
    match status.expect(INTEGER)?.content {
        // Granted, and granted with changes.
        [0 | 1] => {}
        other => {
            let status = other.first().copied().unwrap_or_default();
            return Err(TimestampFault::Refused { status });
        }
    }
    let signed = typed(&mut response, SIGNED_DATA)?;
    response.end()?;
    let mut signed = signed.expect_one(SEQUENCE)?.inner();
    signed.expect(INTEGER)?;
    signed.expect(SET)?;
    let contents = typed(&mut signed, TOKEN_CONTENTS)?.expect_one(OCTET_STRING)?;
    let mut certificates = Vec::new();
    if let Some(listed) = signed.optional(CONTEXT_0)? {
        let mut listed = listed.inner();
        while !listed.is_empty() {
            certificates.push(listed.expect(SEQUENCE)?.whole);
        }
    }
    if certificates.len() > CERTIFICATES_MAX {
        return Err(TimestampFault::TooLong);
    }
    signed.optional(CONTEXT_1)?;
    let signer = signer(signed.expect(SET)?)?;
    signed.end()?;
    let (imprint, time, nonce) = token_contents(contents.content)?;
    Ok(Token {
        imprint,
        nonce,
        time,
        certificates,
        contents: contents.content,
        signer,
    })
}

impl<'a> Token<'a> {
    /// The attributes name the kind of contents and their digest.
    pub(super) fn check_attributes(&self) -> Result<(), TimestampFault> {
        let kind = self.attribute(CONTENT_TYPE)?.expect_one(OID)?;
        let stated = self.attribute(MESSAGE_DIGEST)?.expect_one(OCTET_STRING)?;
        let algorithm = digest_of(self.signer.digest)?;
        let is = digest::digest(algorithm, self.contents);
        if kind.content == TOKEN_CONTENTS && stated.content == is.as_ref() {
            Ok(())
        } else {
            Err(TimestampFault::Attributes)
        }
    }

    /// The certificate that the signed attributes bind, by its digest.
    pub(super) fn signer(&self) -> Result<&'a [u8], TimestampFault> {
        let (algorithm, wanted) = match self.attribute(SIGNING_CERTIFICATE_V2) {
            Ok(attribute) => bound_v2(attribute)?,
            // RFC 3161 knew SHA-1 only; the key below it has to verify the signature all the same.
            Err(_) => (
                &digest::SHA1_FOR_LEGACY_USE_ONLY,
                first_bound(self.attribute(SIGNING_CERTIFICATE)?)?
                    .expect(OCTET_STRING)?
                    .content,
            ),
        };
        let fits = |certificate: &&&[u8]| {
            let digest = digest::digest(algorithm, certificate);
            let named = certificate::name(certificate).is_ok_and(|is| {
                self.signer
                    .name
                    .is_none_or(|(issuer, serial)| (issuer, serial) == (is.issuer, is.serial))
            });
            named && digest.as_ref() == wanted
        };
        let found = self.certificates.iter().find(fits).copied();
        found.ok_or(TimestampFault::NoCertificate)
    }

    /// The signature over the attributes, by the key of the certificate.
    pub(super) fn check_signature(&self, certificate: &[u8]) -> Result<(), TimestampFault> {
        let der = CertificateDer::from(certificate);
        let entity = EndEntityCert::try_from(&der).map_err(|_| TimestampFault::NoCertificate)?;
        // They are signed as a set, though they stand under a tag of their own.
        let signed = element(SET, &[self.signer.attributes]);
        let candidates = candidates(self.signer.algorithm, self.signer.digest)?;
        let good = candidates.into_iter().any(|algorithm| {
            entity
                .verify_signature(algorithm, &signed, self.signer.signature)
                .is_ok()
        });
        if good {
            Ok(())
        } else {
            Err(TimestampFault::Signature)
        }
    }

    /// The one value of an attribute that stands exactly once.
    fn attribute(&self, id: &[u8]) -> Result<Value<'a>, TimestampFault> {
        let mut attributes = Reader::of(self.signer.attributes);
        let mut found = None;
        while !attributes.is_empty() {
            let mut attribute = attributes.expect(SEQUENCE)?.inner();
            if attribute.expect(OID)?.content == id {
                let values = attribute.expect(SET)?;
                if found.replace(Value(values.inner())).is_some() {
                    return Err(TimestampFault::Attributes);
                }
            }
        }
        found.ok_or(TimestampFault::Attributes)
    }
}

/// Something that holds one element.
struct Value<'a>(Reader<'a>);

impl<'a> Value<'a> {
    fn expect_one(mut self, tag: u8) -> Result<Element<'a>, TimestampFault> {
        let one = self.0.expect(tag)?;
        self.0.end()?;
        Ok(one)
    }
}

/// A type and what is of it, as CMS wraps both.
fn typed<'a>(reader: &mut Reader<'a>, kind: &[u8]) -> Result<Value<'a>, TimestampFault> {
    let mut wrapped = reader.expect(SEQUENCE)?.inner();
    if wrapped.expect(OID)?.content != kind {
        return Err(TimestampFault::Malformed);
    }
    let content = wrapped.expect(CONTEXT_0)?;
    wrapped.end()?;
    Ok(Value(content.inner()))
}

fn signer(signers: Element<'_>) -> Result<Signer<'_>, TimestampFault> {
    let mut signer = Value(signers.inner()).expect_one(SEQUENCE)?.inner();
    signer.expect(INTEGER)?;
    let id = signer.next()?;
    let name = if id.tag == SEQUENCE {
        let mut id = id.inner();
        let issuer = id.expect(SEQUENCE)?.whole;
        Some((issuer, id.expect(INTEGER)?.whole))
    } else {
        None
    };
    let digest = algorithm(&mut signer)?;
    let attributes = signer.expect(CONTEXT_0)?.content;
    let algorithm = algorithm(&mut signer)?;
    let signature = signer.expect(OCTET_STRING)?.content;
    Ok(Signer {
        name,
        digest,
        attributes,
        algorithm,
        signature,
    })
}

/// The id of an algorithm; its parameters do not matter for those accepted here.
fn algorithm<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], TimestampFault> {
    let mut algorithm = reader.expect(SEQUENCE)?.inner();
    Ok(algorithm.expect(OID)?.content)
}

type Contents<'a> = (&'a [u8], Timestamp, Option<&'a [u8]>);

/// TSTInfo of RFC 3161, section 2.4.2: imprint, time and nonce of it.
fn token_contents(bytes: &[u8]) -> Result<Contents<'_>, TimestampFault> {
    let mut outer = Reader::of(bytes);
    let mut token = outer.expect(SEQUENCE)?.inner();
    outer.end()?;
    if token.expect(INTEGER)?.content != [1] {
        return Err(TimestampFault::Malformed);
    }
    token.expect(OID)?;
    let mut imprint = token.expect(SEQUENCE)?.inner();
    if algorithm(&mut imprint)? != SHA256 {
        return Err(TimestampFault::Imprint);
    }
    let imprint = imprint.expect(OCTET_STRING)?.content;
    token.expect(INTEGER)?;
    let time = time(token.expect(GENERALIZED_TIME)?.content)?;
    // The accuracy.
    token.optional(SEQUENCE)?;
    token.optional(BOOLEAN)?;
    let nonce = token.optional(INTEGER)?.map(|nonce| nonce.content);
    token.optional(CONTEXT_0)?;
    token.optional(CONTEXT_1)?;
    token.end()?;
    Ok((imprint, time, nonce))
}

/// `YYYYMMDDhhmmss[.f]Z`; what is below a second is left out.
fn time(content: &[u8]) -> Result<Timestamp, TimestampFault> {
    let read = || {
        let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() != 14 || fraction.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let number = |at: std::ops::Range<usize>| whole.get(at)?.parse::<i8>().ok();
        let time = DateTime::new(
            whole.get(0..4)?.parse().ok()?,
            number(4..6)?,
            number(6..8)?,
            number(8..10)?,
            number(10..12)?,
            number(12..14)?,
            0,
        );
        let zoned = time.ok()?.to_zoned_datetime(TimeZone::UTC).ok()?;
        Some(zoned.timestamp())
    };
    read().ok_or(TimestampFault::Malformed)
}

/// The first certificate that an attribute of either version binds: the signer's.
fn first_bound(attribute: Value<'_>) -> Result<Reader<'_>, TimestampFault> {
    let mut bound = attribute.expect_one(SEQUENCE)?.inner();
    let mut certificates = bound.expect(SEQUENCE)?.inner();
    Ok(certificates.expect(SEQUENCE)?.inner())
}

fn bound_v2(attribute: Value<'_>) -> Result<(&'static digest::Algorithm, &[u8]), TimestampFault> {
    let mut first = first_bound(attribute)?;
    let algorithm = match first.optional(SEQUENCE)? {
        None => &digest::SHA256,
        Some(named) => digest_of(named.inner().expect(OID)?.content)?,
    };
    Ok((algorithm, first.expect(OCTET_STRING)?.content))
}

fn digest_of(id: &[u8]) -> Result<&'static digest::Algorithm, TimestampFault> {
    match id {
        SHA256 => Ok(&digest::SHA256),
        SHA384 => Ok(&digest::SHA384),
        SHA512 => Ok(&digest::SHA512),
        _ => Err(TimestampFault::Algorithm),
    }
}

type Candidates = [&'static dyn SignatureVerificationAlgorithm; 3];

/// What a signature may be checked with: the digest is fixed, the size of the key is not.
fn candidates(algorithm: &[u8], digest: &[u8]) -> Result<Candidates, TimestampFault> {
    let rsa = [
        algorithms::RSA_PKCS1_2048_8192_SHA256,
        algorithms::RSA_PKCS1_2048_8192_SHA384,
        algorithms::RSA_PKCS1_2048_8192_SHA512,
    ];
    let [rsa_256, rsa_384, rsa_512] = rsa;
    match (algorithm, digest) {
        (RSA | RSA_SHA256, SHA256) => Ok([rsa_256; 3]),
        (RSA | RSA_SHA384, SHA384) => Ok([rsa_384; 3]),
        (RSA | RSA_SHA512, SHA512) => Ok([rsa_512; 3]),
        (ECDSA_SHA256, SHA256) => Ok([
            algorithms::ECDSA_P256_SHA256,
            algorithms::ECDSA_P384_SHA256,
            algorithms::ECDSA_P521_SHA256,
        ]),
        (ECDSA_SHA384, SHA384) => Ok([
            algorithms::ECDSA_P256_SHA384,
            algorithms::ECDSA_P384_SHA384,
            algorithms::ECDSA_P521_SHA384,
        ]),
        (ECDSA_SHA512, SHA512) => Ok([
            algorithms::ECDSA_P256_SHA512,
            algorithms::ECDSA_P384_SHA512,
            algorithms::ECDSA_P521_SHA512,
        ]),
        _ => Err(TimestampFault::Algorithm),
    }
}

/// 2.16.840.1.101.3.4.2.1
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 2.16.840.1.101.3.4.2.2
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// 2.16.840.1.101.3.4.2.3
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.9.16.1.4
const TOKEN_CONTENTS: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04,
];
/// 1.2.840.113549.1.9.3
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// 1.2.840.113549.1.9.4
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// 1.2.840.113549.1.9.16.2.12
const SIGNING_CERTIFICATE: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c,
];
/// 1.2.840.113549.1.9.16.2.47
const SIGNING_CERTIFICATE_V2: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f,
];
/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.113549.1.1.11
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// 1.2.840.113549.1.1.12
const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
/// 1.2.840.113549.1.1.13
const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
/// 1.2.840.10045.4.3.2
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 1.2.840.10045.4.3.3
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// 1.2.840.10045.4.3.4
const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
/// A chain is shorter.
const CERTIFICATES_MAX: usize = 16;
