//! Where log lines go.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Log lines of this process go to standard error. `RUST_LOG` says more exactly which.
pub(crate) fn start_logging(log: Log) {
    let filter = EnvFilter::builder()
        .with_default_directive(log.level.into())
        .from_env_lossy();
    let quiet = TELLING.iter().filter_map(|library| library.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
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

/// Libraries whose lines hold what a peer sent: they are silent, whatever level is asked for.
const TELLING: [&str; 5] = [
    "dicom_encoding=off",
    "dicom_object=off",
    "dicom_parser=off",
    "dicom_pixeldata=off",
    "dicom_ul=off",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_that_tells_is_named_as_a_directive() {
        for library in TELLING {
            assert!(
                library
                    .parse::<tracing_subscriber::filter::Directive>()
                    .is_ok()
            );
        }
    }
}
