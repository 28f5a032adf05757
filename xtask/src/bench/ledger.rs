//! `cargo xtask bench ledger`: the comparing bench of `wardgate-ledger`, and its section of the
//! report.

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Measures, prints, and writes the section when asked.
pub(super) fn run(workspace: &Workspace, records: u64, report: bool) -> Result<()> {
    let appends = bench(workspace, &[])?;
    print!("{appends}");
    let recovery = bench(workspace, &["recovery", &records.to_string()])?;
    print!("{recovery}");
    if report {
        let path = workspace.root.join("docs").join("benchmarks.md");
        let before = std::fs::read_to_string(&path).context("no report to write into")?;
        let others = before
            .find(HEADING)
            .and_then(|at| before.get(..at))
            .unwrap_or(&before);
        let section = format!("{HEADING}{METHOD}\n```text\n{appends}{recovery}```\n");
        std::fs::write(
            path,
            format!("{}\n{section}", others.trim_end_matches('\n')),
        )?;
    }
    Ok(())
}

fn bench(workspace: &Workspace, arguments: &[&str]) -> Result<String> {
    let mut cargo = workspace.cargo();
    cargo.args(["bench", "--quiet", "--profile", "demo", "--locked"]);
    cargo.args(["--package", "wardgate-ledger", "--bench", "compare", "--"]);
    process::quiet(cargo.args(arguments))
}

const HEADING: &str = "\n## Ledger";
const METHOD: &str = "

Written by `cargo xtask bench ledger --report`; `TMPDIR` chooses the volume. Entries of 1 KiB are
appended by 256 tasks, each waiting until its last one is durable. Beside it, in turns on the same
volume: the same frames in batches of 256, written and synced in a loop, which is what batching alone
allows; and SQLite in a process of its own, 256 rows a commit, write-ahead log, full sync. Latency is
that of an append, or of a whole batch for the other two.
";
