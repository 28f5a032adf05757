//! What the compiler says, read from its JSON messages.

use std::fmt;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::process;

/// An error of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// As in `E0425`; empty for an error without a code.
    pub(super) code: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            file,
            line,
            message,
        } = self;
        let code = if code.is_empty() { "error" } else { code };
        write!(f, "{code}: {message} ({file}:{line})")
    }
}

/// Runs the compiler and lists its errors; empty when it succeeds.
pub(super) fn complaints(cargo: &mut Command) -> Result<Vec<Complaint>> {
    let output = process::output(cargo)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let complaints: Vec<Complaint> = text.lines().filter_map(complaint).collect();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() == complaints.is_empty(),
        "cargo failed without an error of the compiler:\n{said}"
    );
    Ok(complaints)
}

/// The error in a line of cargo's output, if it holds one.
fn complaint(line: &str) -> Option<Complaint> {
    let value: Value = serde_json::from_str(line).ok()?;
    let message = value.get("message")?;
    let spans = message.get("spans")?.as_array()?;
    let span = spans
        .iter()
        .find(|span| span.get("is_primary") == Some(&Value::Bool(true)))?;
    (message.get("level")?.as_str()? == "error").then(|| Complaint {
        code: message
            .pointer("/code/code")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned(),
        file: span
            .get("file_name")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned(),
        line: span
            .get("line_start")
            .and_then(Value::as_u64)
            .map_or(0, |line| line as usize),
        message: message
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_and_warnings_are_not() {
        let line = |level: &str| {
            format!(
                r#"{{"reason":"compiler-message","message":{{"level":"{level}","message":"cannot find","code":{{"code":"E0425"}},"spans":[{{"is_primary":true,"file_name":"a.rs","line_start":3}}]}}}}"#
            )
        };
        let found = complaint(&line("error")).unwrap();
        assert_eq!(found.to_string(), "E0425: cannot find (a.rs:3)");
        assert_eq!(complaint(&line("warning")), None);
        assert_eq!(complaint("not json"), None);
    }
}
