//! `cargo xtask e2e`: the official OpenAI packages for Python and Node, and curl, against the real
//! binary in front of a stand-in model; and the review page in a real browser.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use hospital::Hospital;
use serde_json::json;

use crate::step::say_skipped;
use crate::workspace::{Workspace, in_ci};
use crate::{process, tool};

/// The people and applications whose keys the tests use: name of the key, application, person.
const KEYS: [(&str, &str, Option<&str>); 7] = [
    ("good", "notes", Some("dr-osei")),
    ("late", "notes", Some("dr-late")),
    ("other", "letters", Some("dr-osei")),
    ("kiosk", "kiosk", Some("dr-osei")),
    ("second-kiosk", "kiosk-two", Some("dr-osei")),
    ("consents", "consent-desk", None),
    ("no-grant", "night-desk", None),
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
        &hospital::documents(&model.address)?,
    )?;
    let gate = hospital.serve()?;
    let mut keys = serde_json::Map::new();
    for (name, app, person) in KEYS {
        keys.insert(name.to_owned(), hospital.key(app, person)?.into());
    }
    let scene = json!({
        "base_url": format!("https://localhost:{}/v1", gate.address.port()),
        "console": format!("https://localhost:{}", hospital.console().port()),
        "program": workspace.wardgate(),
        "data": hospital.directory(),
        "ca": hospital.ca(),
        "model": model.address,
        "keys": keys,
    });
    let file = home.join("scene.json");
    std::fs::write(&file, scene.to_string())?;
    python_suite(&python, &tests, &file)?;
    node_suite(workspace, &tests, &file, &hospital.ca())
}

/// The suites written for Python's own test runner.
fn python_suite(python: &Path, tests: &Path, scene: &Path) -> Result<()> {
    let mut command = Command::new(python);
    command.args([
        "-W",
        "ignore",
        "-m",
        "unittest",
        "discover",
        "--start-directory",
    ]);
    command.arg(tests).env("WARDGATE_E2E", scene);
    let output = process::output(command.env("PYTHONDONTWRITEBYTECODE", "1"))?;
    // The totals stand on the second stream.
    let said = String::from_utf8_lossy(&output.stderr);
    let ran = number_after(&said, "\nRan ");
    ensure!(
        output.status.success() && ran > 0,
        "the Python package or curl failed\n{said}"
    );
    println!("  Python package and curl: {ran} tests passed");
    Ok(())
}

/// The suite written for Node's own test runner. Node finds packages beside the script, so the
/// script is copied to where they are installed.
fn node_suite(workspace: &Workspace, tests: &Path, scene: &Path, ca: &Path) -> Result<()> {
    if !process::exists("node", "--version") && !in_ci() {
        say_skipped("the Node package", "there is no `node` on this machine");
        return Ok(());
    }
    let home = tool::node(workspace, "e2e-node", &tests.join("package.json"))?;
    let mut calls = node_script(&home, tests, "calls.test.mjs")?;
    calls
        .env("WARDGATE_E2E", scene)
        .env("NODE_EXTRA_CA_CERTS", ca);
    passed(&mut calls, "Node package")?;
    if !process::exists("chromium", "--version") {
        if !in_ci() {
            say_skipped("the review page", "there is no `chromium` on this machine");
            return Ok(());
        }
        tool::apt_install(&["chromium"])?;
    }
    let mut review = node_script(&home, tests, "review.test.mjs")?;
    passed(
        review.env("WARDGATE_BIN", workspace.wardgate()),
        "review page in a browser",
    )?;
    std::fs::copy(tests.join("provider.mjs"), home.join("provider.mjs"))?;
    let mut sign_on = node_script(&home, tests, "sso.test.mjs")?;
    passed(
        sign_on.env("WARDGATE_BIN", workspace.wardgate()),
        "sign-in through a provider of identity in a browser",
    )?;
    if !process::exists("oathtool", "--version") {
        if !in_ci() {
            say_skipped("sign-in", "there is no `oathtool` on this machine");
            return Ok(());
        }
        tool::apt_install(&["oathtool"])?;
    }
    let mut people = node_script(&home, tests, "passkeys.test.mjs")?;
    passed(
        people.env("WARDGATE_BIN", workspace.wardgate()),
        "sign-in in a browser with its virtual authenticator",
    )
}

fn node_script(home: &Path, tests: &Path, name: &str) -> Result<Command> {
    let script = home.join(name);
    std::fs::copy(tests.join(name), &script)?;
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-reporter", "tap"])
        .arg(&script);
    Ok(command)
}

fn passed(command: &mut Command, what: &str) -> Result<()> {
    let said = process::quiet(command)?;
    let passed = number_after(&said, "\n# pass ");
    ensure!(passed > 0, "no test of the {what} ran");
    println!("  {what}: {passed} tests passed");
    Ok(())
}

/// The number that follows a mark; zero when there is none.
fn number_after(text: &str, mark: &str) -> u64 {
    let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
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
