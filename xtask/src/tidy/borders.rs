//! Borders between crates: arrows point down only, every crate inherits the lints, and only the
//! pipeline makes a cleared call.

use super::{Fault, File, line_of, words};

/// Which of our crates a crate may use. One that is not listed may use none.
const ARROWS: [(&str, &[&str]); 23] = [
    ("wardgate-deid", &[]),
    ("wardgate-tlog", &[]),
    ("wardgate-verify", &["wardgate-tlog"]),
    ("wardgate-ledger", &["wardgate-tlog"]),
    ("wardgate-anchor", &["wardgate-ledger", "wardgate-tlog"]),
    ("wardgate-vault", &[]),
    ("wardgate-authz", &[]),
    ("wardgate-assess", &[]),
    ("wardgate-identity", &[]),
    (
        "wardgate-records",
        &[
            "wardgate-authz",
            "wardgate-identity",
            "wardgate-ledger",
            "wardgate-vault",
        ],
    ),
    (
        "wardgate-gateway",
        &[
            "wardgate-authz",
            "wardgate-deid",
            "wardgate-identity",
            "wardgate-ledger",
            "wardgate-records",
            "wardgate-vault",
        ],
    ),
    (
        "wardgate-console",
        &[
            "wardgate-authz",
            "wardgate-deid",
            "wardgate-fhir",
            "wardgate-identity",
            "wardgate-ledger",
            "wardgate-records",
            "wardgate-vault",
        ],
    ),
    ("wardgate-documents", &["wardgate-deid"]),
    ("wardgate-fhir", &["wardgate-deid", "wardgate-documents"]),
    ("wardgate-hl7", &["wardgate-deid", "wardgate-documents"]),
    ("wardgate-dicom", &["wardgate-deid", "wardgate-documents"]),
    ("wardgate-tables", &[]),
    (
        "wardgate-datasets",
        &[
            "wardgate-deid",
            "wardgate-dicom",
            "wardgate-documents",
            "wardgate-fhir",
            "wardgate-hl7",
            "wardgate-tables",
        ],
    ),
    (
        "wardgate-relay",
        &["wardgate-deid", "wardgate-dicom", "wardgate-hl7"],
    ),
    (
        "wardgate-bulk",
        &[
            "wardgate-datasets",
            "wardgate-deid",
            "wardgate-fhir",
            "wardgate-tables",
        ],
    ),
    ("wardgate-notes", &[]),
    ("wardgate-trainer", &["wardgate-deid", "wardgate-notes"]),
    (
        "wardgate",
        &[
            "wardgate-anchor",
            "wardgate-assess",
            "wardgate-authz",
            "wardgate-console",
            "wardgate-datasets",
            "wardgate-deid",
            "wardgate-dicom",
            "wardgate-fhir",
            "wardgate-gateway",
            "wardgate-hl7",
            "wardgate-identity",
            "wardgate-ledger",
            "wardgate-records",
            "wardgate-relay",
            "wardgate-tables",
            "wardgate-tlog",
            "wardgate-vault",
        ],
    ),
];

/// The file that alone may construct a cleared call.
const PIPELINE: &str = "crates/wardgate-gateway/src/pipeline.rs";

/// Arrows that point up, manifests without lints, cleared calls made elsewhere.
pub(super) fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files {
        if file
            .path
            .file_name()
            .is_some_and(|name| name == "Cargo.toml")
        {
            faults.extend(arrows(file));
            faults.extend(lints(file));
        }
        if file.crate_name().is_some() && file.is_rust() && file.path.as_os_str() != PIPELINE {
            faults.extend(cleared(file));
        }
    }
    faults
}

/// Uses of our crates that the table does not permit.
fn arrows(file: &File) -> Vec<Fault> {
    let Some(name) = file.crate_name() else {
        return Vec::new();
    };
    let allowed = ARROWS
        .iter()
        .find(|(from, _)| *from == name)
        .map_or(&[][..], |(_, to)| to);
    let mut faults = Vec::new();
    let mut in_dependencies = false;
    for (number, line) in file.text.lines().enumerate() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
        }
        if !in_dependencies {
            continue;
        }
        for used in our_crates(line) {
            if used != name && !allowed.contains(&used) {
                let message = format!("`{name}` may not use `{used}`");
                faults.push(Fault::new("arrow", &file.path, number + 1, message));
            }
        }
    }
    faults
}

/// Names of our crates in a line of a manifest, each once.
fn our_crates(line: &str) -> Vec<&str> {
    let names = line.split(|c: char| !c.is_alphanumeric() && c != '-');
    let mut ours: Vec<&str> = names
        .filter(|name| ARROWS.iter().any(|(known, _)| known == name))
        .collect();
    ours.dedup();
    ours
}

/// A manifest of a member must inherit the workspace's lints.
fn lints(file: &File) -> Option<Fault> {
    let member = file.crate_name().is_some() || file.path.starts_with("xtask");
    let inherits = file.text.contains("[lints]\nworkspace = true");
    (member && !inherits)
        .then(|| Fault::new("lints", &file.path, 1, "has no `[lints] workspace = true`"))
}

/// Struct literals of the cleared call; signatures and the like are no literals.
fn cleared(file: &File) -> Vec<Fault> {
    let text = &file.blanked;
    let literal = |at: &usize| {
        let after = text.get(at + "Cleared".len()..).unwrap_or("").trim_start();
        let before = text.get(..*at).unwrap_or("").trim_end();
        let item =
            before.ends_with("struct") || before.ends_with("impl") || before.ends_with("for");
        after.starts_with('{') && !item
    };
    words(text, "Cleared")
        .filter(literal)
        .map(|at| {
            let message = "only the pipeline may make a cleared call";
            Fault::new("cleared", &file.path, line_of(text, at), message)
        })
        .collect()
}
