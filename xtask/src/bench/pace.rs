//! The only place of the bench that waits for time to pass: pacing is what a bench is about.

use std::time::{Duration, Instant};

/// Waits for a while.
pub(crate) fn pause(time: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench keeps a rate, and a rate is time"
    )]
    std::thread::sleep(time);
}

/// Waits until an instant; at once when it has passed.
pub(crate) fn until(instant: Instant) {
    pause(instant.saturating_duration_since(Instant::now()));
}
