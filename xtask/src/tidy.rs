//! `cargo xtask tidy`: what lints cannot check. Sizes, borders between crates, names, leftovers.

mod borders;
mod documents;
mod exceptions;
mod faults;
mod leftovers;
mod names;
mod sizes;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::source;
use crate::workspace::Workspace;

/// Checks every file of the clone and lists all faults together.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut files = Vec::new();
    for path in workspace.files()? {
        if let Some(text) = workspace.text(&path)? {
            files.push(File::new(path, text));
        }
    }
    let exceptions = exceptions::read(workspace)?;
    let mut faults = check(&files);
    faults.extend(faults::check(&files));
    for warning in sizes::warnings(&files) {
        println!("  note: {warning}");
    }
    faults = exceptions.apply(faults);
    if faults.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = faults.iter().map(ToString::to_string).collect();
    bail!("{} faults\n{}", list.len(), list.join("\n"))
}

/// Every check over a set of files.
fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = sizes::check(files);
    faults.extend(borders::check(files));
    faults.extend(names::check(files));
    faults.extend(leftovers::check(files));
    faults.extend(documents::check(files));
    faults
}

/// A tracked text file.
#[derive(Debug)]
struct File {
    path: PathBuf,
    text: String,
    /// Rust only: the text without comments and the insides of literals.
    blanked: String,
}

impl File {
    fn new(path: PathBuf, text: String) -> Self {
        let rust = path.extension().is_some_and(|extension| extension == "rs");
        let blanked = if rust {
            source::blank(&text)
        } else {
            String::new()
        };
        Self {
            path,
            text,
            blanked,
        }
    }

    fn is_rust(&self) -> bool {
        self.path
            .extension()
            .is_some_and(|extension| extension == "rs")
    }

    /// Whether the file holds nothing but tests or benchmarks.
    fn is_test(&self) -> bool {
        let in_tests = self
            .path
            .iter()
            .any(|part| part == "tests" || part == "benches");
        in_tests || self.path.file_name().is_some_and(|name| name == "tests.rs")
    }

    /// The crate that the file lies in, as in `crates/<name>/..`.
    fn crate_name(&self) -> Option<&str> {
        let mut parts = self.path.iter();
        (parts.next()? == "crates").then(|| parts.next()?.to_str())?
    }
}

/// Something that may not stay as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    /// The name of the check, as exceptions write it.
    check: &'static str,
    /// `path`, or `path::function`.
    place: String,
    /// For sizes: how large it is.
    size: usize,
    message: String,
}

impl Fault {
    fn new(check: &'static str, path: &Path, line: usize, message: impl Into<String>) -> Self {
        let place = format!("{}:{line}", path.display());
        Self {
            check,
            place,
            size: 0,
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.message, self.check)
    }
}

/// Line of a byte offset, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at)
        .map_or(0, |before| before.matches('\n').count())
        + 1
}

/// Where a word stands alone, not as a part of a longer one.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = text.get(..*at).and_then(|rest| rest.chars().next_back());
            let after = text
                .get(at + word.len()..)
                .and_then(|rest| rest.chars().next());
            !before.is_some_and(part) && !after.is_some_and(part)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checks that an invented file fails.
    fn failed(path: &str, text: &str) -> Vec<&'static str> {
        check(&[File::new(path.into(), text.into())])
            .into_iter()
            .map(|fault| fault.check)
            .collect()
    }

    #[test]
    fn long_files_and_functions_are_faults_outside_of_tests() {
        let long = format!("fn a() {{\n{}}}\n", "    b();\n".repeat(71));
        assert_eq!(
            failed("crates/wardgate-deid/src/a.rs", &long),
            ["function-length"]
        );
        assert!(failed("crates/wardgate-deid/tests/it/main.rs", &long).is_empty());
        let file = "const A: u8 = 1;\n".repeat(801);
        assert_eq!(
            failed("crates/wardgate-deid/src/a.rs", &file),
            ["file-length"]
        );
    }

    #[test]
    fn arrows_point_down_only() {
        let manifest = "[dependencies]\nwardgate-records.workspace = true\n\
                        [lints]\nworkspace = true\n";
        assert_eq!(
            failed("crates/wardgate-ledger/Cargo.toml", manifest),
            ["arrow"]
        );
        assert!(failed("crates/wardgate-gateway/Cargo.toml", manifest).is_empty());
        let each_other = manifest.replace("records", "console");
        assert_eq!(
            failed("crates/wardgate-gateway/Cargo.toml", &each_other),
            ["arrow"]
        );
        let renamed = manifest.replace(
            "wardgate-records.workspace = true",
            "store = { package = \"wardgate-records\", path = \"../wardgate-records\" }",
        );
        assert_eq!(
            failed("crates/wardgate-ledger/Cargo.toml", &renamed),
            ["arrow"]
        );
    }

    #[test]
    fn every_crate_inherits_the_lints() {
        assert_eq!(
            failed("crates/wardgate-deid/Cargo.toml", "[dependencies]\n"),
            ["lints"]
        );
    }

    #[test]
    fn only_the_pipeline_makes_a_cleared_call() {
        let text = "fn f() -> Cleared {\n    Cleared { permit }\n}\n";
        assert!(failed("crates/wardgate-gateway/src/pipeline.rs", text).is_empty());
        let elsewhere = failed("crates/wardgate-gateway/src/server.rs", text);
        assert!(elsewhere.contains(&"cleared"), "{elsewhere:?}");
    }

    #[test]
    fn names_that_say_nothing_are_faults() {
        assert_eq!(failed("crates/wardgate-deid/src/utils.rs", ""), ["name"]);
        assert_eq!(failed("crates/wardgate-deid/src/json/mod.rs", ""), ["name"]);
        assert!(failed("crates/wardgate-deid/src/json.rs", "").is_empty());
    }

    #[test]
    fn leftovers_are_faults() {
        let marked = format!("// {}: later\n", concat!("TO", "DO"));
        assert_eq!(
            failed("crates/wardgate-deid/src/a.rs", &marked),
            ["unfinished"]
        );
        let silenced = format!("#[{}(dead_code)]\nfn a() {{}}\n", "allow");
        assert_eq!(
            failed("crates/wardgate-deid/src/a.rs", &silenced),
            ["silenced-lint"]
        );
        let skipped = format!("#[test]\n#[{}]\nfn a() {{}}\n", "ignore");
        assert_eq!(
            failed("crates/wardgate-deid/tests/it/main.rs", &skipped),
            ["ignored-test"]
        );
        let machine = format!("see {}someone/notes\n", concat!("/ho", "me/"));
        assert_eq!(failed("README.md", &machine), ["machine-path"]);
        let host = format!("get it from {}\n", concat!("py", "pi.org"));
        assert_eq!(failed("README.md", &host), ["registry-host"]);
    }

    #[test]
    fn documents_have_a_length() {
        assert_eq!(
            failed("README.md", &"line\n".repeat(151)),
            ["document-length"]
        );
        assert!(failed("README.md", &"line\n".repeat(150)).is_empty());
    }
}
