//! How far a long run is: a bar on standard error, when a person looks at it.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over the bytes of the input, or nothing.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shown only on a terminal that is not needed for the result; without a total, it counts.
    pub(crate) fn new(total: Option<u64>, result_on_stdout: bool) -> Self {
        let taken = result_on_stdout && io::stdout().is_terminal();
        if taken || !io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), KNOWN),
            None => (ProgressBar::no_length(), UNKNOWN),
        };
        let style = ProgressStyle::with_template(template);
        Self {
            bar: Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))),
        }
    }

    pub(crate) fn passed(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const KNOWN: &str =
    "{bar:32.cyan/blue} {percent:>3} %  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
const UNKNOWN: &str = "{spinner} {bytes}  {bytes_per_sec}  {elapsed}";
