//! `cargo xtask neural`: the layer that no default build has, a model from the user's disk.

use anyhow::Result;

use crate::process;
use crate::test;
use crate::workspace::Workspace;

/// Lints and tests the feature, and checks that the binary builds with it.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let lint = |rest: &[&str]| {
        let mut cargo = workspace.cargo();
        cargo.args(["clippy", "--quiet", "--profile", "demo", "--locked"]);
        cargo
            .args(rest)
            .args(["--features", "neural", "--", "-D", "warnings"]);
        process::quiet(&mut cargo).map(|_| ())
    };
    lint(&["-p", "wardgate-deid", "--all-targets"])?;
    lint(&["-p", "wardgate"])?;
    let only = [
        "-p",
        "wardgate-deid",
        "--features",
        "neural",
        "--test",
        "it",
        "--",
        "neural",
    ];
    let totals = test::totals(workspace, &only.map(str::to_owned))?;
    totals.judge()
}
