//! A copy of the sources below `target/`, compiled into the same target directory, so that the
//! dependencies are not compiled again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::compiler::{self, Complaint};
use crate::workspace::Workspace;

#[derive(Debug)]
pub(super) struct Copy<'a> {
    workspace: &'a Workspace,
    root: PathBuf,
}

impl<'a> Copy<'a> {
    /// Copies every tracked file; one that did not change keeps its time, so it is not rebuilt.
    pub(super) fn make(workspace: &'a Workspace) -> Result<Self> {
        let root = workspace.target.join("gates");
        let copy = Self { workspace, root };
        let files = workspace.files()?;
        for path in &files {
            let bytes = std::fs::read(workspace.root.join(path))?;
            copy.put(path, &bytes)?;
        }
        copy.remove_others(&files)?;
        Ok(copy)
    }

    /// The clone that this is a copy of.
    pub(super) fn original(&self) -> &Path {
        &self.workspace.root
    }

    /// The text of a file.
    pub(super) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path))
            .with_context(|| format!("cannot read `{path}`"))
    }

    /// Replaces a file.
    pub(super) fn write(&self, path: &str, text: &str) -> Result<()> {
        self.put(Path::new(path), text.as_bytes())
    }

    /// Removes a file.
    pub(super) fn remove(&self, path: &str) -> Result<()> {
        std::fs::remove_file(self.root.join(path))
            .with_context(|| format!("cannot remove `{path}`"))
    }

    /// What the compiler complains about in the gateway.
    pub(super) fn check(&self) -> Result<Vec<Complaint>> {
        let mut cargo = self.workspace.cargo();
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.workspace.target);
        cargo.args([
            "check",
            "--quiet",
            "--package",
            "wardgate-gateway",
            "--profile",
            "demo",
        ]);
        cargo.args(["--locked", "--message-format", "json"]);
        compiler::complaints(&mut cargo)
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let to = self.root.join(path);
        if std::fs::read(&to).is_ok_and(|have| have == bytes) {
            return Ok(());
        }
        if let Some(directory) = to.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(&to, bytes).with_context(|| format!("cannot write `{}`", to.display()))
    }

    /// Removes what an earlier run copied and the clone no longer has.
    fn remove_others(&self, files: &[PathBuf]) -> Result<()> {
        let mut directories = vec![self.root.clone()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(&directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    directories.push(path);
                } else if let Ok(relative) = path.strip_prefix(&self.root)
                    && files
                        .binary_search_by(|file| file.as_path().cmp(relative))
                        .is_err()
                {
                    std::fs::remove_file(&path)?;
                }
            }
        }
        Ok(())
    }
}
