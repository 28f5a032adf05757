//! Refusals of callers that nobody knows: counted by code and written together.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use wardgate_ledger::Ledger;
use wardgate_records::RecordId;
use wardgate_records::events::{Event, IdentityRefused, Token};

use crate::refusal::Refusal;

/// Refusals that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    waiting: Mutex<BTreeMap<String, Waiting>>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Strangers {
    /// Counts one refusal. The first of a kind is written at once, the others together with the
    /// next one that comes after the period, or at the end.
    pub(crate) fn count(
        &self,
        refusal: &Refusal,
        now: Timestamp,
        ledger: &Ledger,
        id: impl FnOnce() -> RecordId,
    ) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let written = Waiting {
            count: 0,
            first: now,
            last: now,
        };
        let code = refusal.told_code();
        let (due, slot) = match waiting.get_mut(code.as_ref()) {
            Some(slot) => (
                now.as_millisecond() - slot.first.as_millisecond() >= PERIOD_MS,
                slot,
            ),
            None => (
                true,
                waiting.entry(code.as_ref().to_owned()).or_insert(written),
            ),
        };
        slot.count += 1;
        slot.last = now;
        if due {
            write(&code, *slot, ledger, id());
            *slot = written;
        }
    }

    /// Writes what still waits.
    pub(crate) fn flush(&self, ledger: &Ledger, mut id: impl FnMut() -> RecordId) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for (code, counted) in std::mem::take(&mut *waiting) {
            if counted.count > 0 {
                write(&code, counted, ledger, id());
            }
        }
    }
}

fn write(code: &str, counted: Waiting, ledger: &Ledger, id: RecordId) {
    let event = Event::IdentityRefused(IdentityRefused {
        code: Token::or_unfit(code),
        key: None,
        count: counted.count,
        first: counted.first,
        last: counted.last,
    });
    let written = event
        .leaf(id, counted.last)
        .map(|leaf| ledger.append_detached(leaf));
    if !matches!(written, Ok(Ok(()))) {
        tracing::error!("refusals of unknown callers could not be recorded");
    }
}

const PERIOD_MS: i64 = 60_000;
