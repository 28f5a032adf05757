//! `cargo xtask test`: every test of the workspace, one line per test binary, one line of totals.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::foreign_store::ForeignStore;
use crate::tool;
use crate::workspace::Workspace;

/// Runs the tests and prints the totals as the last line, alone.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    let totals = totals(workspace, rest)?;
    println!("{} passed, {} failed", totals.passed, totals.failed);
    totals.judge()
}

/// What the test binaries reported together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    ignored: u64,
    binaries: u64,
    cargo_failed: bool,
}

impl Totals {
    /// An error unless something ran and everything that ran passed.
    pub(crate) fn judge(&self) -> Result<()> {
        ensure!(self.failed == 0, "{} tests failed", self.failed);
        ensure!(
            !self.cargo_failed,
            "a test binary failed to build, or ended badly"
        );
        ensure!(self.ignored == 0, "{} tests are ignored", self.ignored);
        ensure!(self.passed > 0, "no test ran");
        Ok(())
    }

    /// Adds one `test result:` line; false when the line is something else.
    fn add(&mut self, line: &str) -> bool {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return false;
        };
        self.binaries += 1;
        self.passed += count(counts, " passed");
        self.failed += count(counts, " failed");
        self.ignored += count(counts, " ignored");
        true
    }
}

/// Runs `cargo test` and adds up what each binary reports.
pub(crate) fn totals(workspace: &Workspace, rest: &[String]) -> Result<Totals> {
    tool::foreign_programs()?;
    let store = ForeignStore::start(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.envs(store.iter().map(|store| ("WARDGATE_S3", &store.place)));
    if std::env::var_os(SEED).is_none() {
        cargo.env(SEED, SEED_DEFAULT);
    }
    cargo.args(["test", "--profile", "demo", "--locked", "--no-fail-fast"]);
    if !rest
        .iter()
        .any(|argument| argument == "-p" || argument == "--package")
    {
        cargo.arg("--workspace");
    }
    // Both streams in one, in the order written: cargo names each binary on the second.
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    cargo
        .args(rest)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = cargo.spawn().context("cannot run cargo")?;
    drop(cargo);
    let totals = read(BufReader::new(reader));
    let status = child.wait()?;
    let mut totals = totals?;
    totals.cargo_failed = !status.success();
    Ok(totals)
}

/// Where property tests look for the seed of their cases.
const SEED: &str = "PROPTEST_RNG_SEED";

/// The same cases on every machine: what fails here was broken by a change. New cases are looked
/// for by another seed, or by a plain `cargo test`, which draws one.
const SEED_DEFAULT: &str = "1";

/// Follows the output: one line per binary, and everything that a failing one said.
fn read(output: impl BufRead) -> Result<Totals> {
    let mut totals = Totals::default();
    let mut binary = String::new();
    let mut held: Vec<String> = Vec::new();
    for line in output.lines() {
        let line = line?;
        let trimmed = line.trim_start();
        if let Some(name) = binary_name(trimmed) {
            binary = name;
            held.clear();
        } else if totals.add(trimmed) {
            let failed = count(trimmed, " failed") > 0;
            if failed {
                held.iter().for_each(|said| println!("{said}"));
            }
            if failed || count(trimmed, " passed") > 0 {
                println!(
                    "{binary:<36} {}",
                    trimmed.trim_start_matches("test result: ")
                );
            }
            held.clear();
        } else if trimmed.starts_with("error") || trimmed.starts_with("-->") {
            println!("{line}");
        } else if !trimmed.starts_with("Compiling ") && !trimmed.ends_with("... ok") {
            held.push(line);
        }
    }
    // What a binary said that ended without a result.
    held.iter()
        .filter(|said| !said.trim().is_empty())
        .for_each(|said| println!("{said}"));
    Ok(totals)
}

/// `Running tests/it/main.rs (target/demo/deps/it-0123)` gives `it tests/it/main.rs`.
fn binary_name(line: &str) -> Option<String> {
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} documentation"));
    }
    let (source, path) = line.strip_prefix("Running ")?.split_once(" (")?;
    let file = path.trim_end_matches(')').rsplit('/').next()?;
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    Some(format!(
        "{name} {}",
        source.trim_start_matches("unittests ")
    ))
}

/// The number before a word, as in `ok. 12 passed; 0 failed`.
fn count(line: &str, word: &str) -> u64 {
    let Some(at) = line.find(word) else { return 0 };
    let before = line.get(..at).unwrap_or("");
    before
        .rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_are_summed() {
        let output = "     Running unittests src/lib.rs (target/demo/deps/a-01)\n\
            test x ... ok\n\
            test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                 Running tests/it/main.rs (target/demo/deps/it-02)\n\
            test y ... FAILED\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let totals = read(output.as_bytes()).unwrap();
        assert_eq!((totals.passed, totals.failed, totals.binaries), (15, 1, 2));
        assert!(totals.judge().is_err());
    }

    #[test]
    fn nothing_run_is_a_failure() {
        assert!(Totals::default().judge().is_err());
        assert!(
            Totals {
                passed: 1,
                ..Totals::default()
            }
            .judge()
            .is_ok()
        );
        assert!(
            Totals {
                passed: 1,
                ignored: 1,
                ..Totals::default()
            }
            .judge()
            .is_err()
        );
        assert!(
            Totals {
                passed: 1,
                cargo_failed: true,
                ..Totals::default()
            }
            .judge()
            .is_err()
        );
    }

    #[test]
    fn binaries_are_named() {
        let line = "Running tests/it/main.rs (target/demo/deps/it-0f)";
        assert_eq!(binary_name(line).as_deref(), Some("it tests/it/main.rs"));
        assert_eq!(
            binary_name("Doc-tests a").as_deref(),
            Some("a documentation")
        );
        assert_eq!(binary_name("Compiling a v1"), None);
    }
}
