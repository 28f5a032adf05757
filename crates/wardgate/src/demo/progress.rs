//! What the demo is doing, while it does it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{Output, Style};

/// A line that changes in a terminal, and lines that stay elsewhere.
pub(super) struct Progress {
    bar: ProgressBar,
    output: Output,
    style: Style,
}

impl Progress {
    pub(super) fn new(output: Output, scenes: u64) -> Self {
        let bar = if output.json {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(scenes)
        };
        let template = "{spinner} {bar:24} {pos:>2}/{len}  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━╌"));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            output,
            style: Style::of_stderr(),
        }
    }

    /// A larger step of the preparation.
    pub(super) fn phase(&self, text: &str) {
        if self.output.json {
            return;
        }
        let line = format!("{} {text}", self.style.dim("·"));
        self.bar.suspend(|| self.output.note(&line));
    }

    /// What is being tried.
    pub(super) fn tell(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    pub(super) fn step(&self, as_stated: bool) {
        self.bar.inc(1);
        if !as_stated && !self.output.json {
            let line = format!(
                "{} {}",
                self.style.red("not as stated:"),
                self.bar.message()
            );
            self.bar.suspend(|| self.output.note(&line));
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
