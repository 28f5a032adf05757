//! Data goes to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::failure::Failure;

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Machines read it: one JSON value on standard output.
    pub(crate) json: bool,
}

impl Output {
    /// One line of data.
    pub(crate) fn line(self, text: &str) {
        // A reader that went away is no reason to fail.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }

    /// A value as JSON, or the lines of the text.
    pub(crate) fn value(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if !self.json {
            return self.line(text().trim_end_matches('\n'));
        }
        // Maps with text keys and numbers always serialise.
        let json = serde_json::to_string_pretty(value).unwrap_or_default();
        self.line(&json);
    }

    /// Something the reader should know, beside the data.
    pub(crate) fn note(self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Why the command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            let faults: Vec<_> = failure
                .faults()
                .iter()
                .map(|fault| {
                    serde_json::json!({
                        "file": fault.file.to_string_lossy(),
                        "line": fault.line,
                        "column": fault.column,
                        "message": fault.message,
                        "hint": fault.hint,
                    })
                })
                .collect();
            let error = serde_json::json!({"error": {
                "message": failure.message(),
                "hint": failure.hint(),
                "faults": faults,
            }});
            return self.line(&error.to_string());
        }
        let style = Style::of_stderr();
        let mut text = String::new();
        for fault in failure.faults() {
            text.push_str(&format!(
                "{fault}\n  {} {}\n",
                style.dim("hint:"),
                fault.hint
            ));
        }
        text.push_str(&format!(
            "{} {}\n{} {}",
            style.red("error:"),
            failure.message(),
            style.dim("hint:"),
            failure.hint()
        ));
        self.note(&text);
    }
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    on: bool,
}

impl Style {
    pub(crate) fn of_stdout() -> Self {
        Self {
            on: wanted() && io::stdout().is_terminal(),
        }
    }

    pub(crate) fn of_stderr() -> Self {
        Self {
            on: wanted() && io::stderr().is_terminal(),
        }
    }

    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.on {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// <https://no-color.org>
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
