//! `cargo xtask docs`: the reference pages that the binary generates, written or compared.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::workspace::Workspace;

/// Writes the pages below `docs/reference`, or compares them with what is there.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    process::quiet(
        workspace
            .cargo()
            .args(["build", "--quiet", "--profile", "demo", "--locked"]),
    )?;
    let committed = workspace.root.join("docs").join("reference");
    if !check {
        return generate(workspace, &committed);
    }
    let fresh = workspace.target.join("docs-reference");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh)?;
    }
    generate(workspace, &fresh)?;
    compare(&fresh, &committed)
}

/// Has the binary write its pages into a directory.
fn generate(workspace: &Workspace, into: &Path) -> Result<()> {
    std::fs::create_dir_all(into)?;
    process::quiet(
        Command::new(workspace.wardgate())
            .arg("reference")
            .arg(into),
    )
    .map(|_| ())
}

/// Both directories hold the same files with the same text.
fn compare(fresh: &Path, committed: &Path) -> Result<()> {
    let mut names = names(fresh)?;
    ensure!(!names.is_empty(), "the binary generated no reference page");
    names.extend(self::names(committed).unwrap_or_default());
    names.sort();
    names.dedup();
    let mut old = Vec::new();
    for name in names {
        let now = std::fs::read(fresh.join(&name)).ok();
        if now != std::fs::read(committed.join(&name)).ok() {
            old.push(name);
        }
    }
    if old.is_empty() {
        return Ok(());
    }
    bail!(
        "not current: {}\nhint: run `cargo xtask docs` and commit what it writes",
        old.join(", ")
    )
}

/// Names of the files in a directory.
fn names(directory: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read `{}`", directory.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
