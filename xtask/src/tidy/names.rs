//! Names of modules and crates: a name must say what is inside.

use super::{Fault, File};

/// Names that say nothing. A shared word lives with its owner.
const EMPTY_NAMES: [&str; 10] = [
    "common", "core", "types", "util", "utils", "helper", "helpers", "shared", "misc", "mod",
];

/// Rust files and their directories with a name that says nothing.
pub(super) fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let parts = file.path.iter().filter_map(|part| part.to_str());
        let empty = parts.map(|part| part.trim_end_matches(".rs")).find(|name| {
            let last = name.rsplit('-').next().unwrap_or(name);
            EMPTY_NAMES.contains(&last)
        });
        if let Some(name) = empty {
            let message = format!("`{name}` says nothing about what it holds");
            faults.push(Fault::new("name", &file.path, 1, message));
        }
    }
    faults
}
