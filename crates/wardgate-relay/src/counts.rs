//! What went through a service, in counts only.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that grow while a service runs.
#[derive(Debug, Default)]
pub struct Counts {
    received: AtomicU64,
    passed: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// The counts of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    /// Records that were received whole, or ended by a fault.
    pub received: u64,
    /// Records that the receiver accepted, or that lie in the folder.
    pub passed: u64,
    /// Records that were refused, by the stable code of the reason.
    pub refused: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub(crate) fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn passed(&self) {
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a refusal, and logs its code.
    pub(crate) fn refused(&self, code: &'static str) {
        tracing::warn!(code, "a record was refused");
        let mut refused = self.refused.lock().unwrap_or_else(|held| held.into_inner());
        *refused.entry(code).or_default() += 1;
    }

    /// The counts of this moment.
    #[must_use]
    pub fn now(&self) -> Tallied {
        let refused = self.refused.lock().unwrap_or_else(|held| held.into_inner());
        Tallied {
            received: self.received.load(Ordering::Relaxed),
            passed: self.passed.load(Ordering::Relaxed),
            refused: refused.clone(),
        }
    }
}
