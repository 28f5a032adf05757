//! `wardgate witness`: a witness that cosigns the ledgers of others.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use wardgate_anchor::witness::server;
use wardgate_anchor::witness::state::{self, Witness};
use wardgate_gateway::server::tls::{TlsFiles, server_config};
use wardgate_ledger::note::{NoteFault, VerifierKey};
use zeroize::Zeroizing;

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring;

/// Cosign the ledgers of others, so that none of them can be rolled back unseen
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(Init),
    AddLog(AddLog),
    Serve(Serve),
}

/// Set up a witness: its directory and its keys
#[derive(Debug, Args)]
#[command(after_help = INIT_AFTER_HELP)]
pub(super) struct Init {
    /// Directory of the witness
    #[arg(long, value_name = "DIR", default_value = "wardgate-witness")]
    dir: PathBuf,

    /// Name under which it cosigns, such as `witness.example/w1`; it can not change later
    #[arg(long, value_name = "NAME")]
    name: String,
}

/// Tell a witness of logs, by their verifier keys
#[derive(Debug, Args)]
#[command(after_help = ADD_LOG_AFTER_HELP)]
pub(super) struct AddLog {
    /// Directory of the witness
    #[arg(long, value_name = "DIR", default_value = "wardgate-witness")]
    dir: PathBuf,

    /// Verifier keys, or files of them such as `ledger.vkey`
    #[arg(value_name = "VKEY", required = true)]
    keys: Vec<String>,
}

/// Serve a witness until asked to stop
#[derive(Debug, Args)]
#[command(after_help = SERVE_AFTER_HELP)]
pub(super) struct Serve {
    /// Directory of the witness
    #[arg(long, value_name = "DIR", default_value = "wardgate-witness")]
    dir: PathBuf,

    /// Address to listen on; without a certificate a loopback address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8445")]
    listen: SocketAddr,

    /// Certificate chain (PEM), its own certificate first
    #[arg(long, value_name = "FILE", requires = "private_key")]
    certificate: Option<PathBuf>,

    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    private_key: Option<PathBuf>,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Init(arguments) => init(arguments, output),
        Command::AddLog(arguments) => add_log(arguments, output),
        Command::Serve(arguments) => serve(arguments, output),
    }
}

fn init(arguments: &Init, output: Output) -> Result<Ended, Failure> {
    let ed25519 = Zeroizing::new(wardgate_vault::random::<32>());
    let ml_dsa_44 = Zeroizing::new(wardgate_vault::random::<32>());
    let witness = state::create(&arguments.dir, &arguments.name, (&ed25519, &ml_dsa_44))?;
    let keys = keys(&witness);
    let value = serde_json::json!({"dir": arguments.dir, "keys": keys});
    output.value(&value, || text(&arguments.dir, &keys));
    Ok(Ended::Well)
}

fn text(dir: &Path, keys: &[String]) -> String {
    format!(
        "Set up the witness in {dir}. Its keys, for the policies of those who trust it:\n  {keys}\n\n\
         Next:\n  wardgate witness add-log --dir {dir} ledger.vkey\n  wardgate witness serve --dir {dir}",
        dir = dir.display(),
        keys = keys.join("\n  "),
    )
}

fn add_log(arguments: &AddLog, output: Output) -> Result<Ended, Failure> {
    let witness = Witness::open(&arguments.dir)?;
    let mut wanted = Vec::new();
    for given in &arguments.keys {
        // A verifier key is never the path of a file: it holds `+` twice.
        let text = std::fs::read_to_string(given).unwrap_or_else(|_| given.clone());
        let read = VerifierKey::parse_list(&text);
        wanted.extend(read.map_err(|fault| not_a_key(given, &fault))?);
    }
    let added = witness.add_logs(&wanted)?;
    let added: Vec<_> = added.iter().map(VerifierKey::name).collect();
    let value = serde_json::json!({"added": added});
    output.value(&value, || format!("{} keys of logs added", added.len()));
    Ok(Ended::Well)
}

fn not_a_key(given: &str, fault: &NoteFault) -> Failure {
    let short: String = given.chars().take(KEY_CHARS_SHOWN).collect();
    Failure::new(
        format!("`{short}` is not a verifier key: {fault}"),
        "give the lines of the log's `ledger.vkey`, or that file",
    )
}

fn serve(arguments: &Serve, output: Output) -> Result<Ended, Failure> {
    wiring::start_logging(crate::config::Log::default());
    let tls = match (&arguments.certificate, &arguments.private_key) {
        (Some(certificate), Some(private_key)) => Some(server_config(&TlsFiles {
            certificate: certificate.clone(),
            private_key: private_key.clone(),
            client_ca: None,
        })?),
        _ => None,
    };
    if tls.is_none() && !arguments.listen.ip().is_loopback() {
        return Err(Failure::new(
            format!(
                "plain HTTP on `{}` would leave this machine",
                arguments.listen
            ),
            "give `--certificate` and `--private-key`, or listen on a loopback address",
        ));
    }
    let witness = Witness::open_to_serve(&arguments.dir)?;
    let listener = TcpListener::bind(arguments.listen).map_err(|error| {
        Failure::new(
            format!("can not listen on `{}`: {error}", arguments.listen),
            "stop whoever uses the address, or choose another one",
        )
    })?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = listener.local_addr().unwrap_or(arguments.listen);
    let url = format!("{scheme}://{address}");
    tracing::info!(%url, "the witness serves");
    if output.json {
        let value = serde_json::json!({"witness": url, "keys": keys(&witness)});
        output.line(&value.to_string());
    }
    // A clock before 1970 states the earliest time that there is.
    let clock = Arc::new(|| u64::try_from(wiring::now().as_second()).unwrap_or_default());
    wiring::control_runtime()?
        .block_on(async {
            let mut stop = wiring::asked_to_stop()?;
            let parts = (witness, clock as server::Clock);
            let served = server::serve(listener, tls, parts, stop.recv()).await;
            served.map_err(|error| {
                Failure::new(
                    format!("the witness stopped: {error}"),
                    "check the limits of open files",
                )
            })
        })
        .map(|()| Ended::Well)
}

fn keys(witness: &Witness) -> Vec<String> {
    witness.verifier_keys().map(ToString::to_string).collect()
}

const KEY_CHARS_SHOWN: usize = 60;

const INIT_AFTER_HELP: &str =
    "Prints its two verifier keys, Ed25519 and ML-DSA-44, for `witness` lines of policies
(c2sp.org/tlog-policy). The keys lie in the directory, readable for their owner only.

Exit codes: 0 set up, 1 failed, 2 wrong use.

Example:
  wardgate witness init --dir /var/lib/witness --name witness.example/w1";

const ADD_LOG_AFTER_HELP: &str = "A witness that serves takes them up with its next request.

Exit codes: 0 added, 1 failed, 2 wrong use.

Example:
  wardgate witness add-log --dir /var/lib/witness ledger.vkey";

const SERVE_AFTER_HELP: &str =
    "Speaks c2sp.org/tlog-witness. What it cosigned last is on disk before an answer leaves.

Exit codes: 0 stopped in order, 1 failed, 2 wrong use.

Example:
  wardgate witness serve --dir /var/lib/witness --listen 127.0.0.1:8445";
