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
    /// The anchors of the ledger. One that is lost is told, and does not make a node unready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
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
            anchors: Vec::new(),
        }
    }

    /// Looks at the ledger and at the age of the records.
    pub fn of(ledger: &Health, as_of: Timestamp, age_max_ms: u64, now: Timestamp) -> Self {
        let checks = vec![check_ledger(ledger), check_records(as_of, age_max_ms, now)];
        Self {
            ready: checks.iter().all(|check| check.ok),
            checks,
            anchors: Vec::new(),
        }
    }
}

/// A party outside that the ledger is anchored to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// Witness, timestamp or copy.
    pub kind: &'static str,
    /// Its name in policy or configuration.
    pub name: String,
    /// Good, late, failing or contradicting.
    pub state: &'static str,
    /// When it last did what it was asked.
    pub since: Timestamp,
    /// Up to which size of the ledger.
    pub size: u64,
}

/// The anchors in the text format of Prometheus.
pub(crate) fn anchor_metrics(anchors: &[Anchor]) -> String {
    if anchors.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "# HELP wardgate_anchor_good Whether an anchor of the ledger does what it is asked.\n\
         # TYPE wardgate_anchor_good gauge\n",
    );
    let mut sizes = String::from(
        "# HELP wardgate_anchor_entries Up to which size an anchor has the ledger.\n\
         # TYPE wardgate_anchor_entries gauge\n",
    );
    for anchor in anchors {
        let Anchor { kind, state, .. } = anchor;
        // A name may hold anything that is not a space.
        let name: String = anchor.name.escape_default().collect();
        let good = u8::from(*state == "good");
        text.push_str(&format!(
            "wardgate_anchor_good{{kind=\"{kind}\",name=\"{name}\"}} {good}\n"
        ));
        sizes.push_str(&format!(
            "wardgate_anchor_entries{{kind=\"{kind}\",name=\"{name}\"}} {}\n",
            anchor.size
        ));
    }
    text + &sizes
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

    #[test]
    fn anchors_are_told_and_a_lost_one_does_not_make_a_node_unready() {
        let mut readiness = readiness(&Health::Good, "2026-11-23T10:00:00Z");
        readiness.anchors.push(Anchor {
            kind: "witness",
            name: "w\"1".to_owned(),
            state: "failing",
            since: Timestamp::UNIX_EPOCH,
            size: 7,
        });
        assert!(readiness.ready);
        let metrics = anchor_metrics(&readiness.anchors);
        let line = r#"wardgate_anchor_good{kind="witness",name="w\"1"} 0"#;
        assert!(metrics.contains(line), "{metrics}");
        assert!(anchor_metrics(&[]).is_empty());
    }
}
