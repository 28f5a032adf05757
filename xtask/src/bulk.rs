//! `cargo xtask bulk`: the bulk program with its tests, among them a run on a scheduler and two executors
//! whose output must be that of one machine, byte for byte.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::process;
use crate::workspace::Workspace;

/// Builds the program, which is a workspace of its own, and runs its tests.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let output = process::quiet(&mut tests(workspace, workspace.cargo()))?;
    let count = |line: &str| {
        line.strip_prefix("test result: ok. ")?
            .split(' ')
            .next()?
            .parse::<u64>()
            .ok()
    };
    let passed: u64 = output.lines().filter_map(count).sum();
    ensure!(passed > 0, "no test of the bulk program ran");
    println!("  one machine and a cluster of two executors: {passed} tests passed");
    Ok(())
}

/// Builds the program and its tests by a `cargo` command, and runs nothing.
pub(crate) fn build(workspace: &Workspace, cargo: Command) -> Result<()> {
    process::quiet(tests(workspace, cargo).arg("--no-run")).map(|_| ())
}

fn tests(workspace: &Workspace, mut cargo: Command) -> Command {
    let crates = workspace.root.join("crates");
    cargo
        .args(["test", "--quiet", "--locked", "--manifest-path"])
        .arg(crates.join("wardgate-bulk").join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", workspace.target.join("bulk"));
    cargo
}
