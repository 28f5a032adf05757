//! `docs/faults.md`: each of the twenty faults has a test that exists, or says that it has none.

use std::path::Path;

use super::{Fault, File};

const PAGE: &str = "docs/faults.md";
const FAULTS: usize = 20;
/// How a part that no test shows is marked.
const NOT_SHOWN: &str = "- not shown:";

/// Faults that the page leaves out, and tests that it names and nobody finds.
pub(super) fn check(files: &[File]) -> Vec<Fault> {
    let Some(page) = files.iter().find(|file| file.path.as_os_str() == PAGE) else {
        let missing = Fault::new("fault-coverage", Path::new(PAGE), 1, "the page is missing");
        return vec![missing];
    };
    let mut faults = Vec::new();
    let mut shown = [0_usize; FAULTS];
    let mut section = None;
    for (at, line) in page.text.lines().enumerate() {
        if let Some(title) = line.strip_prefix("### ") {
            section = title
                .split_once(". ")
                .and_then(|(number, _)| number.parse::<usize>().ok())
                .filter(|number| (1..=FAULTS).contains(number));
            continue;
        }
        let named = line.strip_prefix("- `").map(|rest| exists(rest, files));
        if let Some(Err(missing)) = &named {
            faults.push(Fault::new(
                "fault-coverage",
                &page.path,
                at + 1,
                missing.clone(),
            ));
        }
        let counts = matches!(named, Some(Ok(()))) || line.starts_with(NOT_SHOWN);
        if let (true, Some(number)) = (counts, section)
            && let Some(count) = shown.get_mut(number - 1)
        {
            *count += 1;
        }
    }
    for (at, count) in shown.iter().enumerate() {
        if *count == 0 {
            let message = format!(
                "fault {} has neither a test nor a line `{NOT_SHOWN} ...`",
                at + 1
            );
            faults.push(Fault::new("fault-coverage", &page.path, 1, message));
        }
    }
    faults
}

/// Whether the test is there that a line names: a file and a function, or a command of xtask.
fn exists(rest: &str, files: &[File]) -> Result<(), String> {
    let mut parts = rest.split('`');
    let place = parts.next().unwrap_or("");
    if let Some(command) = place.strip_prefix("cargo xtask ") {
        let name = command.split(' ').next().unwrap_or("").replace('-', "_");
        let source = format!("xtask/src/{name}.rs");
        return found(files, &source, "pub(crate) fn run(")
            .then_some(())
            .ok_or_else(|| format!("there is no command `{place}`"));
    }
    let name = parts.nth(1).unwrap_or("");
    let function = if place.ends_with(".go") {
        format!("func {name}(")
    } else {
        format!("fn {name}(")
    };
    if !name.is_empty() && found(files, place, &function) {
        return Ok(());
    }
    Err(format!("there is no test `{name}` in `{place}`"))
}

fn found(files: &[File], path: &str, text: &str) -> bool {
    files
        .iter()
        .any(|file| file.path.as_os_str() == path && file.text.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File::new(path.into(), text.to_owned())
    }

    fn page(change: impl Fn(usize) -> String) -> Vec<File> {
        let sections = (1..=FAULTS).map(|number| format!("### {number}. x\n{}\n", change(number)));
        vec![
            file(PAGE, &sections.collect::<String>()),
            file("a/tests/it/b.rs", "#[test]\nfn it_holds() {}\n"),
            file("xtask/src/foreign.rs", "pub(crate) fn run() {}"),
        ]
    }

    #[test]
    fn tests_that_exist_and_open_gaps_cover() {
        let covered = page(|number| match number {
            1 => "- `cargo xtask foreign`: all".to_owned(),
            18 => "- not shown: there are no tokens yet".to_owned(),
            _ => "- `a/tests/it/b.rs` `it_holds`: this".to_owned(),
        });
        assert!(check(&covered).is_empty());
    }

    #[test]
    fn a_gap_and_a_test_that_is_gone_are_faults() {
        let gone = |line: &'static str| {
            let files = page(move |number| {
                let wrong = number == 7;
                if wrong {
                    line
                } else {
                    "- `a/tests/it/b.rs` `it_holds`"
                }
                .to_owned()
            });
            check(&files).len()
        };
        assert_eq!(gone(""), 1);
        assert_eq!(gone("- `a/tests/it/b.rs` `it_held`: renamed"), 2);
        assert_eq!(gone("- `a/tests/it/c.rs` `it_holds`: moved"), 2);
        assert_eq!(gone("- `cargo xtask nothing`: gone"), 2);
        assert_eq!(check(&[]).len(), 1);
    }
}
