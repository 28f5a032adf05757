//! `cargo xtask records`: what the real binary makes of records and tables, judged by other hands than
//! ours: pydicom, pynetdicom, a DICOMweb client, fhir.resources, hl7apy, lxml, pandas and pyarrow.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;
use crate::{process, tool};

/// Builds the binary and runs the suite over it.
pub(crate) fn run(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    process::quiet(
        workspace
            .cargo()
            .args(["build", "--quiet", "--profile", "demo", "--locked"]),
    )?;
    let tests = workspace.root.join("tests").join("records");
    let python = tool::python(workspace, "records-python", &tests.join("requirements.txt"))?;
    let mut suite = Command::new(python);
    suite
        .args(["-m", "unittest", "discover", "--start-directory"])
        .arg(&tests)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WARDGATE", workspace.wardgate());
    if let Some(only) = only {
        suite.args(["--pattern", only]);
    }
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
    println!("  foreign libraries over records and tables: {ran} tests passed");
    Ok(())
}
