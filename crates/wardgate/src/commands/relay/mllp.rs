//! `wardgate relay mllp`: HL7 v2 over MLLP.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use wardgate_hl7::v2::{MessageDeidentifier, Options as MessageOptions};
use wardgate_relay::Service;
use wardgate_relay::mllp::{Downstream, MESSAGE_BYTES_MAX, Options, System};

use super::{RelayArguments, folder, serve, tls};
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring;

/// Receive HL7 v2 messages over MLLP and pass them on de-identified
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    relay: RelayArguments,

    /// Receiver of the messages, by MLLP
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "out")]
    to: Option<String>,

    /// Folder that receives the messages instead
    #[arg(long, value_name = "DIR", conflicts_with = "to")]
    out: Option<PathBuf>,

    #[command(flatten)]
    towards: tls::ClientArguments,

    /// Listen in the clear beyond this machine too, on a network that is trusted
    #[arg(long)]
    plain: bool,

    /// Longest message that is taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = MESSAGE_BYTES_MAX)]
    message_bytes: usize,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let rules = arguments.relay.rules()?;
    let downstream = match (&arguments.out, &arguments.to) {
        (Some(out), _) => Downstream::Folder(folder(out)?),
        (None, Some(to)) => Downstream::System(match arguments.towards.config()? {
            Some(config) => System::secured(to, config)?,
            None => System::plain(to),
        }),
        (None, None) => return Err(Failure::new("no receiver is named", "give --to or --out")),
    };
    let options = Options {
        deidentifier: Arc::new(MessageDeidentifier::new(rules, MessageOptions::default())),
        downstream,
        message_bytes_max: arguments.message_bytes,
        now: wiring::now,
    };
    serve(
        arguments.relay.listen(arguments.plain)?,
        Service::Mllp(options),
        output,
    )
}

const AFTER_HELP: &str =
    "A sender hears AA only when the receiver has accepted the message, or when it lies durably in the folder.

SIGTERM and SIGINT let the message under way end. With --json, one line on standard output says where it
listens, and a last one what went through.

Exit codes: 0 stopped in order, 1 failed, 2 wrong use.

Example:
  wardgate relay mllp --listen 127.0.0.1:2575 --to 127.0.0.1:2576 --key project.key";
