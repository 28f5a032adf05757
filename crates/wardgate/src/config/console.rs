//! Where the console listens.

use std::net::SocketAddr;
use std::path::PathBuf;

use wardgate_console::FileSource;

use super::fields::{Reader, Section};

/// Where the console listens.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    pub(crate) address: SocketAddr,
    /// Whether it shows the gate's certificate.
    pub(crate) tls: bool,
    /// What is decided about people, applications and directories.
    pub(crate) settings: wardgate_console::Settings,
    /// Where files may be fetched from to be de-identified.
    pub(crate) file_sources: Vec<FileSourceAt>,
}

/// A server of files, and where its token lies.
#[derive(Debug, Clone)]
pub(crate) struct FileSourceAt {
    pub(crate) address: String,
    pub(crate) token_file: Option<PathBuf>,
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
    let origin = section.text(
        "origin",
        "https://localhost:8444",
        "an address without a path, such as `https://wardgate.example.org`",
        is_origin,
        "Address at which browsers reach the console. Passkeys are bound to it.",
    );
    let breached_passwords = section.path_if(
        "breached_passwords",
        "List of stolen passwords, none of which may be chosen: lines `SHA-1:COUNT` in ascending order, as Have I Been Pwned offers them for download. It is searched on this machine.",
    );
    let file_sources = section.groups(
        "file_sources",
        "console.file_sources",
        "Servers whose files `$de-identify` may fetch; without any it fetches none.",
        file_source,
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
    let mut settings = wardgate_console::Settings::at(origin?);
    settings.breached_passwords = breached_passwords?;
    Some(Console {
        address,
        tls: !plain_http,
        settings,
        file_sources: file_sources?,
    })
}

fn file_source(section: &Section<'_>) -> Option<FileSourceAt> {
    let address = section.needed(
        "address",
        "an address over https, or http on this machine, that ends in a slash",
        FileSource::is_address,
        "Every file below this address may be fetched.",
    );
    let token_file = section.path_if(
        "token_file",
        "File with the bearer token that this server wants, if it wants one.",
    );
    section.end();
    Some(FileSourceAt {
        address: address?,
        token_file: token_file?,
    })
}

/// Scheme, host and port, written as browsers write them.
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == text
    })
}
