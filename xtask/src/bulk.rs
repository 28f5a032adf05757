//! `cargo xtask bulk`: the bulk program with its tests, among them a run on a scheduler and two executors
//! whose output must be that of one machine, byte for byte.

use anyhow::{Result, ensure};

use crate::process;
use crate::workspace::Workspace;

/// Builds the program, which is a workspace of its own, and runs its tests.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let manifest = workspace
        .root
        .join("crates")
        .join("wardgate-bulk")
        .join("Cargo.toml");
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--quiet", "--locked", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", workspace.target.join("bulk"));
    let output = process::quiet(&mut tests)?;
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
