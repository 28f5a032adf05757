//! The certificate that signs timestamps: for nothing else, and led to by a root.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::TimestampFault;
use super::der::{
    BIT_STRING, BOOLEAN, CONTEXT_0, CONTEXT_3, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE,
};

/// Issuer and serial number, as they stand in a certificate.
pub(super) struct Name<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) serial: &'a [u8],
}

/// Who issued a certificate, under which number.
pub(super) fn name(certificate: &[u8]) -> Result<Name<'_>, TimestampFault> {
    let mut fields = fields(certificate)?;
    let serial = fields.expect(INTEGER)?.whole;
    fields.expect(SEQUENCE)?;
    let issuer = fields.expect(SEQUENCE)?.whole;
    Ok(Name { issuer, serial })
}

/// RFC 3161 section 2.3: the key is for timestamps only, and the certificate says so critically.
pub(super) fn check_purpose(certificate: &[u8]) -> Result<(), TimestampFault> {
    let mut fields = fields(certificate)?;
    fields.expect(INTEGER)?;
    // Algorithm, issuer, validity, subject, key.
    for _ in 0..5 {
        fields.expect(SEQUENCE)?;
    }
    let mut purpose = false;
    let Some(extensions) = last(fields)? else {
        return Err(TimestampFault::Purpose);
    };
    let mut extensions = Reader::of(extensions).expect(SEQUENCE)?.inner();
    while !extensions.is_empty() {
        let mut extension = extensions.expect(SEQUENCE)?.inner();
        let id = extension.expect(OID)?.content;
        let critical = extension
            .optional(BOOLEAN)?
            .is_some_and(|critical| critical.content == [0xff]);
        let value = extension.expect(OCTET_STRING)?.content;
        if id == EXTENDED_KEY_USAGE {
            purpose = critical && is_timestamps_only(value)?;
        } else if id == KEY_USAGE && !signs(value)? {
            return Err(TimestampFault::Purpose);
        }
    }
    if purpose {
        Ok(())
    } else {
        Err(TimestampFault::Purpose)
    }
}

/// A path from the certificate to a root, every certificate of it valid at `time`.
pub(super) fn check_chain(
    certificate: &[u8],
    others: &[&[u8]],
    roots: &[TrustAnchor<'static>],
    time: Timestamp,
) -> Result<(), TimestampFault> {
    let der = CertificateDer::from(certificate);
    let entity = EndEntityCert::try_from(&der).map_err(|_| TimestampFault::Untrusted)?;
    let others: Vec<_> = others
        .iter()
        .map(|other| CertificateDer::from(*other))
        .collect();
    let seconds = u64::try_from(time.as_second()).map_err(|_| TimestampFault::Expired)?;
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let usage = KeyUsage::required(TIMESTAMPS);
    entity
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            roots,
            &others,
            at,
            usage,
            None,
            None,
        )
        .map(|_| ())
        .map_err(|error| match error {
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
                TimestampFault::Expired
            }
            webpki::Error::RequiredEkuNotFoundContext(_) => TimestampFault::Purpose,
            _ => TimestampFault::Untrusted,
        })
}

/// What stands in a certificate after its version.
fn fields(certificate: &[u8]) -> Result<Reader<'_>, TimestampFault> {
    let mut outer = Reader::of(certificate).expect(SEQUENCE)?.inner();
    let mut fields = outer.expect(SEQUENCE)?.inner();
    fields.expect(CONTEXT_0)?;
    Ok(fields)
}

/// The extensions, which stand last, after two unique ids that nobody uses.
fn last(mut fields: Reader<'_>) -> Result<Option<&[u8]>, TimestampFault> {
    while !fields.is_empty() {
        let field = fields.next()?;
        if field.tag == CONTEXT_3 {
            fields.end()?;
            return Ok(Some(field.content));
        }
    }
    Ok(None)
}

fn is_timestamps_only(value: &[u8]) -> Result<bool, TimestampFault> {
    let mut purposes = Reader::of(value).expect(SEQUENCE)?.inner();
    let first = purposes.expect(OID)?.content;
    Ok(first == TIMESTAMPS && purposes.is_empty())
}

/// Digital signature or non-repudiation: the first two bits.
fn signs(value: &[u8]) -> Result<bool, TimestampFault> {
    let bits = Reader::of(value).expect(BIT_STRING)?.content;
    Ok(bits.get(1).is_some_and(|first| first & 0xc0 != 0))
}

/// 1.3.6.1.5.5.7.3.8
const TIMESTAMPS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// 2.5.29.37
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// 2.5.29.15
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
