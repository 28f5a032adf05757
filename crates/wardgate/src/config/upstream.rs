//! Deadlines towards systems.

use std::path::PathBuf;

use wardgate_gateway::UpstreamOptions;

use super::fields::Reader;

/// How systems are reached.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    pub(crate) options: UpstreamOptions,
    /// Who may vouch for systems, beside the machine's own roots.
    pub(crate) ca_file: Option<PathBuf>,
}

pub(super) fn read(reader: &Reader) -> Option<Upstream> {
    let otherwise = UpstreamOptions::default();
    let section = reader.section("upstream");
    let connect_timeout_ms = section.number(
        "connect_timeout_ms",
        otherwise.connect_timeout_ms,
        10..=60_000,
        "Milliseconds to open a connection to a system.",
    );
    let first_byte_timeout_ms = section.number(
        "first_byte_timeout_ms",
        otherwise.first_byte_timeout_ms,
        100..=3_600_000,
        "Milliseconds from the request to the head of the answer.",
    );
    let idle_timeout_ms = section.number(
        "idle_timeout_ms",
        otherwise.idle_timeout_ms,
        100..=3_600_000,
        "Milliseconds between two pieces of an answer.",
    );
    let pool_idle_ms = section.number(
        "pool_idle_ms",
        otherwise.pool_idle_ms,
        0..=3_600_000,
        "Milliseconds that an idle connection is kept for the next call.",
    );
    let attempts_max = section.number(
        "attempts_max",
        otherwise.attempts_max,
        1..=10,
        "Attempts for one call over all addresses of a system, before its answer begins.",
    );
    let ca_file = section.path_if(
        "ca_file",
        "Certificates (PEM) that may vouch for systems, beside the machine's own roots.",
    );
    section.end();
    Some(Upstream {
        options: UpstreamOptions {
            connect_timeout_ms: connect_timeout_ms?,
            first_byte_timeout_ms: first_byte_timeout_ms?,
            idle_timeout_ms: idle_timeout_ms?,
            pool_idle_ms: pool_idle_ms?,
            attempts_max: attempts_max?,
        },
        ca_file: ca_file?,
    })
}
