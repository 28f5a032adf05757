//! `wardgate relay stow`: DICOM over HTTP.

use std::path::PathBuf;

use clap::Args;
use wardgate_relay::Service;
use wardgate_relay::stow::{Options, REQUEST_BYTES_MAX};

use super::dicom::{ObjectArguments, token};
use super::{RelayArguments, serve};
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// Receive DICOM objects by STOW-RS and pass them on de-identified
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    relay: RelayArguments,

    #[command(flatten)]
    objects: ObjectArguments,

    /// File with the bearer token that senders must show
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,

    /// Longest request that is taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = REQUEST_BYTES_MAX)]
    request_bytes: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let options = Options {
        objects: arguments.objects.objects(arguments.relay.rules()?)?,
        bearer: arguments.token.as_deref().map(token).transpose()?,
        request_bytes_max: arguments.request_bytes,
    };
    serve(
        arguments.relay.listen(false)?,
        Service::Stow(options),
        output,
    )
}

const AFTER_HELP: &str =
    "Objects are posted to /dicomweb/studies, or /dicomweb/studies/UID for those of one study. The answer names the
new UIDs of what was stored, and the old ones of what was not. Beyond this machine it speaks HTTPS only.

SIGTERM and SIGINT let the requests under way end. With --json, one line on standard output says where it
listens, and a last one what went through.

Exit codes: 0 stopped in order, 1 failed, 2 wrong use.

Example:
  wardgate relay stow --listen 127.0.0.1:8080 --out cleaned --key project.key";
