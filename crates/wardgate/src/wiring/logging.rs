//! Where log lines go.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Log lines of this process go to standard error. `RUST_LOG` says more exactly which.
pub(crate) fn start_logging(log: Log) {
    let filter = EnvFilter::builder()
        .with_default_directive(log.level.into())
        .from_env_lossy();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let started = match log.format {
        LogFormat::Json => lines.json().with_current_span(false).try_init(),
        LogFormat::Text => {
            let colours = crate::output::Style::of_stderr().is_on();
            lines.with_ansi(colours).with_target(false).try_init()
        }
    };
    // A process that logs already goes on as it does.
    let _ = started;
}
