//! `wardgate relay`: services that receive records and pass them on de-identified.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::json;
use wardgate_datasets::read_key;
use wardgate_deid::{Day, RecordRules};
use wardgate_relay::{Folder, Listen, Relay, RelayFault, Service, Tallied};

use super::Ended;
use super::deid;
use crate::config::Log;
use crate::failure::Failure;
use crate::output::Output;
use crate::{neural, wiring};

mod dicom;
mod mllp;
mod stow;
mod tls;

/// Receive records over the network and pass them on de-identified
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Mllp(Box<mllp::Arguments>),
    Dicom(Box<dicom::Arguments>),
    Stow(Box<stow::Arguments>),
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Mllp(arguments) => mllp::run(arguments, output),
        Command::Dicom(arguments) => dicom::run(arguments, output),
        Command::Stow(arguments) => stow::run(arguments, output),
    }
}

/// What every relay is told.
#[derive(Debug, Args)]
struct RelayArguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,

    /// What counts as an identifier and what takes its place: safe-harbor, limited-data-set,
    /// gdpr-pseudonymise, or a file
    #[arg(long, value_name = "PROFILE", default_value = "safe-harbor")]
    profile: String,

    /// File with the key of the project: 32 bytes, or the same in hexadecimal or base64. With it, a
    /// patient has one stand-in and one date shift in every format and run
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Folder of a token-classification model that looks for identifiers in texts too; needs a build
    /// with --features neural
    #[arg(long, value_name = "DIR")]
    neural: Option<PathBuf>,

    #[command(flatten)]
    tls: tls::ServerArguments,

    /// Connections at a time; the next ones wait
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,

    /// Seconds for which a connection may be silent
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    idle: u64,
}

impl RelayArguments {
    fn rules(&self) -> Result<Arc<RecordRules>, Failure> {
        let profile = deid::profile(&self.profile)?;
        let key = read_key(&self.key)?;
        let engine = neural::engine(self.neural.as_deref())?;
        // Ages are reckoned by the day on which the relay was started.
        let today = wiring::now().to_zoned_datetime(TimeZone::UTC).date();
        let (month, day) = (today.month().unsigned_abs(), today.day().unsigned_abs());
        let as_of = Day::new(today.year().into(), month.into(), day.into()).ok_or_else(|| {
            Failure::new("the clock tells no day", "set the clock of the machine")
        })?;
        Ok(Arc::new(RecordRules::new(engine, profile, key, as_of)))
    }

    fn listen(&self, plain_outside: bool) -> Result<Listen, Failure> {
        Ok(Listen {
            tls: self.tls.config()?,
            plain_outside,
            connections_max: self.connections.into(),
            idle_timeout: Duration::from_secs(self.idle),
            ..Listen::on(self.listen)
        })
    }
}

/// Runs a service until the process is asked to stop.
fn serve(listen: Listen, service: Service, output: Output) -> Result<Ended, Failure> {
    wiring::start_logging(Log::default());
    // Work that takes long has threads of its own.
    let runtime = wiring::control_runtime()?;
    let tallied = runtime.block_on(async {
        let mut asked = wiring::asked_to_stop()?;
        let relay = Relay::start(listen, service).await?;
        let address = relay.address();
        tracing::info!(%address, "relaying");
        if output.json {
            output.line(&json!({"address": address.to_string()}).to_string());
        }
        asked.recv().await;
        Ok::<_, Failure>(relay.stop().await)
    })?;
    // What still reads from a peer that is silent is not waited for.
    runtime.shutdown_background();
    tell(&tallied, output);
    Ok(Ended::Well)
}

fn tell(tallied: &Tallied, output: Output) {
    if output.json {
        let value = json!({
            "received": tallied.received,
            "passed": tallied.passed,
            "refused": tallied.refused,
        });
        return output.line(&value.to_string());
    }
    output.note(&format!(
        "{} records received, {} passed on",
        tallied.received, tallied.passed
    ));
    for (code, count) in &tallied.refused {
        output.note(&format!("{count} refused: {code}"));
    }
}

/// The folder for what is passed on.
fn folder(path: &Path) -> Result<Folder, Failure> {
    Ok(Folder::open(path)?)
}

impl From<RelayFault> for Failure {
    fn from(fault: RelayFault) -> Self {
        let hint = match &fault {
            RelayFault::PlainOutside { .. } => {
                "give --tls-certificate and --tls-key; MLLP and DICOM have --plain for a network that is trusted"
            }
            RelayFault::Listen { .. } => "choose an address of this machine that is free",
            RelayFault::Folder { .. } => "check the path and its rights",
            _ => {
                "write a name as certificates have it, and HTTPS unless the receiver is on this machine"
            }
        };
        Self::new(fault.to_string(), hint)
    }
}
