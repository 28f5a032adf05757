//! `cargo xtask mutants`: changes the code of the trust core in small ways, one at a time, and
//! counts how many changes its tests notice. Takes hours for a whole crate, so CI leaves it out.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// What a run may be told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Crate to change, also several times [default: wardgate-tlog and wardgate-vault]
    #[arg(short, long = "package", value_name = "CRATE")]
    packages: Vec<String>,

    /// Only files that match, also several times
    #[arg(short, long = "file", value_name = "GLOB")]
    files: Vec<String>,

    /// Only one part of the changes, for example 0/8
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,

    /// Seconds after which a test run counts as hanging
    #[arg(long, default_value_t = TIMEOUT_SECONDS)]
    timeout: u64,
}

/// Runs every package and fails when one notices too little.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let program = find(workspace)?;
    let packages: Vec<&str> = match options.packages.as_slice() {
        [] => PACKAGES.to_vec(),
        given => given.iter().map(String::as_str).collect(),
    };
    let mut below = Vec::new();
    for package in packages {
        let score = one_package(workspace, &program, package, options)?;
        println!("  {package:<18} {score}");
        if !score.is_enough() {
            below.push(package);
        }
    }
    if below.is_empty() {
        return Ok(());
    }
    bail!(
        "fewer than {PERCENT_MIN} % of the changes were noticed in: {}",
        below.join(", ")
    )
}

fn one_package(
    workspace: &Workspace,
    program: &Path,
    package: &str,
    options: &Options,
) -> Result<Score> {
    let output = workspace.target.join("mutants").join(package);
    std::fs::create_dir_all(&output)?;
    let timeout = options.timeout.to_string();
    let mut mutants = Command::new(program);
    mutants
        .current_dir(&workspace.root)
        .args([
            "mutants",
            "--profile",
            "demo",
            "--jobs",
            "1",
            "--no-shuffle",
        ])
        .args(["--timeout", &timeout, "--package", package, "--output"])
        .arg(&output);
    for file in &options.files {
        mutants.args(["--file", file]);
    }
    if let Some(shard) = &options.shard {
        mutants.args(["--shard", shard]);
    }
    // It ends badly when a change goes unnoticed, which the score judges better.
    let ended = process::output(&mut mutants)?;
    let file = output.join("mutants.out").join("outcomes.json");
    let said = || String::from_utf8_lossy(&ended.stderr).into_owned();
    let outcomes = std::fs::read(&file)
        .with_context(|| format!("cargo-mutants left no `{}`: {}", file.display(), said()))?;
    Score::read(&outcomes)
}

/// How many changes were noticed.
#[derive(Debug, PartialEq, Eq)]
struct Score {
    noticed: u64,
    missed: u64,
}

impl Score {
    fn read(outcomes: &[u8]) -> Result<Self> {
        let outcomes: Value = serde_json::from_slice(outcomes)?;
        let count = |name: &str| outcomes.get(name).and_then(Value::as_u64);
        let (caught, timeout) = (count("caught"), count("timeout"));
        let missed = count("missed");
        let (Some(caught), Some(timeout), Some(missed)) = (caught, timeout, missed) else {
            bail!("cargo-mutants counts in another form than this expects");
        };
        let score = Self {
            noticed: caught + timeout,
            missed,
        };
        ensure!(score.total() > 0, "there was nothing to change");
        Ok(score)
    }

    fn total(&self) -> u64 {
        self.noticed + self.missed
    }

    fn is_enough(&self) -> bool {
        self.noticed * 100 >= self.total() * PERCENT_MIN
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (noticed, total) = (self.noticed, self.total());
        write!(
            f,
            "{noticed} of {total} changes noticed, {} %",
            noticed * 100 / total.max(1)
        )
    }
}

/// The cargo-mutants on this machine, or one built below `target/`.
fn find(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let ours = tools.join("bin").join("cargo-mutants");
    if ours.exists() {
        return Ok(ours);
    }
    if process::exists("cargo-mutants", "--version") {
        return Ok("cargo-mutants".into());
    }
    println!("  building cargo-mutants {VERSION} below `target/tools`");
    let build = tools.join("build-mutants");
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "install",
            "--quiet",
            "--locked",
            "--debug",
            "--version",
            VERSION,
        ])
        .arg("cargo-mutants")
        .arg("--root")
        .arg(&tools)
        .env("CARGO_TARGET_DIR", &build);
    process::quiet(&mut cargo)?;
    std::fs::remove_dir_all(build)?;
    Ok(ours)
}

/// The trust core: what it gets wrong, nothing else puts right.
const PACKAGES: [&str; 2] = ["wardgate-tlog", "wardgate-vault"];

/// So many of a hundred changes must be noticed.
const PERCENT_MIN: u64 = 90;

const TIMEOUT_SECONDS: u64 = 120;
const VERSION: &str = "27.1.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_of_a_hundred_are_enough() {
        let read = |text: &str| Score::read(text.as_bytes());
        let score = read(r#"{"caught": 88, "timeout": 2, "missed": 10, "unviable": 5}"#).unwrap();
        assert!(score.is_enough());
        assert_eq!(score.to_string(), "90 of 100 changes noticed, 90 %");
        let score = read(r#"{"caught": 89, "timeout": 0, "missed": 11}"#).unwrap();
        assert!(!score.is_enough());
        assert!(read(r#"{"caught": 0, "timeout": 0, "missed": 0}"#).is_err());
        assert!(read(r#"{"caught": 5}"#).is_err());
    }
}
