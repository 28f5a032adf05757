//! Development certificates, and how long a certificate lasts.

mod validity;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::failure::Failure;

pub(crate) use validity::validity;

/// What `init` makes, all PEM. The CA's own key is used once and forgotten, so that nobody
/// can make further certificates that clients of this directory would trust.
pub(crate) struct Development {
    pub(crate) ca: String,
    pub(crate) certificate: String,
    pub(crate) private_key: String,
}

/// A CA and a certificate for this machine's loopback names.
pub(crate) fn development(now: Timestamp) -> Result<Development, Failure> {
    make(now).map_err(|error| {
        Failure::new(
            format!("can not make the development certificates: {error}"),
            "report this with the version of the build",
        )
    })
}

fn make(now: Timestamp) -> Result<Development, rcgen::Error> {
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, CA_NAME);
    last(&mut ca, now);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;

    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let mut server = CertificateParams::new(names)?;
    server
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    last(&mut server, now);
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &ca)?;
    Ok(Development {
        ca: ca.pem(),
        certificate: certificate.pem(),
        private_key: key.serialize_pem(),
    })
}

/// From yesterday, for clocks that are a little late.
fn last(params: &mut CertificateParams, now: Timestamp) {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let begins = today.yesterday().unwrap_or(today);
    let ends = (0..DAYS).fold(today, |date, _| date.tomorrow().unwrap_or(date));
    let (year, month, day) = parts(begins);
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = parts(ends);
    params.not_after = rcgen::date_time_ymd(year, month, day);
}

fn parts(date: Date) -> (i32, u8, u8) {
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    (i32::from(date.year()), part(date.month()), part(date.day()))
}

const CA_NAME: &str = "Wardgate development CA";
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// What browsers and other clients accept at most.
const DAYS: u32 = 397;
