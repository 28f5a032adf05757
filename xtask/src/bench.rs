//! `cargo xtask bench gate`: builds what is measured and what measures, installs the rivals when
//! they are wanted, and runs `gate-bench`.

mod dicom;
mod ledger;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::process;
use crate::tool;
use crate::workspace::Workspace;

/// The rivals as they are installed, pinned.
const LITELLM_REQUIREMENTS: &str = "\
litellm[proxy]==1.106.2
presidio_analyzer==2.2.366
presidio_anonymizer==2.2.366
";
const REDACT_GATEWAY_VERSION: &str = "0.12.7";

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// CPU, added time and streams of the gate against a bare TCP copier, on loopback
    Gate {
        /// Install LiteLLM with Presidio and redact-gateway and measure them too
        #[arg(long)]
        rivals: bool,
        /// Write `docs/benchmarks.md`
        #[arg(long)]
        report: bool,
        /// Fail when a bar is missed
        #[arg(long)]
        strict: bool,
        /// Interleaved rounds
        #[arg(long, default_value_t = 3)]
        rounds: u32,
        /// Seconds of each phase of a round
        #[arg(long, default_value_t = 4)]
        seconds: u64,
    },
    /// Files per CPU second of `wardgate deid dicom`, of Kitware's dicom-anonymizer and of dicom-anonymization
    Dicom {
        /// Files that are made
        #[arg(long, default_value_t = 500)]
        files: usize,
        /// Interleaved rounds
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Measure a release build instead of the profile `demo`
        #[arg(long)]
        release: bool,
        /// Measure this `wardgate` instead of building one
        #[arg(long, conflicts_with = "release")]
        program: Option<PathBuf>,
    },
    /// Durable appends of the ledger against bare batches and SQLite, and opening a long log
    Ledger {
        /// Records of the log that is opened
        #[arg(long, default_value_t = 1_000_000)]
        records: u64,
        /// Write the section of `docs/benchmarks.md`
        #[arg(long)]
        report: bool,
    },
}

/// Builds, then measures.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let (rivals, report, strict, rounds, seconds) = match &options.what {
        What::Dicom {
            files,
            rounds,
            release,
            program,
        } => {
            let wardgate = match program {
                Some(program) => program.canonicalize()?,
                None => dicom::build(workspace, *release)?,
            };
            return dicom::run(workspace, *files, *rounds, wardgate);
        }
        What::Ledger { records, report } => return ledger::run(workspace, *records, *report),
        What::Gate {
            rivals,
            report,
            strict,
            rounds,
            seconds,
        } => (rivals, report, strict, rounds, seconds),
    };
    let mut build = workspace.cargo();
    build.args([
        "build",
        "--quiet",
        "--profile",
        "demo",
        "--locked",
        "--package",
        "wardgate",
    ]);
    process::quiet(build.args([
        "--package",
        "xtask",
        "--bin",
        "wardgate",
        "--bin",
        "gate-bench",
    ]))?;
    let home = workspace.target.join("bench");
    let mut bench = Command::new(workspace.target.join("demo").join("gate-bench"));
    bench
        .arg("run")
        .arg("--home")
        .arg(&home)
        .arg("--wardgate")
        .arg(workspace.wardgate());
    bench
        .arg("--rounds")
        .arg(rounds.to_string())
        .arg("--seconds")
        .arg(seconds.to_string());
    if *report {
        bench
            .arg("--report")
            .arg(workspace.root.join("docs").join("benchmarks.md"));
    }
    if *strict {
        bench.arg("--strict");
    }
    if *rivals {
        bench.arg("--litellm").arg(litellm(workspace)?);
        bench
            .arg("--redact-gateway")
            .arg(redact_gateway(workspace)?);
    }
    process::loud(&mut bench)
}

/// LiteLLM and Presidio in an environment of their own; returns its `bin` directory.
fn litellm(workspace: &Workspace) -> Result<PathBuf> {
    let directory = workspace.target.join("rivals");
    std::fs::create_dir_all(&directory)?;
    let requirements = directory.join("litellm.txt");
    std::fs::write(&requirements, LITELLM_REQUIREMENTS)?;
    tool::python(workspace, "rivals/python", &requirements)?;
    Ok(directory.join("python").join("bin"))
}

/// redact-gateway, as cargo installs it: a release build.
fn redact_gateway(workspace: &Workspace) -> Result<PathBuf> {
    let directory = workspace.target.join("rivals");
    let program = directory.join("bin").join("redact-gateway");
    if !program.exists() {
        println!("  building redact-gateway {REDACT_GATEWAY_VERSION}, a release build");
        let mut cargo = workspace.cargo();
        cargo.args([
            "install",
            "--quiet",
            "--locked",
            "redact-gateway",
            "--version",
        ]);
        cargo
            .arg(REDACT_GATEWAY_VERSION)
            .arg("--root")
            .arg(&directory);
        let build = directory.join("build");
        process::quiet(cargo.env("CARGO_TARGET_DIR", &build))?;
        std::fs::remove_dir_all(build)?;
    }
    Ok(program)
}
