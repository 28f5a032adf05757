//! stub
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::output::Output;

pub(crate) struct Options {
    pub(crate) dir: Option<PathBuf>,
    pub(crate) exit: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) console: SocketAddr,
}

pub(crate) fn run(_options: &Options, _output: Output) -> Result<bool, Failure> {
    Ok(true)
}
