//! A data directory with an invented hospital, and a gate that serves from it: what the end-to-end
//! tests and the bench call. Everything goes through the binary's own commands.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long the gate may take until it listens.
const START_MOST: Duration = Duration::from_secs(30);

/// A data directory.
#[derive(Debug)]
pub struct Hospital {
    program: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
    console: SocketAddr,
}

/// A gate that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Gate {
    child: Child,
    pub address: SocketAddr,
}

/// The documents of the invented hospital, whose models are reached at an address.
pub fn documents(model: &str) -> Result<Vec<(&'static str, String)>> {
    // Nothing listens there: the system that cannot be reached.
    let nowhere = free_address()?;
    let hospital = HOSPITAL
        .replace("\"MODEL\"", &format!("\"http://{model}/v1\""))
        .replace("\"NOWHERE\"", &format!("\"http://{nowhere}/v1\""));
    Ok(vec![
        ("hospital.yaml", hospital),
        ("patients.json", PATIENTS.to_owned()),
    ])
}

impl Hospital {
    /// Makes a new data directory for a gate on free ports of the loopback address, with TLS or
    /// without, and applies the documents of the invented hospital to it.
    pub fn create(
        program: &Path,
        directory: &Path,
        tls: bool,
        documents: &[(&str, String)],
    ) -> Result<Self> {
        if directory.exists() {
            std::fs::remove_dir_all(directory)?;
        }
        let [gate, console] = [free_address()?, free_address()?];
        let hospital = Self {
            program: program.to_path_buf(),
            directory: directory.to_path_buf(),
            address: gate,
            console,
        };
        let (gate, console) = (gate.to_string(), console.to_string());
        let mut init = vec!["init", "--listen", &gate, "--console", &console];
        if !tls {
            init.push("--plain-http");
        }
        hospital.run(&init, &[])?;
        let files = directory.with_extension("documents");
        std::fs::create_dir_all(&files)?;
        for (name, text) in documents {
            std::fs::write(files.join(name), text)?;
        }
        hospital.run(&["apply", "-f"], &[&files])?;
        Ok(hospital)
    }

    /// Creates a key of an application, for a person if it calls for people; returns its secret
    /// text.
    pub fn key(&self, app: &str, person: Option<&str>) -> Result<String> {
        let mut arguments = vec!["key", "create", "--json", "--app", app, "--expires", "1d"];
        if let Some(person) = person {
            arguments.extend(["--person", person]);
        }
        let said = self.run(&arguments, &[])?;
        let value: serde_json::Value = serde_json::from_str(&said)?;
        let key = value.get("secret").and_then(serde_json::Value::as_str);
        key.map(str::to_owned)
            .with_context(|| format!("no key in `{}`", value_names(&value)))
    }

    /// The data directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The address of the console.
    pub fn console(&self) -> SocketAddr {
        self.console
    }

    /// The certificate that clients must trust.
    pub fn ca(&self) -> PathBuf {
        self.directory.join("tls").join("ca.pem")
    }

    /// Serves what was set up.
    pub fn serve(&self) -> Result<Gate> {
        let log = self.directory.with_extension("log");
        let output = File::create(&log)?;
        let child = Command::new(&self.program)
            .args(["serve", "--dir"])
            .arg(&self.directory)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start the gate")?;
        let mut gate = Gate {
            child,
            address: self.address,
        };
        gate.wait(&log)?;
        Ok(gate)
    }

    fn run(&self, arguments: &[&str], paths: &[&Path]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .args(paths)
            .arg("--dir")
            .arg(&self.directory);
        let output = command
            .stdin(Stdio::null())
            .output()
            .context("cannot start wardgate")?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!(
            "`wardgate {}` ended with {}\n{said}",
            arguments.join(" "),
            output.status
        )
    }
}

impl Gate {
    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the gate listens, or says why it does not.
    fn wait(&mut self, log: &Path) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < START_MOST && self.child.try_wait()?.is_none() {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        let said = std::fs::read_to_string(log).unwrap_or_default();
        bail!("the gate does not listen on {}\n{said}", self.address)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nothing listens on now.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// Names of the members of an answer, without its values: one of them may be a key.
fn value_names(value: &serde_json::Value) -> String {
    let names = value
        .as_object()
        .map(|members| members.keys().cloned().collect::<Vec<_>>());
    names.unwrap_or_default().join(", ")
}

const HOSPITAL: &str = include_str!("../../tests/e2e/hospital/hospital.yaml");
const PATIENTS: &str = include_str!("../../tests/e2e/hospital/patients.json");
