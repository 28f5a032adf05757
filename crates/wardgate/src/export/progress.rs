//! How far a long run over entries is: a bar on standard error, when a person looks at it.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over entries, or nothing.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shown on a terminal, and only for runs that a person would wait for.
    pub(crate) fn over(entries: u64, result_on_stdout: bool) -> Self {
        let taken = result_on_stdout && io::stdout().is_terminal();
        if taken || !io::stderr().is_terminal() || entries < LONG_ENTRIES {
            return Self { bar: None };
        }
        let style = ProgressStyle::with_template(TEMPLATE);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: Some(ProgressBar::new(entries).with_style(style)),
        }
    }

    pub(crate) fn passed(&self, entries: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(entries);
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const LONG_ENTRIES: u64 = 20_000;
const TEMPLATE: &str =
    "{bar:32.cyan/blue} {percent:>3} %  {human_pos} of {human_len} entries  {eta} left";
