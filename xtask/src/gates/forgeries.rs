//! Forgeries: sources in `tests/forgeries` that try to make, copy or exchange a proof. Each is added
//! to the gateway as a module of its own, where it sees as much as the rest of the gateway does; the
//! compiler must complain on exactly the lines that say so, as in `//~ E0277`.

use anyhow::{Context, Result, ensure};

use super::compiler::Complaint;
use super::copy::Copy;

/// The root of the gateway, which gets the forgery as a module.
const ROOT: &str = "crates/wardgate-gateway/src/lib.rs";
/// Where the forgery is put.
const PLACE: &str = "crates/wardgate-gateway/src/forgery.rs";
/// Starts the part of a line that names the error which the compiler must report there.
const MARK: &str = "//~ ";
/// Written for an error that has no code.
const NO_CODE: &str = "error";

/// Compiles the gateway with each forgery; returns what went otherwise than stated.
pub(super) fn run(copy: &Copy<'_>, only: Option<&str>) -> Result<Vec<String>> {
    let directory = copy.original().join("tests").join("forgeries");
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&directory).context("cannot read `tests/forgeries`")? {
        paths.push(entry?.path());
    }
    paths.sort();
    ensure!(!paths.is_empty(), "there are no forgeries");
    let root = copy.read(ROOT)?;
    let mut faults = Vec::new();
    for path in paths {
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        copy.write(PLACE, &text)?;
        copy.write(ROOT, &format!("{root}\nmod forgery;\n"))?;
        let complaints = copy.check()?;
        let found = judge(&text, &complaints);
        if found.is_empty() {
            println!(
                "  forgery `{name}`: {} attempts refused",
                expected(&text).len()
            );
        }
        faults.extend(
            found
                .iter()
                .map(|fault| format!("forgery `{name}`: {fault}")),
        );
    }
    copy.write(ROOT, &root)?;
    copy.remove(PLACE)?;
    Ok(faults)
}

/// The errors that a forgery says it must meet: line and code.
fn expected(text: &str) -> Vec<(usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| line.split_once(MARK).map(|(_, code)| (at + 1, code.trim())))
        .collect()
}

/// Lines that the compiler should have refused and did not, or the other way round.
fn judge(text: &str, complaints: &[Complaint]) -> Vec<String> {
    let expected = expected(text);
    let mut faults = Vec::new();
    if expected.is_empty() {
        faults.push("expects no error".to_owned());
    }
    let code = |complaint: &Complaint| match complaint.code.as_str() {
        "" => NO_CODE.to_owned(),
        code => code.to_owned(),
    };
    for (line, wanted) in &expected {
        let met = complaints
            .iter()
            .any(|complaint| complaint.line == *line && code(complaint) == *wanted);
        if !met {
            faults.push(format!("line {line} is not refused with {wanted}"));
        }
    }
    for complaint in complaints {
        let stated = expected
            .iter()
            .any(|(line, wanted)| complaint.line == *line && code(complaint) == *wanted);
        if complaint.file != PLACE || !stated {
            faults.push(format!("fails for another reason: {complaint}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(code: &str, line: usize) -> Complaint {
        Complaint {
            code: code.into(),
            file: PLACE.into(),
            line,
            message: String::new(),
        }
    }

    #[test]
    fn exactly_the_marked_lines_must_be_refused() {
        let text = "fn make() {\n    Permit {} //~ error\n}\nfn copy() { p.clone() } //~ E0277\n";
        assert!(judge(text, &[complaint("", 2), complaint("E0277", 4)]).is_empty());
        assert_eq!(judge(text, &[complaint("", 2)]).len(), 1);
        assert_eq!(
            judge(text, &[complaint("", 2), complaint("E0277", 5)]).len(),
            2
        );
        assert_eq!(judge("fn f() {}", &[]).len(), 1);
    }
}
