//! `cargo xtask audit`: what the ledger says to others, by other hands than ours: the event schema
//! and RFC 8785 over real leaves, the projections of a real export against a FHIR library, the
//! profiles they claim and the OCSF classes, and every row proven alone.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;
use crate::{process, tool};

/// Makes the demo's ledger, exports it and runs the suite over both.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    process::quiet(
        workspace
            .cargo()
            .args(["build", "--quiet", "--profile", "demo", "--locked"]),
    )?;
    let tests = workspace.root.join("tests").join("audit");
    let python = tool::python(workspace, "audit-python", &tests.join("requirements.txt"))?;
    let home = workspace.target.join("audit");
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    std::fs::create_dir_all(&home)?;
    let (data, export) = (home.join("data"), home.join("export"));
    let mut demo = Command::new(workspace.wardgate());
    demo.args(["demo", "--exit", "--listen", "127.0.0.1:0"]);
    demo.args(["--console", "127.0.0.1:0", "--dir"]).arg(&data);
    process::quiet(&mut demo)?;
    let mut write = Command::new(workspace.wardgate());
    write.args(["ledger", "export", "--dir"]).arg(&data);
    process::quiet(write.arg(&export))?;
    let mut suite = Command::new(python);
    suite
        .args(["-m", "unittest", "discover", "--start-directory"])
        .arg(&tests)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WARDGATE_EXPORT", &export);
    let output = process::output(&mut suite)?;
    // The totals stand on the second stream.
    let said = String::from_utf8_lossy(&output.stderr);
    let ran = said
        .lines()
        .find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    let ran: u64 = ran.unwrap_or(0);
    ensure!(
        output.status.success() && ran > 0,
        "a foreign library disagrees\n{said}"
    );
    println!("  foreign libraries over events and projections: {ran} tests passed");
    Ok(())
}
