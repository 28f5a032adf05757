//! Starting the servers of a bench, and ending them with it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::http;

/// How long a server may take until it listens: Python's ones read a lot first.
const START_MOST: Duration = Duration::from_secs(120);

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a program that prints its address as its first line.
    pub(crate) fn announced(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let stdout = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .parse()
            .with_context(|| format!("not an address: `{line}`"));
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        server.address = address?;
        Ok(server)
    }

    /// Starts a program that is told its port; its output goes to a file.
    pub(crate) fn on_port(command: &mut Command, port: u16, log: &Path) -> Result<Self> {
        let file = std::fs::File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut server = Self { child, address };
        let waited = http::wait_for(address, START_MOST, || {
            server.child.try_wait().is_ok_and(|ended| ended.is_some())
        });
        if waited.is_err() {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            let tail = lines
                .get(lines.len().saturating_sub(20)..)
                .unwrap_or(&lines);
            bail!(
                "{command:?} does not listen on port {port}\n{}",
                tail.join("\n")
            );
        }
        Ok(server)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

/// A port that nothing listens on now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The mock model.
pub(crate) fn mock() -> Result<Server> {
    Server::announced(Command::new(own_program()?).arg("mock"))
}

/// The TCP copier in front of the mock model.
pub(crate) fn copier(model: SocketAddr) -> Result<Server> {
    Server::announced(
        Command::new(own_program()?)
            .arg("copier")
            .arg(model.to_string()),
    )
}

fn own_program() -> Result<PathBuf> {
    std::env::current_exe().context("cannot find the bench's own program")
}
