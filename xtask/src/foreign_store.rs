//! The S3 server that the tests of copies write to: a foreign one, on loopback, with signatures on.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::step::say_skipped;
use crate::tool;
use crate::workspace::{Workspace, in_ci};

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct ForeignStore {
    child: Child,
    /// Its end tells the server to end.
    input: Option<ChildStdin>,
    /// Where it is and who may write, in JSON.
    pub(crate) place: String,
}

impl ForeignStore {
    /// Installs and starts it; none where it can not be had, which CI does not accept.
    pub(crate) fn start(workspace: &Workspace) -> Result<Option<Self>> {
        match Self::try_start(workspace) {
            Err(error) if !in_ci() => {
                say_skipped("copies to a foreign S3 server", &format!("{error:#}"));
                Ok(None)
            }
            started => started.map(Some),
        }
    }

    fn try_start(workspace: &Workspace) -> Result<Self> {
        let scripts = workspace.root.join("tests").join("s3");
        let python = tool::python(workspace, "s3-python", &scripts.join("requirements.txt"))?;
        let mut child = Command::new(python)
            .arg(scripts.join("serve.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the S3 server")?;
        let output = child.stdout.take().context("the S3 server has no output")?;
        let mut store = Self {
            input: child.stdin.take(),
            child,
            place: String::new(),
        };
        BufReader::new(output).read_line(&mut store.place)?;
        store.place.truncate(store.place.trim_end().len());
        ensure!(!store.place.is_empty(), "the S3 server did not start");
        Ok(store)
    }
}

impl Drop for ForeignStore {
    fn drop(&mut self) {
        drop(self.input.take());
        // It may have ended by itself: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
