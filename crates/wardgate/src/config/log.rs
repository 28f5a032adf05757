//! How the server logs.

use super::fields::Reader;

/// How the server logs. Logs never hold patient data, prompts or keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: tracing::Level,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: tracing::Level::INFO,
        }
    }
}

/// For whom log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// People.
    Text,
    /// Machines: one JSON object a line.
    Json,
}

pub(super) fn read(reader: &Reader) -> Option<Log> {
    let section = reader.section("log");
    let format = section.word(
        "format",
        &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        "Form of log lines on standard error.",
    );
    let level = section.word(
        "level",
        &[
            ("info", tracing::Level::INFO),
            ("debug", tracing::Level::DEBUG),
            ("warn", tracing::Level::WARN),
            ("error", tracing::Level::ERROR),
        ],
        "Least severity that is logged.",
    );
    section.end();
    Some(Log {
        format: format?,
        level: level?,
    })
}
