//! How far an anonymisation is: stage by stage, with rate and time that is left.

use std::sync::{Mutex, PoisonError};

use wardgate_tables::{Step, Unit};

use crate::progress::Progress;

/// How far the work is, on a bar for each stage.
#[derive(Default)]
pub(super) struct Stages(Mutex<Option<(&'static str, Progress)>>);

impl Stages {
    pub(super) fn tell(&self, step: Step) {
        let (name, unit, done, total) = match step {
            Step::Loading(at) => ("reading", Some(at.unit), at.done, at.total),
            Step::Reading => ("counting alike rows", None, 0, 0),
            Step::Searching { done, total } => ("searching", None, done, total),
            Step::Writing(at) => ("writing", Some(at.unit), at.done, at.total),
            Step::Checking(at) => ("checking", Some(at.unit), at.done, at.total),
            _ => return,
        };
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *stage {
            Some((known, progress)) if *known == name => progress.is_at(done, total),
            stage => {
                if let Some((_, before)) = stage.take() {
                    before.finish();
                }
                let progress = match unit {
                    Some(Unit::Bytes) => Progress::of_bytes(name),
                    _ if total > 0 || name == "searching" => Progress::of_parts(name),
                    _ => Progress::of_unknown(name),
                };
                progress.is_at(done, total);
                *stage = Some((name, progress));
            }
        }
    }

    pub(super) fn finish(&self) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, progress)) = stage.take() {
            progress.finish();
        }
    }
}
