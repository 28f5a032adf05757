//! How far a rotation is: a bar for people, lines for machines, both on standard error.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// Counts keys and records that were seen.
pub(super) struct Progress {
    output: Output,
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
}

impl Progress {
    pub(super) fn new(total: u64, output: Output) -> Self {
        let bar = (!output.json && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template(TEMPLATE);
            ProgressBar::new(total)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self {
            output,
            bar,
            total,
            done: 0,
        }
    }

    pub(super) fn seen(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        let step = (self.total / LINES).max(1);
        if self.output.json && (self.done.is_multiple_of(step) || self.done == self.total) {
            let line = serde_json::json!({"done": self.done, "total": self.total});
            self.output.note(&line.to_string());
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const TEMPLATE: &str = "{bar:32.cyan/blue} {percent:>3} %  {pos} of {len}  {eta} left";
/// About how many lines a machine gets.
const LINES: u64 = 100;
