//! `cargo xtask check`: formatting, layout, and clippy over everything with warnings denied.

use anyhow::Result;

use crate::notes;
use crate::process;
use crate::step::step;
use crate::tidy;
use crate::workspace::Workspace;

/// Formatting, then what lints cannot check, then the templates of notes, then lints.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    step("format", || format(workspace))?;
    step("tidy", || tidy::run(workspace))?;
    step("note templates", || notes::check(workspace))?;
    step("clippy", || clippy(workspace))
}

/// Every source file is formatted.
pub(crate) fn format(workspace: &Workspace) -> Result<()> {
    process::quiet(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    for own in ["fuzz", "crates/wardgate-bulk"] {
        let manifest = workspace.root.join(own).join("Cargo.toml");
        let mut cargo = workspace.cargo();
        process::quiet(
            cargo
                .args(["fmt", "--check", "--manifest-path"])
                .arg(manifest),
        )?;
    }
    Ok(())
}

/// Clippy over all targets of all crates.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--profile",
        "demo",
    ]);
    process::quiet(cargo.args(["--locked", "--", "-D", "warnings"])).map(|_| ())
}
