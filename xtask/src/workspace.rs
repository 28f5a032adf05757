//! Where things are: the clone, its target directory, its tracked files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The clone that a command works on.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The directory that holds the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the clone from the place of this crate's manifest.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .context("xtask has no parent directory")?
            .to_path_buf();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Ok(Self { root, target })
    }

    /// A `cargo` command that runs in the clone.
    pub(crate) fn cargo(&self) -> Command {
        self.in_the_clone(Command::new(Self::cargo_program()))
    }

    /// The same, giving way to everything else on the machine.
    pub(crate) fn patient_cargo(&self) -> Command {
        let mut command = Command::new("nice");
        command.args(["-n", "15"]).arg(Self::cargo_program());
        self.in_the_clone(command)
    }

    fn cargo_program() -> OsString {
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
    }

    fn in_the_clone(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.root)
            .env("CARGO_TERM_COLOR", "never");
        // What `cargo run` sets for us must not leak into the builds that we start.
        for name in [
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
            "CARGO_PKG_NAME",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// Files that git tracks or would track, relative to the root, sorted.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let output = Command::new("git")
            .args([
                // A fresh machine may run this as another user than the one who cloned.
                "-c",
                "safe.directory=*",
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&self.root)
            .output()
            .context("cannot run git")?;
        ensure!(output.status.success(), "git ls-files failed");
        let list = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
        let mut files: Vec<PathBuf> = list
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            .filter(|path| self.root.join(path).is_file())
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The text of a file of the clone; `None` when it is not text.
    pub(crate) fn text(&self, path: &Path) -> Result<Option<String>> {
        let bytes = std::fs::read(self.root.join(path))
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(String::from_utf8(bytes).ok())
    }

    /// The binary of the `wardgate` package as the demo profile builds it.
    pub(crate) fn wardgate(&self) -> PathBuf {
        self.target.join("demo").join("wardgate")
    }
}

/// Whether this run may skip nothing: CI sets `CI=true`.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}
