//! Ports of this node, and systems behind it.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::Finding;
use crate::config::Config;

/// Ports are free, or our own server has them.
pub(super) fn check_ports(config: &Config, running: bool) -> Vec<Finding> {
    let ports = [
        ("gate port", config.gate.server.address),
        ("console port", config.console.address),
    ];
    ports
        .into_iter()
        .map(|(check, address)| port(check, address, running))
        .collect()
}

fn port(check: &'static str, address: SocketAddr, running: bool) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) if running => Finding::warn(
            check,
            format!("a server has this directory, but not {address}"),
            "restart the server if the address was changed",
        ),
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && running => {
            Finding::ok(check, format!("{address} is held by the running server"))
        }
        Err(error) => Finding::fail(
            check,
            format!("{address} can not be used: {error}"),
            "stop whoever uses it, or choose another address in the configuration",
        ),
    }
}

/// Whether a connection to each system can be opened. Nothing is sent.
pub(super) fn check_upstreams(urls: &[(String, String)]) -> Vec<Finding> {
    if urls.is_empty() {
        return vec![Finding::warn(
            "systems",
            "no system is declared",
            "declare systems with `wardgate apply`",
        )];
    }
    urls.iter()
        .map(|(system, url)| upstream(system, url))
        .collect()
}

fn upstream(system: &str, url: &str) -> Finding {
    match connect(url) {
        Ok(()) => Finding::ok("systems", format!("`{system}` can be reached at {url}")),
        Err(error) => Finding::warn(
            "systems",
            format!("`{system}` can not be reached at {url}: {error}"),
            "check the address, the network and the system",
        ),
    }
}

fn connect(url: &str) -> io::Result<()> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "not an address");
    let uri: http::Uri = url.parse().map_err(|_| invalid())?;
    let host = uri.host().ok_or_else(invalid)?;
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let host = host.trim_matches(['[', ']']);
    let mut failed = invalid();
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
