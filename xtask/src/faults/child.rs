//! The program under test: the test binary of `wardgate-ledger` with one of its child tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::Workspace;

pub(super) struct Child {
    program: PathBuf,
}

impl Child {
    /// Builds the test binary and finds it.
    pub(super) fn build(workspace: &Workspace) -> Result<Self> {
        let mut cargo = workspace.cargo();
        cargo.args([
            "test",
            "--quiet",
            "--profile",
            "demo",
            "--locked",
            "--no-run",
        ]);
        cargo.args(["--package", "wardgate-ledger", "--lib"]);
        let messages = process::quiet(cargo.arg("--message-format=json"))?;
        let program = messages
            .lines()
            .filter_map(|line| line.split_once("\"executable\":\"")?.1.split('"').next())
            .next_back();
        let program = program.context("cargo named no test binary")?;
        Ok(Self {
            program: program.into(),
        })
    }

    /// The command line of the child that appends.
    pub(super) fn appends(&self, directory: &Path, entries: u32) -> Vec<(String, String)> {
        vec![
            ("WARDGATE_FAULTS_DIRECTORY".into(), text(directory)),
            ("WARDGATE_FAULTS_ENTRIES".into(), entries.to_string()),
        ]
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Checks a directory against what the child said, as it stands in a file.
    pub(super) fn check(&self, directory: &Path, said: &Path) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(CHECKS);
        command.env("WARDGATE_FAULTS_DIRECTORY", directory);
        let out = process::quiet(command.env("WARDGATE_FAULTS_ACKNOWLEDGED", said))?;
        let checked = out.lines().find_map(|line| line.strip_prefix("checked "));
        let checked = checked.with_context(|| format!("the child checked nothing:\n{out}"))?;
        ensure!(!checked.is_empty(), "the child checked nothing");
        Ok(checked.to_owned())
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The arguments that make the test binary the child that appends.
pub(super) const APPENDS: [&str; 4] = [
    "--exact",
    "ledger::tests::child::child_appends",
    "--nocapture",
    "--test-threads=1",
];
const CHECKS: [&str; 4] = [
    "--exact",
    "ledger::tests::child::child_checks",
    "--nocapture",
    "--test-threads=1",
];
