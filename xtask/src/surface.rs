//! `cargo xtask surface`: what the node shows to the network, judged by the tools of others: TLS by
//! sslyze, headers and cookies, and the interface by schemathesis over its own description.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use hospital::Hospital;
use serde_json::json;

use crate::workspace::Workspace;
use crate::{process, tool};

/// Builds the binary, serves a hospital with people and runs the suite over it.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    process::quiet(
        workspace
            .cargo()
            .args(["build", "--quiet", "--profile", "demo", "--locked"]),
    )?;
    let tests = workspace.root.join("tests").join("surface");
    let python = tool::python(workspace, "surface-python", &tests.join("requirements.txt"))?;
    let home = workspace.target.join("surface");
    std::fs::create_dir_all(&home)?;
    let mut documents = hospital::documents("127.0.0.1:9")?;
    let people = std::fs::read_to_string(tests.join("people.yaml"))
        .context("cannot read the people of the outside checks")?;
    documents.push(("people.yaml", people));
    let hospital = Hospital::create(&workspace.wardgate(), &home.join("data"), true, &documents)?;
    let gate = hospital.serve()?;
    let console = hospital.console();
    let scene = json!({
        "gate": format!("localhost:{}", gate.address.port()),
        "console": format!("localhost:{}", console.port()),
        "origin": format!("https://localhost:{}", console.port()),
        "ca": hospital.ca(),
        "wardgate": workspace.wardgate(),
        "dir": home.join("data"),
    });
    let file = home.join("scene.json");
    std::fs::write(&file, scene.to_string())?;
    let mut suite = Command::new(python);
    suite
        .args([
            "-W",
            "ignore",
            "-m",
            "unittest",
            "discover",
            "--start-directory",
        ])
        .arg(&tests)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WARDGATE_SURFACE", &file);
    let output = process::output(&mut suite)?;
    // The totals stand on the second stream.
    let said = String::from_utf8_lossy(&output.stderr);
    let ran = said
        .lines()
        .find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    let ran: u64 = ran.unwrap_or(0);
    ensure!(
        output.status.success() && ran > 0,
        "an outside check fails\n{said}"
    );
    println!("  TLS, headers, cookies and the interface: {ran} outside checks passed");
    Ok(())
}
