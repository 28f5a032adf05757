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

    /// Over parts whose number shows on the way; the name says what is done.
    pub(crate) fn of_parts(name: &'static str) -> Self {
        Self::named(name, PARTS)
    }

    /// The same over bytes.
    pub(crate) fn of_bytes(name: &'static str) -> Self {
        Self::named(name, BYTES)
    }

    /// The same over parts whose number never shows.
    pub(crate) fn of_unknown(name: &'static str) -> Self {
        Self::named(name, COUNTED)
    }

    fn named(name: &'static str, template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let style = ProgressStyle::with_template(template);
        let bar =
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar: Some(bar.with_message(name)),
        }
    }

    pub(crate) fn is_at(&self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// What is read from a source passes.
    pub(crate) fn reads<R: io::Read>(&self, source: R) -> impl io::Read {
        let bar = self.bar.clone().unwrap_or_else(ProgressBar::hidden);
        bar.wrap_read(source)
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
const PARTS: &str =
    "{bar:32.cyan/blue} {percent:>3} %  {msg}  {pos} of {len}  {per_sec}  {eta} left";
const BYTES: &str = "{bar:32.cyan/blue} {percent:>3} %  {msg}  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
const COUNTED: &str = "{spinner} {msg}  {human_pos}  {per_sec}  {elapsed}";
const UNKNOWN: &str = "{spinner} {bytes}  {bytes_per_sec}  {elapsed}";
