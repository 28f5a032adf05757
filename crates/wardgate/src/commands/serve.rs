//! `wardgate serve`: runs the gate and the console.

use clap::Args;

use super::{Dir, Ended};
use crate::config::Config;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring;

/// Run the gate and the console until asked to stop
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    dir: Dir,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let config = Config::load(&dir)?;
    wiring::start_logging(config.log);
    let scheme = |tls| if tls { "https" } else { "http" };
    let (gate_tls, console_tls) = (config.gate.tls.is_some(), config.console.tls);
    wiring::control_runtime()?.block_on(async {
        wiring::serve(dir, |node| {
            let gate = format!("{}://{}", scheme(gate_tls), node.gate_address());
            let console = format!("{}://{}", scheme(console_tls), node.console_address());
            tracing::info!(
                %gate,
                %console,
                ledger_entries = node.ledger().size(),
                recovered = node.recovered(),
                "serving"
            );
            if output.json {
                let value = serde_json::json!({"gate": gate, "console": console});
                output.line(&value.to_string());
            }
        })
        .await
    })?;
    Ok(Ended::Well)
}

const AFTER_HELP: &str =
    "SIGTERM and SIGINT let the calls under way end, streams too, within `gate.drain_timeout_ms`
(default 30000 milliseconds). With --json, one line on standard output says where it serves.

While the key provider can not be reached the node is sealed: it listens, refuses every call with
`vault.sealed`, and goes on by itself when the provider returns.

Exit codes: 0 stopped in order, 1 failed, 2 wrong use.

Example:
  wardgate serve --dir /var/lib/wardgate";
