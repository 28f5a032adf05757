//! A data directory with a small invented hospital, and the server that runs on it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::model::Model;

pub(crate) struct House {
    temporary: TempDir,
    data: PathBuf,
    pub(crate) address: SocketAddr,
}

impl House {
    /// Set up with plain HTTP, and the hospital applied.
    pub(crate) fn new(model: &Model) -> Self {
        let house = Self::empty();
        let documents = HOSPITAL.replace("MODEL", &model.url());
        let yaml = house.write("hospital.yaml", &documents);
        let patients = house.write("patients.ndjson", PATIENTS);
        house.run(&["apply", "-f", &text(&yaml), &text(&patients)]);
        house
    }

    pub(crate) fn empty() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let house = Self {
            data: temporary.path().join("data"),
            temporary,
            address: free_address(),
        };
        let (gate, console) = (house.address.to_string(), free_address().to_string());
        house.run(&[
            "init",
            "--plain-http",
            "--listen",
            &gate,
            "--console",
            &console,
        ]);
        house
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.data.clone()
    }

    /// The same house with another data directory, such as a restored one.
    pub(crate) fn moved_to(&self, data: PathBuf) -> Self {
        Self {
            temporary: tempfile::tempdir().unwrap(),
            data,
            address: self.address,
        }
    }

    /// Writes a file beside the data directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.temporary.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs a command on this directory, whatever comes of it.
    pub(crate) fn try_run(&self, arguments: &[&str]) -> Output {
        wardgate()
            .args(arguments)
            .arg("--dir")
            .arg(self.dir())
            .output()
            .unwrap()
    }

    /// Runs a command that must work; what it wrote.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {} {}",
            stderr(&output),
            String::from_utf8_lossy(&output.stdout)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn apply(&self, text: &str) {
        let path = self.write("change.yaml", text);
        self.run(&["apply", "-f", &self::text(&path)]);
    }

    pub(crate) fn key(&self) -> String {
        let made = [
            "key",
            "create",
            "--app",
            "notes",
            "--person",
            "dr-osei",
            "--expires",
            "1d",
        ];
        self.run(&made).trim().to_owned()
    }

    /// Every published entry of the ledger.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        let lines = self.run(&["ledger", "tail", "--json", "-n", "10000000"]);
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn verify(&self) {
        let output = wardgate()
            .args(["ledger", "verify"])
            .arg(self.dir())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }

    pub(crate) fn serve(&self) -> Server {
        let mut child = wardgate()
            .args(["serve", "--dir"])
            .arg(self.dir())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        for _ in 0..POLLS_MAX {
            if TcpStream::connect(self.address).is_ok() {
                return Server { child };
            }
            if child.try_wait().unwrap().is_some() {
                panic!("{}", stderr(&child.wait_with_output().unwrap()));
            }
            pause();
        }
        let _ = child.kill();
        panic!("the server does not listen");
    }
}

/// A running server; killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
}

impl Server {
    /// As the power fails for a process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        self.terminate();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn wardgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    command.stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The events of a type, with their data.
pub(crate) fn of_type<'v>(ledger: &'v [Value], kind: &str) -> Vec<&'v Value> {
    let entries = ledger.iter().map(|line| &line["entry"]);
    entries.filter(|entry| entry["type"] == kind).collect()
}

/// Lets others run while something outside this process is awaited.
pub(crate) fn pause() {
    std::thread::park_timeout(Duration::from_millis(10));
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// An address for a server that comes and goes. Its port lies below those that a system gives to whoever asks
/// for any: while the server is down, nobody else can listen there and be taken for it.
fn free_address() -> SocketAddr {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(PORTS_OF_A_PROCESS);
    loop {
        let asked = ASKED.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + (own.wrapping_add(asked)) % (PORTS.end - PORTS.start);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap()));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
        assert!(asked < PORTS.end, "no port is free in {PORTS:?}");
    }
}

pub(crate) const HOSPITAL: &str = include_str!("hospital/hospital.yaml");
pub(crate) const PATIENTS: &str = include_str!("hospital/patients.ndjson");
/// Far beyond what a loaded machine needs: it only ends a test that hangs.
pub(crate) const POLLS_MAX: usize = 6_000;
/// Below the ports that Linux (from 32,768) and others (from 49,152) give out by themselves.
const PORTS: Range<u32> = 20_000..32_000;
/// How far apart two processes begin to look.
const PORTS_OF_A_PROCESS: u32 = 211;
