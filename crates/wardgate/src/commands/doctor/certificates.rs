//! Whether the certificates fit and last.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use wardgate_gateway::server::tls::server_config;

use super::Finding;
use crate::certificates::validity;
use crate::config::Config;
use crate::failure::Failure;
use crate::wiring;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    if config.gate.tls.is_none() && !config.console.tls {
        return vec![Finding::ok(
            "certificate",
            "not used: plain HTTP on loopback addresses",
        )];
    }
    let files = &config.gate.certificate;
    let mut findings = match server_config(files) {
        Ok(_) => vec![Finding::ok("certificate", "fits its private key")],
        Err(error) => vec![Finding::of_failure("certificate", &Failure::from(error))],
    };
    let now = wiring::now();
    findings.extend(lasts("certificate", &files.certificate, now));
    if let Some(ca) = &files.client_ca {
        findings.extend(lasts("client CA", ca, now));
    }
    findings
}

/// The first certificate of a file decides.
fn lasts(check: &'static str, path: &Path, now: Timestamp) -> Option<Finding> {
    let certificate = CertificateDer::from_pem_file(path).ok()?;
    let shown = path.display();
    let Some(validity) = validity(&certificate) else {
        return Some(Finding::warn(
            check,
            format!("the dates in `{shown}` can not be read"),
            "check the certificate with another tool",
        ));
    };
    let ends = validity.ends.strftime("%Y-%m-%d");
    let left = validity.ends.duration_since(now);
    Some(if now < validity.begins {
        Finding::fail(
            check,
            format!("`{shown}` is not valid yet"),
            "check the clock, or wait",
        )
    } else if left <= SignedDuration::ZERO {
        Finding::fail(
            check,
            format!("`{shown}` expired on {ends}"),
            "put a new certificate in its place and restart the server",
        )
    } else if left < RENEW_BEFORE {
        Finding::warn(
            check,
            format!("`{shown}` expires on {ends}"),
            "renew it, and restart the server",
        )
    } else {
        Finding::ok(check, format!("valid until {ends}"))
    })
}

const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
