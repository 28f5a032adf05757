//! `cargo xtask ci`: what CI runs, in the order in which faults are cheapest to find.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Result;

use crate::step::step;
use crate::workspace::Workspace;
use crate::{
    audit, bulk, check, deny, docs, e2e, faults, foreign, fuzz_smoke, gates, neural, notes,
    process, records, surface, test, tidy,
};

/// Runs every step, then the tests; the last line gives their totals.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    std::thread::scope(|scope| {
        scope.spawn(|| build_aside(workspace));
        steps(workspace)
    })
}

/// Builds what lies in workspaces of its own while the first steps leave a core free now and then.
///
/// A failure is not told here: the step that needs the build meets it again.
fn build_aside(workspace: &Workspace) {
    let _ = bulk::build(workspace, workspace.patient_cargo());
    let _ = fuzz_smoke::build(workspace, workspace.patient_cargo());
}

fn steps(workspace: &Workspace) -> Result<ExitCode> {
    let start = Instant::now();
    let mut failed: Vec<&str> = Vec::new();
    let steps: [(&str, &dyn Fn() -> Result<()>); 17] = [
        ("format", &|| check::format(workspace)),
        ("tidy", &|| tidy::run(workspace)),
        ("note templates", &|| notes::check(workspace)),
        ("clippy", &|| check::clippy(workspace)),
        ("gates", &|| gates::run(workspace, None)),
        ("docs are current", &|| docs::run(workspace, true)),
        ("demo", &|| demo(workspace)),
        ("e2e", &|| e2e::run(workspace)),
        ("audit", &|| audit::run(workspace)),
        ("surface", &|| surface::run(workspace)),
        ("records", &|| records::run(workspace, None)),
        ("foreign", &|| {
            foreign::run(workspace, &foreign::Options::default())
        }),
        ("bulk", &|| bulk::run(workspace)),
        ("faults", &|| faults::run(workspace)),
        ("deny", &|| deny::run(workspace)),
        ("neural", &|| neural::run(workspace)),
        ("fuzz-smoke", &|| {
            fuzz_smoke::run(workspace, fuzz_smoke::SECONDS)
        }),
    ];
    for (name, work) in steps {
        if let Err(error) = step(name, work) {
            println!("{error:#}");
            failed.push(name);
        }
    }
    let totals = step("test", || test::totals(workspace, &[]))?;
    let verdict = totals.judge();
    if let Err(error) = &verdict {
        println!("{error:#}");
        failed.push("test");
    }
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    if failed.is_empty() {
        println!("every step passed in {minutes:.1} min");
    } else {
        println!("failed steps: {} (in {minutes:.1} min)", failed.join(", "));
    }
    println!("{} passed, {} failed", totals.passed, totals.failed);
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The demo as a newcomer runs it, ending by itself.
fn demo(workspace: &Workspace) -> Result<()> {
    process::quiet(
        workspace
            .cargo()
            .args(["build", "--quiet", "--profile", "demo", "--locked"]),
    )?;
    let home = workspace.target.join("ci-demo");
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    let mut demo = Command::new(workspace.wardgate());
    demo.args([
        "demo",
        "--exit",
        "--listen",
        "127.0.0.1:0",
        "--console",
        "127.0.0.1:0",
        "--dir",
    ]);
    process::quiet(demo.arg(home)).map(|_| ())
}
