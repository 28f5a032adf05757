//! What the tests need beyond Rust: a Python environment and Node packages below `target/`,
//! installed by package name with pinned versions when they are not there yet.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// A Python environment below `target/` with pinned packages; returns its interpreter.
pub(crate) fn python(workspace: &Workspace, name: &str, requirements: &Path) -> Result<PathBuf> {
    let wanted = std::fs::read_to_string(requirements)
        .with_context(|| format!("cannot read `{}`", requirements.display()))?;
    let home = workspace.target.join(name);
    let interpreter = home.join("bin").join("python");
    let stamp = home.join("installed.txt");
    if interpreter.exists() && std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(interpreter);
    }
    println!("  installing Python packages: {}", one_line(&wanted));
    create_environment(&home)?;
    let mut pip = Command::new(&interpreter);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    process::quiet(pip.arg(requirements))?;
    std::fs::write(stamp, wanted)?;
    Ok(interpreter)
}

/// An empty Python environment; Debian keeps the module for it in a package of its own.
fn create_environment(home: &Path) -> Result<()> {
    let make = || {
        let mut venv = Command::new("python3");
        process::quiet(venv.args(["-m", "venv", "--clear"]).arg(home))
    };
    if make().is_ok() {
        return Ok(());
    }
    apt_install(&["python3", "python3-venv"])?;
    make().map(|_| ())
}

/// Node packages below `target/`; returns the directory whose `node_modules` holds them.
pub(crate) fn node(workspace: &Workspace, name: &str, manifest: &Path) -> Result<PathBuf> {
    let wanted = std::fs::read_to_string(manifest)
        .with_context(|| format!("cannot read `{}`", manifest.display()))?;
    let home = workspace.target.join(name);
    let stamp = home.join("installed.json");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(home);
    }
    if !process::exists("npm", "--version") {
        apt_install(&["nodejs", "npm"])?;
    }
    println!("  installing Node packages of `{}`", manifest.display());
    std::fs::create_dir_all(&home)?;
    std::fs::write(home.join("package.json"), &wanted)?;
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    process::quiet(npm.current_dir(&home))?;
    std::fs::write(stamp, wanted)?;
    Ok(home)
}

/// Installs the programs of others that tests run ours against. Where that is not allowed the
/// tests leave them out and this says so, but never in CI.
pub(crate) fn foreign_programs() -> Result<()> {
    let missing: Vec<&str> = FOREIGN_PROGRAMS
        .iter()
        .filter(|(program, _)| !process::exists(program, "--version"))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    match apt_install(&missing) {
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("  note: some tests are left out: {error:#}");
            Ok(())
        }
        done => done,
    }
}

/// Programs that the tests of the crates look for, and the Debian package of each.
const FOREIGN_PROGRAMS: [(&str, &str); 2] = [("age", "age"), ("softhsm2-util", "softhsm2")];

/// Installs Debian packages, where that is allowed without asking anyone.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let id = process::quiet(Command::new("id").arg("-u")).unwrap_or_default();
    if id.trim() != "0" || !process::exists("apt-get", "--version") {
        bail!("this needs the packages `{list}`: install them and run the command again");
    }
    println!("  installing Debian packages: {list}");
    process::quiet(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(packages);
    process::quiet(install.env("DEBIAN_FRONTEND", "noninteractive")).map(|_| ())
}

/// A list of requirements as one line, without comments.
fn one_line(requirements: &str) -> String {
    let names = requirements.lines().map(str::trim);
    names
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join(", ")
}
