//! `cargo xtask fuzz-smoke`: builds the fuzz targets as cargo-fuzz would, but on the stable
//! compiler, and runs each for some seconds from its small corpus.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{process, tool};

/// Seconds for each target unless told otherwise.
pub(crate) const SECONDS: u64 = 10;

/// What `cargo fuzz build --sanitizer none` passes: the coverage that libFuzzer is guided by.
const FLAGS: [&str; 9] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "-Coverflow-checks",
];

/// No input may grow beyond this.
const INPUT_BYTES_MAX: u64 = 16_384;
/// More memory than this is a finding.
const MEMORY_MB_MAX: u64 = 1_024;
/// An input that takes longer is a finding: thousands of times what one takes, so that a machine
/// that stands still for a moment is none.
const INPUT_SECONDS_MAX: u64 = 20;
/// Every run from the committed corpus goes the same way, as far as its seconds reach.
const SEED: u64 = 1;

/// Builds every target and runs each, one on every core.
pub(crate) fn run(workspace: &Workspace, seconds: u64) -> Result<()> {
    let built = build(workspace, workspace.cargo())?;
    let target = workspace.target.join("fuzz");
    let fuzz = workspace.root.join("fuzz");
    let names = names(&fuzz.join("fuzz_targets"))?;
    ensure!(!names.is_empty(), "there are no fuzz targets");
    let next = AtomicUsize::new(0);
    let findings = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let corpus = fuzz.join("corpus").join(name);
                    match smoke(&target, &built.join(name), &corpus, seconds) {
                        Ok(runs) => println!("  {name:<20} {runs:>9} inputs, no finding"),
                        Err(error) => findings
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(format!("{name}: {error:#}")),
                    }
                }
            });
        }
    });
    let findings = findings
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{}", findings.join("\n"))
}

/// Builds every target by a `cargo` command; returns the folder that holds them.
pub(crate) fn build(workspace: &Workspace, mut cargo: Command) -> Result<PathBuf> {
    if !process::exists("c++", "--version") {
        // libFuzzer itself is C++.
        tool::apt_install(&["g++"])?;
    }
    let fuzz = workspace.root.join("fuzz");
    let host = host(workspace)?;
    let target = workspace.target.join("fuzz");
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--target",
        &host,
    ]);
    cargo.arg("--manifest-path").arg(fuzz.join("Cargo.toml"));
    cargo
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    process::quiet(&mut cargo).context("cannot build the fuzz targets")?;
    Ok(target.join(&host).join("release"))
}

/// Runs one target from its corpus; new inputs go below `target/`. Returns how many it tried.
fn smoke(target: &Path, program: &Path, corpus: &Path, seconds: u64) -> Result<u64> {
    let name = program.file_name().context("a target without a name")?;
    ensure!(corpus.is_dir(), "has no corpus");
    let fresh = target.join("corpus").join(name);
    let artifacts = target.join("artifacts").join(name);
    for directory in [&fresh, &artifacts] {
        std::fs::create_dir_all(directory)?;
    }
    let mut command = Command::new(program);
    command.arg(&fresh).arg(corpus).args([
        format!("-seed={SEED}"),
        format!("-max_total_time={seconds}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        format!("-rss_limit_mb={MEMORY_MB_MAX}"),
        format!("-timeout={INPUT_SECONDS_MAX}"),
        format!("-artifact_prefix={}/", artifacts.display()),
        "-print_final_stats=1".to_owned(),
    ]);
    let output = process::output(&mut command)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let lines: Vec<&str> = said.lines().collect();
        let tail = lines
            .get(lines.len().saturating_sub(40)..)
            .unwrap_or(&lines);
        bail!(
            "a finding in `{}`\n{}",
            artifacts.display(),
            tail.join("\n")
        );
    }
    let runs = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let runs = runs.and_then(|runs| runs.trim().parse().ok()).unwrap_or(0);
    ensure!(runs > 0, "tried no input");
    Ok(runs)
}

/// Names of the targets: one file each.
fn names(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).context("cannot read the fuzz targets")? {
        let path: PathBuf = entry?.path();
        names.extend(
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned()),
        );
    }
    names.sort();
    Ok(names)
}

/// The triple of this machine. With it named, build scripts and macros are not instrumented.
fn host(workspace: &Workspace) -> Result<String> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let text = process::quiet(rustc.arg("-vV").current_dir(&workspace.root))?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .context("rustc does not name its host")
}
