//! `cargo xtask verify-static`: `wardgate-verify` as one program that needs nothing of the machine
//! it runs on, so that an auditor can copy it anywhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::Workspace;

/// Builds the program, shows that it is static, and tells its size.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let program = build(workspace)?;
    ensure!(
        is_static(&program)?,
        "`{}` needs shared libraries",
        program.display()
    );
    let version = process::quiet(Command::new(&program).arg("--version"))?;
    let bytes = std::fs::metadata(&program)?.len();
    ensure!(
        bytes <= BYTES_MAX,
        "`{}` has {bytes} bytes, more than {BYTES_MAX}",
        program.display()
    );
    println!("  {} is static and has {bytes} bytes", version.trim());
    println!("  {}", program.display());
    Ok(())
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target.join("static");
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--quiet", "--locked", "--profile", "small"])
        .args(["--target", TARGET, "--package", "wardgate-verify"])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static");
    process::quiet(&mut cargo).context("cannot build the static program")?;
    Ok(target.join(TARGET).join("small").join("wardgate-verify"))
}

/// What the loader of the machine says; it says so on either stream and with either exit code.
fn is_static(program: &Path) -> Result<bool> {
    let said = process::output(Command::new("ldd").arg(program))?;
    let said = [said.stdout, said.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Ok(["statically linked", "not a dynamic executable"]
        .iter()
        .any(|words| said.contains(words)))
}

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A tool that grows beyond this is no longer small.
const BYTES_MAX: u64 = 4 << 20;
