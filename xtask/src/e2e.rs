//! `cargo xtask e2e`: the official OpenAI packages for Python and Node, and curl, against the real
//! binary in front of a stand-in model.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use hospital::Hospital;
use serde_json::json;

use crate::step::{say_skipped, step};
use crate::workspace::{Workspace, in_ci};
use crate::{process, tool};

/// The people and applications whose keys the tests use: name of the key, application, person.
const KEYS: [(&str, &str, &str); 5] = [
    ("good", "notes", "dr-osei"),
    ("late", "notes", "dr-late"),
    ("other", "letters", "dr-osei"),
    ("kiosk", "kiosk", "dr-osei"),
    ("second-kiosk", "kiosk-two", "dr-osei"),
];

/// Builds the binary, starts everything, runs both suites.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tests = workspace.root.join("tests").join("e2e");
    process::quiet(
        workspace
            .cargo()
            .args(["build", "--quiet", "--profile", "demo", "--locked"]),
    )?;
    let python = tool::python(workspace, "e2e-python", &tests.join("requirements.txt"))?;
    if !process::exists("curl", "--version") {
        tool::apt_install(&["curl"])?;
    }
    let home = workspace.target.join("e2e");
    std::fs::create_dir_all(&home)?;
    let model = Model::start(&python, &tests)?;
    let hospital = Hospital::create(
        &workspace.wardgate(),
        &home.join("data"),
        true,
        &documents(&tests, &model)?,
    )?;
    let gate = hospital.serve()?;
    let mut keys = serde_json::Map::new();
    for (name, app, person) in KEYS {
        keys.insert(name.to_owned(), hospital.key(app, person)?.into());
    }
    let scene = json!({
        "base_url": format!("https://localhost:{}/v1", gate.address.port()),
        "ca": hospital.ca(),
        "model": model.address,
        "keys": keys,
    });
    let file = home.join("scene.json");
    std::fs::write(&file, scene.to_string())?;
    step("  Python package and curl", || {
        python_suite(&python, &tests, &file)
    })?;
    node_suite(workspace, &tests, &file, &hospital.ca())
}

/// The suites written for Python's own test runner.
fn python_suite(python: &Path, tests: &Path, scene: &Path) -> Result<()> {
    let mut command = Command::new(python);
    command
        .args(["-m", "unittest", "discover", "--start-directory"])
        .arg(tests);
    command
        .env("WARDGATE_E2E", scene)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    process::quiet(&mut command).map(|_| ())
}

/// The suite written for Node's own test runner. Node finds packages beside the script, so the
/// script is copied to where they are installed.
fn node_suite(workspace: &Workspace, tests: &Path, scene: &Path, ca: &Path) -> Result<()> {
    if !process::exists("node", "--version") && !in_ci() {
        say_skipped("the Node package", "there is no `node` on this machine");
        return Ok(());
    }
    let home = tool::node(workspace, "e2e-node", &tests.join("package.json"))?;
    let script = home.join("calls.test.mjs");
    std::fs::copy(tests.join("calls.test.mjs"), &script)?;
    step("  Node package", || {
        let mut command = Command::new("node");
        command
            .arg("--test")
            .arg(&script)
            .env("WARDGATE_E2E", scene);
        process::quiet(command.env("NODE_EXTRA_CA_CERTS", ca)).map(|_| ())
    })
}

/// The documents of the invented hospital, with the addresses of this run.
fn documents(tests: &Path, model: &Model) -> Result<Vec<(&'static str, String)>> {
    let read = |name: &'static str| {
        let path = tests.join("hospital").join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    // Bound and let go again: nothing listens there.
    let nowhere = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let hospital = read("hospital.yaml")?
        .replace("\"MODEL\"", &format!("\"http://{}/v1\"", model.address))
        .replace("\"NOWHERE\"", &format!("\"http://{nowhere}/v1\""));
    Ok(vec![
        ("hospital.yaml", hospital),
        ("patients.json", read("patients.json")?),
    ])
}

/// The stand-in model; it ends when this is dropped.
#[derive(Debug)]
struct Model {
    child: Child,
    address: String,
}

impl Model {
    fn start(python: &Path, tests: &Path) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .arg(tests.join("model.py"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the stand-in model")?;
        let stdout = child
            .stdout
            .take()
            .context("the stand-in model has no output")?;
        let mut model = Self {
            child,
            address: String::new(),
        };
        BufReader::new(stdout).read_line(&mut model.address)?;
        model.address.truncate(model.address.trim_end().len());
        if model.address.is_empty() {
            bail!("the stand-in model did not start");
        }
        Ok(model)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
