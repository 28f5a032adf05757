//! Whether this node can serve calls.

use jiff::Timestamp;
use serde::Serialize;
use wardgate_ledger::Health;

/// The answer of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether every check passed.
    pub ready: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// How it stands, in a few words. Causes stand in the log, which not everybody may read.
    pub state: &'static str,
}

impl Readiness {
    /// A node without keys.
    pub fn sealed() -> Self {
        Self {
            ready: false,
            checks: vec![Check {
                name: "vault",
                ok: false,
                state: "sealed: the key provider does not give the root key",
            }],
        }
    }

    /// Looks at the ledger and at the age of the records.
    pub fn of(ledger: &Health, as_of: Timestamp, age_max_ms: u64, now: Timestamp) -> Self {
        let checks = vec![check_ledger(ledger), check_records(as_of, age_max_ms, now)];
        Self {
            ready: checks.iter().all(|check| check.ok),
            checks,
        }
    }
}

fn check_ledger(health: &Health) -> Check {
    let state = match health {
        Health::Good => "takes entries",
        Health::Failing { .. } => "can not write; tries again",
        Health::Full { .. } => "has no room; takes only what ends something",
        Health::Stopped { .. } => "stopped for good",
        Health::Unpublished { .. } => "can not publish",
        _ => "closed",
    };
    Check {
        name: "ledger",
        ok: *health == Health::Good,
        state,
    }
}

fn check_records(as_of: Timestamp, age_max_ms: u64, now: Timestamp) -> Check {
    let age_ms = now.as_millisecond().saturating_sub(as_of.as_millisecond());
    let fresh = u64::try_from(age_ms).unwrap_or(0) <= age_max_ms;
    Check {
        name: "records",
        ok: fresh,
        state: if fresh { "fresh" } else { "too old to decide" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readiness(health: &Health, now: &str) -> Readiness {
        let as_of = "2026-11-23T10:00:00Z".parse().unwrap();
        Readiness::of(health, as_of, 10_000, now.parse().unwrap())
    }

    #[test]
    fn ready_means_a_ledger_that_takes_entries_and_fresh_records() {
        assert!(readiness(&Health::Good, "2026-11-23T10:00:10Z").ready);
        assert!(!readiness(&Health::Good, "2026-11-23T10:00:10.001Z").ready);
        assert!(!readiness(&Health::Closed, "2026-11-23T10:00:00Z").ready);
    }

    #[test]
    fn a_clock_that_went_back_does_not_make_records_old() {
        assert!(readiness(&Health::Good, "2026-11-23T09:00:00Z").ready);
    }

    #[test]
    fn the_cause_of_a_stopped_ledger_is_not_told_to_everybody() {
        let health = Health::Stopped {
            reason: "/var/secret".into(),
        };
        let readiness = readiness(&health, "2026-11-23T10:00:00Z");
        assert!(!readiness.ready);
        assert!(
            !serde_json::to_string(&readiness)
                .unwrap()
                .contains("secret")
        );
    }
}
