//! One line of progress per step, with its seconds.

use std::time::Instant;

use anyhow::Result;

/// Runs one step and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    let outcome = if result.is_ok() { "ok" } else { "FAILED" };
    println!("{name:<36} {outcome:<6} {seconds:>7.1} s");
    result
}

/// Says that something was left out, so that nobody can overlook it.
pub(crate) fn say_skipped(what: &str, why: &str) {
    println!("SKIPPED: {what}: {why}");
}
