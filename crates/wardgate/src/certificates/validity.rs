//! Reads from when until when a certificate is valid, and nothing else of it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The time in which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) begins: Timestamp,
    pub(crate) ends: Timestamp,
}

/// The validity in a DER certificate (RFC 5280, section 4.1).
pub(crate) fn validity(certificate: &[u8]) -> Option<Validity> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    // Version (which may be absent), serial number, signature algorithm, issuer.
    let (tag, _, after) = element(rest)?;
    if tag == VERSION_TAG {
        rest = after;
    }
    for _ in ["serial number", "signature algorithm", "issuer"] {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (tag, begins, rest) = element(validity)?;
    let begins = time(tag, begins)?;
    let (tag, ends, _) = element(rest)?;
    Some(Validity {
        begins,
        ends: time(tag, ends)?,
    })
}

/// The tag and content of the first DER element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else {
        return None;
    };
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits
                .iter()
                .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn time(tag: u8, content: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(content).ok()?;
    let text = match tag {
        GENERALIZED_TIME => text.to_owned(),
        // Years below 50 are of this century.
        UTC_TIME if text < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        _ => return None,
    };
    let number = |at: std::ops::Range<usize>| text.get(at)?.parse::<i8>().ok();
    let year = text.get(0..4)?.parse().ok()?;
    let time = DateTime::new(
        year,
        number(4..6)?,
        number(6..8)?,
        number(8..10)?,
        number(10..12)?,
        number(12..14)?,
        0,
    );
    Some(
        time.ok()?
            .to_zoned_datetime(TimeZone::UTC)
            .ok()?
            .timestamp(),
    )
}

const VERSION_TAG: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    #[test]
    fn the_validity_of_our_own_certificates_reads_back() {
        let now: Timestamp = "2026-11-23T18:00:00Z".parse().unwrap();
        let made = crate::certificates::development(now).unwrap();
        for pem in [made.ca, made.certificate] {
            let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            let validity = validity(&der).unwrap();
            assert_eq!(validity.begins, "2026-11-22T00:00:00Z".parse().unwrap());
            assert_eq!(validity.ends, "2027-12-25T00:00:00Z".parse().unwrap());
        }
    }

    #[test]
    fn anything_else_has_none() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x82\xff\xff",
            &[0x30; 64],
            &[0xa0; 64],
        ] {
            assert_eq!(validity(bytes), None);
        }
    }
}
