//! Waiting for the next turn, or for the end.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Rings once, when the work is to be finished.
#[derive(Debug, Default)]
pub(super) struct Bell {
    finishing: Mutex<bool>,
    rung: Condvar,
}

impl Bell {
    pub(super) fn finish(&self) {
        *self
            .finishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.rung.notify_all();
    }

    /// Waits; whether the work is to be finished.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        let mut finishing = self
            .finishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while !*finishing {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            finishing = self
                .rung
                .wait_timeout(finishing, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *finishing
    }
}

/// When to try again after faults: soon at first, then less and less often.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    faults: u32,
}

impl Backoff {
    pub(super) fn is_good(&self) -> bool {
        self.faults == 0
    }

    pub(super) fn after(&mut self, good: bool, usual: Duration) -> Duration {
        if good {
            self.faults = 0;
            return usual;
        }
        self.faults = self.faults.saturating_add(1);
        let grown = FIRST.saturating_mul(1 << self.faults.min(GROWTHS_MAX));
        grown.min(usual.max(FIRST)).min(LONGEST)
    }
}

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
const GROWTHS_MAX: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_tried_again_at_growing_intervals_with_an_end() {
        let mut backoff = Backoff::default();
        let usual = Duration::from_secs(600);
        let waits: Vec<_> = (0..12)
            .map(|_| backoff.after(false, usual).as_secs())
            .collect();
        assert!(
            waits.is_sorted() && waits[0] == 1 && waits[11] == 60,
            "{waits:?}"
        );
        assert_eq!(backoff.after(true, usual), usual);
        assert_eq!(backoff.after(false, usual).as_secs(), 1);
    }
}
