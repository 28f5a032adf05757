//! How emergency access is brought to people's notice: a warning in the log, metrics, a banner.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use wardgate_records::{BreakGlass, Snapshot};

/// What awaits the privacy officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Awaiting {
    /// Accesses that are open now.
    pub(crate) open: usize,
    /// Accesses that nobody has reviewed, open ones among them.
    pub(crate) unreviewed: usize,
}

impl Awaiting {
    pub(crate) fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        let mut awaiting = Self {
            open: 0,
            unreviewed: 0,
        };
        for access in snapshot.break_glass_unreviewed() {
            awaiting.unreviewed += 1;
            awaiting.open += usize::from(access.is_open(now));
        }
        awaiting
    }
}

/// Tells the operator at once. The entry in the ledger tells the rest.
pub(crate) fn alert(access: &BreakGlass) {
    OPENED.fetch_add(1, Ordering::Relaxed);
    tracing::warn!(
        access = %access.id,
        person = access.person,
        reason = access.reason.word(),
        until = %access.until,
        "a patient's data was opened in an emergency"
    );
}

/// The same as metrics.
pub(crate) fn metrics(snapshot: &Snapshot, now: Timestamp) -> String {
    let awaiting = Awaiting::of(snapshot, now);
    format!(
        "# HELP wardgate_break_glass_opened_total Emergency accesses opened since the start.\n\
         # TYPE wardgate_break_glass_opened_total counter\n\
         wardgate_break_glass_opened_total {}\n\
         # HELP wardgate_break_glass_open Emergency accesses that are open now.\n\
         # TYPE wardgate_break_glass_open gauge\n\
         wardgate_break_glass_open {}\n\
         # HELP wardgate_break_glass_unreviewed Emergency accesses that await their review.\n\
         # TYPE wardgate_break_glass_unreviewed gauge\n\
         wardgate_break_glass_unreviewed {}\n",
        OPENED.load(Ordering::Relaxed),
        awaiting.open,
        awaiting.unreviewed
    )
}

static OPENED: AtomicU64 = AtomicU64::new(0);
