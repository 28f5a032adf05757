//! Wardgate as the bench runs it: its own data directory with an invented hospital, plain HTTP on
//! loopback, and masking, consent and the durable ledger on.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};

use crate::servers::Server;

/// The running gate and what a call to it carries.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) server: Server,
    pub(crate) headers: Vec<(String, String)>,
}

impl Gate {
    pub(crate) fn start(_program: &Path, _model: SocketAddr, _home: &Path) -> Result<Self> {
        bail!("not wired")
    }
}
