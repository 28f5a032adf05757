//! What is wrong in a declared file, and where.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One fault of one declared file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whether it stops the apply.
    pub severity: Severity,
    /// The file as it was named.
    pub file: PathBuf,
    /// The line, from 1. 0 when the fault is about the whole file.
    pub line: u32,
    /// The column, from 1. 0 when only the line is known.
    pub column: u32,
    /// What is wrong. Never holds a secret or a value of a patient's record.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// Whether a fault stops the apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is applied.
    Error,
    /// The record is applied; it may not do what its author expects.
    Warning,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, ": {severity}: {}", self.message)
    }
}

/// Where in the files something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: Arc<Path>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// The file as a whole.
    pub(crate) fn whole(file: &Arc<Path>) -> Self {
        Self {
            file: Arc::clone(file),
            line: 0,
            column: 0,
        }
    }

    pub(crate) fn error(&self, message: impl Into<String>, hint: impl Into<String>) -> Fault {
        self.fault(Severity::Error, message.into(), hint.into())
    }

    pub(crate) fn warning(&self, message: impl Into<String>, hint: impl Into<String>) -> Fault {
        self.fault(Severity::Warning, message.into(), hint.into())
    }

    fn fault(&self, severity: Severity, message: String, hint: String) -> Fault {
        Fault {
            severity,
            file: self.file.to_path_buf(),
            line: self.line,
            column: self.column,
            message,
            hint,
        }
    }
}

/// Finds the line and column of byte offsets in a text, each in logarithmic time: a file may
/// hold thousands of resources.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// The line and column, from 1, of a byte offset.
    pub(crate) fn place(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        (
            number(line),
            number(before.chars().count()).saturating_add(1),
        )
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
