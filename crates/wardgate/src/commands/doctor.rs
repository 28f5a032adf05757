//! `wardgate doctor`: checks everything that can be wrong.

mod anchors;
mod certificates;
mod drill;
mod files;
mod ledger;
mod network;
mod provider;
mod records;
mod told;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wardgate_vault::Vault;

use super::{Dir, Ended};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring;

/// Check everything that can be wrong with a data directory and its surroundings
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Prove that the vault can be recovered: open everything with the recovery identity alone
    #[arg(long, requires = "recovery")]
    drill: bool,

    /// Identity file of a recovery recipient (mode 0600)
    #[arg(long, value_name = "FILE", requires = "drill")]
    recovery: Option<PathBuf>,
}

/// What one check found.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
struct Finding {
    check: &'static str,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warn,
    Fail,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            message: message.into(),
            hint: None,
        }
    }

    fn warn(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            state: State::Warn,
            hint: Some(hint.into()),
            ..Self::ok(check, message)
        }
    }

    fn fail(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            state: State::Fail,
            ..Self::warn(check, message, hint)
        }
    }

    fn of_failure(check: &'static str, failure: &Failure) -> Self {
        Self::fail(check, failure.message(), failure.hint())
    }
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let mut findings = examine(&dir)?;
    if let Some(identity) = &arguments.recovery {
        // A configuration that does not read is told by its own check.
        if let Ok(config) = Config::load(&dir) {
            let drill = drill::drill(&dir, &config, identity);
            findings.push(wiring::control_runtime()?.block_on(drill));
        }
    }
    let worst = findings.iter().map(|finding| finding.state).max();
    output.value(&findings, || text(&findings));
    if worst == Some(State::Fail) {
        return Ok(Ended::Badly);
    }
    Ok(Ended::Well)
}

fn examine(dir: &DataDir) -> Result<Vec<Finding>, Failure> {
    let mut findings = files::check_dir(dir);
    let config = match Config::load(dir) {
        Ok(config) => {
            findings.push(Finding::ok("configuration", "reads without a fault"));
            config
        }
        Err(failure) => {
            findings.extend(of_configuration(&failure));
            return Ok(findings);
        }
    };
    findings.extend(files::check_secrets(dir, &config));
    findings.extend(provider::check(&config));
    findings.extend(certificates::check(&config));
    let running = ledger::is_held(dir);
    findings.extend(network::check_ports(&config, running));
    match wiring::open_vault(dir, &config) {
        Ok(vault) => {
            findings.push(Finding::ok("vault", "opens with its key provider"));
            findings.push(check_memory());
            findings.extend(below_the_vault(dir, &config, &vault)?);
        }
        Err(failure) => findings.push(Finding::of_failure("vault", &failure)),
    }
    findings.extend(drill::check(dir));
    Ok(findings)
}

/// Whether keys stay out of the swap. Asked when some are in memory.
fn check_memory() -> Finding {
    if wardgate_vault::keys_are_locked() {
        return Finding::ok("memory", "keys are locked into it");
    }
    Finding::warn(
        "memory",
        wiring::KEYS_MAY_BE_SWAPPED,
        "raise the limit (`ulimit -l`, or `LimitMEMLOCK` of the unit) to 1 MiB, or use no swap",
    )
}

/// What needs keys to be looked at.
fn below_the_vault(
    dir: &DataDir,
    config: &Config,
    vault: &std::sync::Arc<Vault>,
) -> Result<Vec<Finding>, Failure> {
    let (mut findings, verified) = ledger::check(dir, config, vault);
    findings.extend(anchors::check(dir, config, vault));
    let looking = records::check(dir, vault, verified.as_ref());
    let (of_records, upstreams) = wiring::control_runtime()?.block_on(looking);
    findings.extend(of_records);
    findings.extend(network::check_upstreams(&upstreams));
    Ok(findings)
}

/// Every fault of the configuration is a finding of its own.
fn of_configuration(failure: &Failure) -> Vec<Finding> {
    if failure.faults().is_empty() {
        return vec![Finding::of_failure("configuration", failure)];
    }
    let finding = |fault: &crate::failure::FileFault| {
        Finding::fail("configuration", fault.to_string(), fault.hint.clone())
    };
    failure.faults().iter().map(finding).collect()
}

fn text(findings: &[Finding]) -> String {
    let style = Style::of_stdout();
    let mut text = String::new();
    for finding in findings {
        let state = match finding.state {
            State::Ok => style.green("ok  "),
            State::Warn => style.yellow("warn"),
            State::Fail => style.red("fail"),
        };
        text.push_str(&format!(
            "{state}  {:<14}{}\n",
            finding.check, finding.message
        ));
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("      {:<14}{} {hint}\n", "", style.dim("hint:")));
        }
    }
    let count = |state| {
        findings
            .iter()
            .filter(|finding| finding.state == state)
            .count()
    };
    text.push_str(&format!(
        "\n{} ok, {} warnings, {} failed",
        count(State::Ok),
        count(State::Warn),
        count(State::Fail)
    ));
    text
}

const AFTER_HELP: &str = "Looks at configuration, permissions, keys, store, ledger, certificates, ports, systems, disk and clock.
Changes nothing, and works beside a running server. A drill is recorded in the ledger, with the
time it took.

Exit codes: 0 nothing failed, 1 a check failed, 2 wrong use.

Example:
  wardgate doctor --dir /var/lib/wardgate";
