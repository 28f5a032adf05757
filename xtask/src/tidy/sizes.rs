//! Length of files and functions, in production lines.

use super::{Fault, File};
use crate::source;

/// A file above this is worth a thought.
const FILE_LINES_NOTED: usize = 400;
/// A file above this is a fault.
const FILE_LINES_MAX: usize = 800;
/// A function whose body has more lines of code than this is a fault.
const FUNCTION_LINES_MAX: usize = 70;

/// Files and functions that are too long.
pub(super) fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in production(files) {
        let place = file.path.display().to_string();
        let lines = production_lines(file);
        if lines > FILE_LINES_MAX {
            let message = format!("{lines} production lines, at most {FILE_LINES_MAX}");
            let place = place.clone();
            faults.push(Fault {
                check: "file-length",
                place,
                size: lines,
                message,
            });
        }
        for function in source::functions(&source::without_tests(&file.blanked)) {
            let size = function.code_lines;
            if size > FUNCTION_LINES_MAX {
                faults.push(Fault {
                    check: "function-length",
                    place: format!("{place}::{}", function.name),
                    size,
                    message: format!(
                        "line {}: {size} lines of code, at most {FUNCTION_LINES_MAX}",
                        function.line
                    ),
                });
            }
        }
    }
    faults
}

/// Files that are long, but not yet too long.
pub(super) fn warnings(files: &[File]) -> Vec<String> {
    let long = production(files).map(|file| (production_lines(file), file));
    let long = long.filter(|(lines, _)| (FILE_LINES_NOTED..=FILE_LINES_MAX).contains(lines));
    long.map(|(lines, file)| format!("{} has {lines} lines; aim for 300", file.path.display()))
        .collect()
}

/// Rust files that are not tests.
fn production(files: &[File]) -> impl Iterator<Item = &File> {
    files
        .iter()
        .filter(|file| file.is_rust() && !file.is_test())
}

/// Lines of a file without its test modules.
fn production_lines(file: &File) -> usize {
    let all = file.blanked.lines();
    let code = source::without_tests(&file.blanked);
    let of_tests = all
        .zip(code.lines())
        .filter(|(with, without)| with != without)
        .count();
    file.text.lines().count().saturating_sub(of_tests)
}
