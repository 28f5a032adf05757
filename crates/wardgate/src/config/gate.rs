//! Where the gate listens, and what it takes.

use wardgate_gateway::server::ServerOptions;
use wardgate_gateway::server::tls::TlsFiles;
use wardgate_gateway::{BodyLimits, ScreenMode};

use super::fields::{Reader, Section};

/// Where the gate listens, and what it takes.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) server: ServerOptions,
    /// None means plain HTTP, on a loopback address.
    pub(crate) tls: Option<TlsFiles>,
    /// The gate's own certificate files, also when it serves plain HTTP: the console uses them.
    pub(crate) certificate: TlsFiles,
    pub(crate) body: BodyLimits,
    pub(crate) answer_bytes_max: usize,
    pub(crate) screen: ScreenMode,
}

pub(super) fn read(reader: &Reader) -> Option<Gate> {
    let section = reader.section("gate");
    let address = section.address("listen", "127.0.0.1:8443", "Address of the gate.");
    let plain_http = section.flag(
        "plain_http",
        false,
        "Serve without TLS; for loopback addresses only, as beside an application.",
    );
    let files = certificate(&section);
    let limits = limits(&section, address);
    let screen = section.word(
        "screen",
        &[
            ("refuse", ScreenMode::Refuse),
            ("flag", ScreenMode::Flag),
            ("off", ScreenMode::Off),
        ],
        "What to do when a tool result tries to instruct the model.",
    );
    section.end();
    let (address, plain_http, files) = (address?, plain_http?, files?);
    if plain_http && !address.ip().is_loopback() {
        section.fault(
            "listen",
            format!("plain HTTP on `{address}` would leave this machine"),
            "listen on a loopback address, or remove `plain_http`",
        );
        return None;
    }
    let (server, body, answer_bytes_max) = limits?;
    Some(Gate {
        server,
        tls: (!plain_http).then(|| files.clone()),
        certificate: files,
        body,
        answer_bytes_max,
        screen: screen?,
    })
}

fn certificate(section: &Section<'_>) -> Option<TlsFiles> {
    let certificate = section.path(
        "certificate",
        "tls/server.pem",
        "Certificate chain of the gate (PEM), its own certificate first.",
    );
    let private_key = section.path(
        "private_key",
        "tls/server.key",
        "Private key of that certificate (PEM).",
    );
    let client_ca = section.path_if(
        "client_ca",
        "Certificates (PEM) that vouch for clients. When set, only clients with a certificate connect.",
    );
    Some(TlsFiles {
        certificate: certificate?,
        private_key: private_key?,
        client_ca: client_ca?,
    })
}

fn limits(
    section: &Section<'_>,
    address: Option<std::net::SocketAddr>,
) -> Option<(ServerOptions, BodyLimits, usize)> {
    let threads = section.number(
        "threads",
        0,
        0..=256,
        "Threads that serve, each with its own listener; 0 takes one per core.",
    );
    let head_timeout_ms = section.number(
        "head_timeout_ms",
        10_000,
        100..=600_000,
        "Milliseconds to receive the head of a request.",
    );
    let body_timeout_ms = section.number(
        "body_timeout_ms",
        30_000,
        100..=600_000,
        "Milliseconds to receive the body of a request.",
    );
    let drain_timeout_ms = section.number(
        "drain_timeout_ms",
        30_000,
        0..=600_000,
        "Milliseconds that calls under way have to end after the server is asked to stop.",
    );
    let connections_max = section.number(
        "connections_max",
        4_096,
        1..=1_000_000,
        "Connections that one thread holds at a time.",
    );
    let body_bytes_max = section.number(
        "body_bytes_max",
        8 << 20,
        1_024..=64 << 20,
        "Bytes of a request's body.",
    );
    let answer_bytes_max = section.number(
        "answer_bytes_max",
        16 << 20,
        1_024..=256 << 20,
        "Bytes of an answer that comes whole, and of one event of a stream.",
    );
    let server = ServerOptions {
        address: address?,
        threads: threads?,
        head_timeout_ms: head_timeout_ms?,
        drain_timeout_ms: drain_timeout_ms?,
        connections_max: connections_max?,
    };
    let body = BodyLimits {
        body_bytes_max: body_bytes_max?,
        body_timeout_ms: body_timeout_ms?,
    };
    Some((server, body, answer_bytes_max?))
}
