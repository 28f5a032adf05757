//! `cargo xtask deny`: licences, sources and banned crates, by cargo-deny and `deny.toml`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::step::say_skipped;
use crate::workspace::Workspace;

/// Older versions cannot read today's lock files and manifests.
const VERSION: &str = "0.20.2";

/// Runs the checks that need no network, and the advisories where a database is at hand.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let program = find(workspace)?;
    check(workspace, &program, &["licenses", "bans", "sources"])?;
    if let Some(database) = advisories() {
        println!("  advisories from `{}`", database.display());
        return check(workspace, &program, &["advisories"]);
    }
    say_skipped(
        "advisories",
        "no database on this machine; `cargo deny fetch` gets one",
    );
    Ok(())
}

/// Runs cargo-deny over the workspace with every feature.
fn check(workspace: &Workspace, program: &Path, what: &[&str]) -> Result<()> {
    let mut deny = Command::new(program);
    deny.current_dir(&workspace.root)
        .args(["--all-features", "--locked", "--log-level", "error"]);
    if what.contains(&"advisories") {
        // The database is taken as it is: a check must not depend on the network.
        deny.arg("--offline");
    }
    deny.args(["check", "--hide-inclusion-graph"]).args(what);
    process::quiet(&mut deny).map(|_| ())
}

/// The cargo-deny on this machine, or one built below `target/` without optimisation.
fn find(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let ours = tools.join("bin").join("cargo-deny");
    if ours.exists() {
        return Ok(ours);
    }
    let version = process::quiet(Command::new("cargo-deny").arg("--version")).unwrap_or_default();
    if is_recent(&version) {
        return Ok("cargo-deny".into());
    }
    println!("  building cargo-deny {VERSION} below `target/tools`");
    let build = tools.join("build");
    let mut cargo = workspace.cargo();
    cargo.args([
        "install",
        "--quiet",
        "--locked",
        "--debug",
        "--version",
        VERSION,
        "cargo-deny",
    ]);
    cargo
        .arg("--root")
        .arg(&tools)
        .env("CARGO_TARGET_DIR", &build);
    cargo
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_INCREMENTAL", "false");
    process::quiet(&mut cargo)?;
    std::fs::remove_dir_all(build)?;
    Ok(ours)
}

/// Whether `cargo-deny 0.20.1` or the like can read what today's cargo writes.
fn is_recent(version: &str) -> bool {
    let number = version.trim().trim_start_matches("cargo-deny ");
    let mut parts = number
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(0), Some(18))
}

/// A database of advisories that was fetched before.
fn advisories() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))?;
    let names = ["advisory-dbs", "advisory-db"];
    names
        .iter()
        .map(|name| home.join(name))
        .find(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_version_is_not_used() {
        assert!(is_recent("cargo-deny 0.19.4\n"));
        assert!(is_recent("cargo-deny 1.0.0"));
        assert!(!is_recent("cargo-deny 0.14.2"));
        assert!(!is_recent(""));
    }
}
