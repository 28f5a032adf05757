//! System calls that fail: the n-th of each kind, for n from 1 until none is left.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::child::{APPENDS, Child};
use crate::process;
use crate::tool;

/// Why this can not run here, if so.
pub(super) fn missing() -> Option<String> {
    if !process::exists("strace", "--version")
        && let Err(error) = tool::apt_install(&["strace"])
    {
        return Some(error.to_string());
    }
    let traced = process::quiet(Command::new("strace").args(["-o", "/dev/null", "true"]));
    traced
        .err()
        .map(|_| "this machine does not let strace trace".to_owned())
}

pub(super) fn run(child: &Child, home: &Path) -> Result<()> {
    let mut runs = 0;
    for (calls, errors) in CALLS {
        for error in errors {
            let mut nth = 1;
            while one(child, &home.join("strace"), (calls, error, nth))
                .with_context(|| format!("{calls} fails with {error} at call {nth}"))?
            {
                nth += 1;
            }
            ensure!(nth > 1, "the child never calls {calls}");
            runs += nth;
        }
    }
    println!("    {runs} runs");
    Ok(())
}

/// One run with one fault; whether the fault was met.
fn one(child: &Child, home: &Path, (calls, error, nth): (&str, &str, u32)) -> Result<bool> {
    if home.exists() {
        std::fs::remove_dir_all(home)?;
    }
    std::fs::create_dir_all(home)?;
    let (directory, said, trace) = (home.join("ledger"), home.join("said"), home.join("trace"));
    let mut plain = Command::new(child.program());
    plain.args(APPENDS).envs(child.appends(&directory, 2));
    let before = process::quiet(&mut plain)?;
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o"]).arg(&trace);
    traced.args(["-e", &format!("trace={calls}")]);
    traced.args(["-e", &format!("inject={calls}:error={error}:when={nth}")]);
    traced.arg(child.program()).args(APPENDS);
    let after = process::output(traced.envs(child.appends(&directory, 4)))?;
    let after = String::from_utf8_lossy(&after.stdout).into_owned();
    std::fs::write(&said, format!("{before}{after}"))?;
    let fired = std::fs::read_to_string(&trace)?.contains("(INJECTED)");
    let told = |word: &str| after.lines().any(|line| line.starts_with(word));
    // A fault behind the last append is told by the close.
    ensure!(
        told("closed true true") || fired && (told("refused") || told("closed")),
        "the child neither went on nor told of a fault:\n{after}"
    );
    ensure!(
        fired || !told("refused"),
        "refused without a fault:\n{after}"
    );
    child.check(&directory, &said)?;
    Ok(fired)
}

/// What the child does to files, and how it may fail.
const CALLS: [(&str, &[&str]); 8] = [
    ("fdatasync", &["EIO"]),
    ("fsync", &["EIO"]),
    ("pwrite64", &["EIO", "ENOSPC"]),
    ("fallocate", &["EIO", "ENOSPC"]),
    ("ftruncate", &["EIO"]),
    ("rename", &["EIO", "ENOSPC"]),
    ("linkat", &["EIO", "ENOSPC"]),
    ("unlink", &["EIO"]),
];
