//! `xtask/tidy-exceptions.txt`: sizes that are accepted for a stated reason. The list may only
//! shrink: an entry that is no longer needed, or allows more than is needed, is a fault itself.

use anyhow::{Context, Result, ensure};

use super::Fault;
use crate::workspace::Workspace;

const FILE: &str = "xtask/tidy-exceptions.txt";

/// How many entries there may be. Lower it with every entry that goes.
const ENTRIES_MAX: usize = 0;

/// The accepted sizes.
#[derive(Debug)]
pub(super) struct Exceptions(Vec<Exception>);

#[derive(Debug)]
struct Exception {
    check: String,
    place: String,
    size: usize,
}

/// Reads the list: `<check> <place> <size>: <reason>`, one per line; `#` starts a comment.
pub(super) fn read(workspace: &Workspace) -> Result<Exceptions> {
    let path = workspace.root.join(FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{FILE}`"))?;
    let exceptions = parse(&text)?;
    ensure!(
        (0..=ENTRIES_MAX).contains(&exceptions.0.len()),
        "`{FILE}` has {} entries, at most {ENTRIES_MAX}: it may only shrink",
        exceptions.0.len()
    );
    Ok(exceptions)
}

fn parse(text: &str) -> Result<Exceptions> {
    let mut list = Vec::new();
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let wrong = || format!("`{FILE}`: not `<check> <place> <size>: <reason>`: `{line}`");
        let (entry, reason) = line.split_once(": ").with_context(wrong)?;
        let mut parts = entry.split_whitespace();
        let (check, place) = (
            parts.next().with_context(wrong)?,
            parts.next().with_context(wrong)?,
        );
        let size = parts
            .next()
            .and_then(|size| size.parse().ok())
            .with_context(wrong)?;
        ensure!(
            !reason.trim().is_empty(),
            "`{FILE}`: no reason given: `{line}`"
        );
        list.push(Exception {
            check: check.into(),
            place: place.into(),
            size,
        });
    }
    Ok(Exceptions(list))
}

impl Exceptions {
    /// The faults that no entry accepts, and the entries that accept nothing.
    pub(super) fn apply(&self, faults: Vec<Fault>) -> Vec<Fault> {
        let covers = |entry: &Exception, fault: &Fault| {
            entry.check == fault.check && entry.place == fault.place && fault.size <= entry.size
        };
        let stale = self.0.iter().filter(|entry| {
            !faults
                .iter()
                .any(|fault| covers(entry, fault) && fault.size == entry.size)
        });
        let stale: Vec<Fault> = stale
            .map(|entry| Fault {
                check: "exception",
                place: entry.place.clone(),
                size: entry.size,
                message: format!("`{FILE}` accepts {}, which is not its size", entry.size),
            })
            .collect();
        let open = |fault: &Fault| !self.0.iter().any(|entry| covers(entry, fault));
        faults.into_iter().filter(open).chain(stale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(size: usize) -> Fault {
        let message = String::new();
        Fault {
            check: "file-length",
            place: "a.rs".into(),
            size,
            message,
        }
    }

    #[test]
    fn an_exception_covers_its_size_and_no_more() {
        let list = parse("# sizes\nfile-length a.rs 900: a table\n").unwrap();
        assert!(list.apply(vec![fault(900)]).is_empty());
        assert_eq!(list.apply(vec![fault(901)]).len(), 2);
        assert_eq!(list.apply(vec![fault(850)]).len(), 1);
        assert_eq!(list.apply(Vec::new()).len(), 1);
    }

    #[test]
    fn an_exception_needs_a_reason() {
        assert!(parse("file-length a.rs 900").is_err());
        assert!(parse("file-length a.rs many: because").is_err());
    }
}
