//! Running other programs: quietly, with their output shown when they fail.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a command to its end and keeps what it printed.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let name = name_of(command);
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{name}`"))
}

/// Runs a command to its end; when it fails, its output is part of the error.
pub(crate) fn quiet(command: &mut Command) -> Result<String> {
    let name = name_of(command);
    let output = output(command)?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    bail!("`{name}` ended with {}\n{stdout}{stderr}", output.status)
}

/// Runs a command to its end with its output on this terminal.
pub(crate) fn loud(command: &mut Command) -> Result<()> {
    let name = name_of(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run `{name}`"))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{name}` ended with {status}")
}

/// Whether a program can be started at all.
pub(crate) fn exists(program: &str, version_flag: &str) -> bool {
    Command::new(program)
        .arg(version_flag)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command line as a person would type it.
fn name_of(command: &Command) -> String {
    let mut name = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        name.push(' ');
        name.push_str(&argument.to_string_lossy());
    }
    name
}
