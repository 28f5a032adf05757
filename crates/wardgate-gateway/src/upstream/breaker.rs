//! Circuit breakers: an endpoint that failed repeatedly is left alone for a while.
//!
//! Closed until `FAILURES_TO_OPEN` failures in a row; then open for a period that doubles with
//! each failed probe. After the period exactly one call is let through as a probe.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// One breaker per endpoint URL, shared by all threads.
#[derive(Debug, Default)]
pub(crate) struct Breakers {
    states: Mutex<HashMap<String, State>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    failures: u32,
    open_until_ms: u64,
    open_period_ms: u64,
    probing: bool,
}

/// Whether a call may go to an endpoint now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go; report what happened.
    Pass,
    /// Leave it alone for so long.
    Open {
        /// Until the next probe.
        retry_after_ms: u64,
    },
}

impl Breakers {
    /// Asks whether a call may go to the endpoint. A `Pass` must be followed by a report.
    pub(crate) fn ask(&self, endpoint: &str, now_ms: u64) -> Verdict {
        self.with(endpoint, |state| {
            if state.failures < FAILURES_TO_OPEN {
                return Verdict::Pass;
            }
            if now_ms >= state.open_until_ms && !state.probing {
                state.probing = true;
                return Verdict::Pass;
            }
            let left_ms = state.open_until_ms.saturating_sub(now_ms);
            Verdict::Open {
                retry_after_ms: left_ms.max(PROBE_WAIT_MS),
            }
        })
    }

    /// The endpoint answered.
    pub(crate) fn succeeded(&self, endpoint: &str) {
        self.with(endpoint, |state| *state = State::default());
    }

    /// The endpoint failed before it answered.
    pub(crate) fn failed(&self, endpoint: &str, now_ms: u64) {
        self.with(endpoint, |state| {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= FAILURES_TO_OPEN {
                state.open_period_ms = match state.open_period_ms {
                    0 => OPEN_PERIOD_MS_MIN,
                    period => (period * 2).min(OPEN_PERIOD_MS_MAX),
                };
                state.open_until_ms = now_ms.saturating_add(state.open_period_ms);
            }
            state.probing = false;
        });
    }

    /// The call ended without a word on the endpoint's health: the caller went away.
    pub(crate) fn abandoned(&self, endpoint: &str) {
        self.with(endpoint, |state| state.probing = false);
    }

    fn with<R>(&self, endpoint: &str, act: impl FnOnce(&mut State) -> R) -> R {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        match states.get_mut(endpoint) {
            Some(state) => act(state),
            None => act(states.entry(endpoint.to_owned()).or_default()),
        }
    }
}

const FAILURES_TO_OPEN: u32 = 5;
const OPEN_PERIOD_MS_MIN: u64 = 1_000;
const OPEN_PERIOD_MS_MAX: u64 = 30_000;
const PROBE_WAIT_MS: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_repeated_failures_probes_once_and_backs_off() {
        let breakers = Breakers::default();
        for _ in 0..FAILURES_TO_OPEN {
            assert_eq!(breakers.ask("a", 0), Verdict::Pass);
            breakers.failed("a", 0);
        }
        assert_eq!(
            breakers.ask("a", 10),
            Verdict::Open {
                retry_after_ms: 990
            }
        );
        assert_eq!(
            breakers.ask("b", 10),
            Verdict::Pass,
            "another endpoint is not affected"
        );

        assert_eq!(breakers.ask("a", 1_000), Verdict::Pass, "one probe");
        assert!(
            matches!(breakers.ask("a", 1_000), Verdict::Open { .. }),
            "and only one"
        );
        breakers.failed("a", 1_000);
        assert_eq!(
            breakers.ask("a", 1_500),
            Verdict::Open {
                retry_after_ms: 1_500
            },
            "the period doubled"
        );

        assert_eq!(breakers.ask("a", 3_000), Verdict::Pass);
        breakers.succeeded("a");
        assert_eq!(breakers.ask("a", 3_000), Verdict::Pass);
        assert_eq!(breakers.ask("a", 3_000), Verdict::Pass);
    }

    #[test]
    fn an_abandoned_probe_does_not_block_the_next() {
        let breakers = Breakers::default();
        (0..FAILURES_TO_OPEN).for_each(|_| breakers.failed("a", 0));
        assert_eq!(breakers.ask("a", 1_000), Verdict::Pass);
        breakers.abandoned("a");
        assert_eq!(breakers.ask("a", 1_000), Verdict::Pass);
    }
}
