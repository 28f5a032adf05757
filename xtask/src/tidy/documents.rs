//! Length of the documents at the root.

use super::{Fault, File};

const LINES_MAX: [(&str, usize); 5] = [
    ("README.md", 150),
    ("ARCHITECTURE.md", 300),
    ("CONTRIBUTING.md", 200),
    ("THREATS.md", 300),
    ("DESIGN.md", 600),
];

/// Documents that have grown beyond what a reader reads.
pub(super) fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files {
        let limit = LINES_MAX
            .iter()
            .find(|(name, _)| file.path.as_os_str() == *name);
        let lines = file.text.lines().count();
        if let Some((_, most)) = limit.filter(|(_, most)| lines > *most) {
            let message = format!("{lines} lines, at most {most}");
            faults.push(Fault::new("document-length", &file.path, lines, message));
        }
    }
    faults
}
