//! Counts of what the gate did; never anything about whom.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use wardgate_ledger::Ledger;

use crate::refusal::Refusal;

/// All counters of a gate.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub answered: AtomicU64,
    pub streamed: AtomicU64,
    pub restored: AtomicU64,
    pub replaced: AtomicU64,
    refused: Mutex<BTreeMap<String, u64>>,
}

impl Counters {
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match refused.get_mut(refusal.code()) {
            Some(count) => *count += 1,
            None => {
                refused.insert(refusal.code().to_owned(), 1);
            }
        }
    }

    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn render(&self, ledger: &Ledger) -> String {
        let mut out = String::new();
        let plain = [
            (
                "wardgate_calls_answered_total",
                "Calls answered by a system.",
                &self.answered,
            ),
            (
                "wardgate_calls_streamed_total",
                "Answered calls that came as a stream.",
                &self.streamed,
            ),
            (
                "wardgate_placeholders_restored_total",
                "Placeholders restored in answers.",
                &self.restored,
            ),
            (
                "wardgate_identifiers_replaced_total",
                "Identifiers replaced in requests.",
                &self.replaced,
            ),
        ];
        for (name, help, counter) in plain {
            metric(
                &mut out,
                name,
                help,
                "counter",
                counter.load(Ordering::Relaxed),
            );
        }
        metric(
            &mut out,
            "wardgate_ledger_entries",
            "Entries of the ledger.",
            "gauge",
            ledger.size(),
        );
        let name = "wardgate_calls_refused_total";
        // Writing to a String can not fail.
        let _ = writeln!(
            out,
            "# HELP {name} Calls refused, by code.\n# TYPE {name} counter"
        );
        for (code, count) in self
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            let _ = writeln!(out, "{name}{{code=\"{code}\"}} {count}");
        }
        out
    }
}

fn metric(out: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    // Writing to a String can not fail.
    let _ = writeln!(
        out,
        "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
    );
}
