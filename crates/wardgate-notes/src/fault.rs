//! What is wrong with a template file: where, what, and what to do.

use std::path::PathBuf;

/// A template file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {what}; {hint}", path.display())]
pub struct TemplateFault {
    path: PathBuf,
    line: usize,
    what: String,
    hint: String,
}

impl TemplateFault {
    pub(crate) fn new(
        path: impl Into<PathBuf>,
        line: usize,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            line,
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// The line, from 1; 0 when the fault is of the whole file.
    pub fn line(&self) -> usize {
        self.line
    }
}

/// A fault inside one text; the reader of the file adds the file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misread {
    pub(crate) line: usize,
    pub(crate) what: String,
    pub(crate) hint: String,
}

impl Misread {
    pub(crate) fn new(line: usize, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
            hint: hint.into(),
        }
    }
}
