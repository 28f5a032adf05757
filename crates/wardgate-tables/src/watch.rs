//! What a search asks and tells while it works.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::release::{Step, Surroundings};

/// The eyes of a caller on a search. Threads share it.
pub(crate) struct Watch<'s> {
    stop: Option<&'s (dyn Fn() -> bool + Sync)>,
    progress: Option<&'s (dyn Fn(Step) + Sync)>,
    done: AtomicU64,
    total: AtomicU64,
}

impl<'s> Watch<'s> {
    pub(crate) fn new(around: &Surroundings<'s>) -> Self {
        Self {
            stop: around.stop,
            progress: around.progress,
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
        }
    }

    /// Whether the caller wants the work to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop())
    }

    /// So many more parts are to be done.
    pub(crate) fn expect(&self, parts: usize) {
        self.total.fetch_add(parts as u64, Ordering::Relaxed);
        self.pass(0);
    }

    /// So many parts are done.
    pub(crate) fn pass(&self, parts: usize) {
        let parts = parts as u64;
        let done = self.done.fetch_add(parts, Ordering::Relaxed) + parts;
        let total = self.total.load(Ordering::Relaxed);
        if let Some(progress) = self.progress {
            progress(Step::Searching { done, total });
        }
    }
}
