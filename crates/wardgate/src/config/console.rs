//! Where the console listens.

use std::net::SocketAddr;

use super::fields::Reader;

/// Where the console listens.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    pub(crate) address: SocketAddr,
    /// Whether it shows the gate's certificate.
    pub(crate) tls: bool,
}

pub(super) fn read(reader: &Reader) -> Option<Console> {
    let section = reader.section("console");
    let address = section.address(
        "listen",
        "127.0.0.1:8444",
        "Address of health, readiness and metrics.",
    );
    let plain_http = section.flag(
        "plain_http",
        false,
        "Serve without TLS; for loopback addresses only.",
    );
    section.end();
    let (address, plain_http) = (address?, plain_http?);
    if plain_http && !address.ip().is_loopback() {
        section.fault(
            "listen",
            format!("plain HTTP on `{address}` would leave this machine"),
            "listen on a loopback address, or remove `plain_http`",
        );
        return None;
    }
    Some(Console {
        address,
        tls: !plain_http,
    })
}
