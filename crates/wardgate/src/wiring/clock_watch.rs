//! Sees a wall clock that moves otherwise than time does.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;
use wardgate_ledger::Ledger;
use wardgate_records::RecordId;
use wardgate_records::events::{ClockAnomaly, Event};
use wardgate_vault::Vault;

use super::{now, recovery};

/// Records every step of the wall clock until the node stops.
pub(super) async fn record_steps(
    ledger: Ledger,
    vault: Arc<Vault>,
    boot: RecordId,
    mut stopped: watch::Receiver<bool>,
) {
    let start = Instant::now();
    let mut clocks = ClockWatch::new(now(), Duration::ZERO);
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            _ = look.tick() => {}
        }
        let Some(step) = clocks.look(now(), start.elapsed()) else {
            continue;
        };
        tracing::warn!(before = %step.before, after = %step.after, "the clock was set");
        let anomaly = Event::ClockAnomaly(ClockAnomaly {
            boot,
            before: step.before,
            after: step.after,
            monotonic_ms: step.monotonic_ms,
        });
        if let Err(failure) = recovery::append(&ledger, &vault, &anomaly).await {
            let message = failure.message();
            tracing::error!(message, "a step of the clock could not be recorded");
        }
    }
}

/// Both clocks as they were when last looked at.
#[derive(Debug)]
struct ClockWatch {
    wall: Timestamp,
    elapsed: Duration,
}

/// A step of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    before: Timestamp,
    after: Timestamp,
    monotonic_ms: u64,
}

impl ClockWatch {
    /// `elapsed` is the time since any fixed moment, by a clock that nobody sets.
    fn new(wall: Timestamp, elapsed: Duration) -> Self {
        Self { wall, elapsed }
    }

    /// Looks at both clocks; a step is told once.
    fn look(&mut self, wall: Timestamp, elapsed: Duration) -> Option<Step> {
        let passed = elapsed.saturating_sub(self.elapsed);
        let before = self.wall;
        let moved = wall.duration_since(before);
        (self.wall, self.elapsed) = (wall, elapsed);
        let passed_signed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let apart = moved.checked_sub(passed_signed).map(SignedDuration::abs);
        if apart.is_some_and(|apart| apart <= STEP_MIN) {
            return None;
        }
        Some(Step {
            before,
            after: wall,
            monotonic_ms: u64::try_from(passed.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Below this, two looks may just have been late; the facts are allowed to be older than it.
const STEP_MIN: SignedDuration = SignedDuration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The wall clock seen second by second, and what was told.
    fn told(walls: &[&str]) -> Vec<usize> {
        let mut watch = ClockWatch::new(at(walls[0]), Duration::from_secs(100));
        let mut steps = Vec::new();
        for (look, wall) in walls.iter().enumerate().skip(1) {
            let elapsed = Duration::from_secs(100 + look as u64);
            if let Some(step) = watch.look(at(wall), elapsed) {
                assert_eq!(
                    (step.before, step.after, step.monotonic_ms),
                    (at(walls[look - 1]), at(wall), 1_000)
                );
                steps.push(look);
            }
        }
        steps
    }

    #[test]
    fn a_clock_that_goes_on_is_no_step() {
        let slewed = [
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:01.4Z",
            "2026-11-23T10:00:02.1Z",
            "2026-11-23T10:00:04Z",
        ];
        assert!(told(&slewed).is_empty());
    }

    #[test]
    fn each_jump_is_told_once_in_both_directions() {
        let jumping = [
            "2026-11-23T10:00:00Z",
            "2026-11-23T11:00:01Z",
            "2026-11-23T11:00:02Z",
            "2026-11-23T10:00:03Z",
            "2036-11-23T10:00:04Z",
            "2036-11-23T10:00:05Z",
            "2026-11-23T10:00:06Z",
            "2026-11-23T10:00:07Z",
        ];
        assert_eq!(told(&jumping), [1, 3, 4, 6]);
    }

    #[test]
    fn a_process_that_was_held_up_is_no_step() {
        let mut watch = ClockWatch::new(at("2026-11-23T10:00:00Z"), Duration::ZERO);
        let later = watch.look(at("2026-11-23T10:10:00Z"), Duration::from_secs(600));
        assert_eq!(later, None);
        // A machine that slept: its monotonic clock stood still, the wall clock did not.
        let slept = watch.look(at("2026-11-23T12:00:00Z"), Duration::from_secs(601));
        assert!(slept.is_some());
    }
}
