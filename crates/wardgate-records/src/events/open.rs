//! Finds the calls whose process ended before it could tell how they ended.

use std::collections::HashSet;

use jiff::Timestamp;
use wardgate_ledger::{Ledger, LedgerError};

use super::{EventFault, EventKind, StoredEvent};
use crate::RecordId;

/// A call without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// The record id of the call.
    pub call: RecordId,
    /// When it was about to leave.
    pub at: Timestamp,
    /// Where its intent stands in the ledger.
    pub index: u64,
}

/// The ledger cannot be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenIntentsFault {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An entry is not an event of this program.
    #[error("ledger entry {index}: {fault}")]
    Entry {
        /// Its index.
        index: u64,
        /// What is wrong with it.
        fault: EventFault,
    },
}

/// The calls without an outcome, oldest first: from the end of the ledger back to the last start
/// of a gateway. Whoever starts a gateway closes them first
/// ([`super::CallOutcome::unknown_after_restart`]) and then writes `gateway.started`, so that a
/// crash in between leaves them open for the next start.
///
/// # Errors
/// When the ledger cannot be read, or holds an entry that this program did not write.
pub fn open_intents(ledger: &Ledger) -> Result<Vec<OpenIntent>, OpenIntentsFault> {
    let mut closed = HashSet::new();
    let mut open = Vec::new();
    for entry in ledger.entries(..).rev() {
        let (index, leaf) = entry?;
        let event =
            StoredEvent::parse(&leaf).map_err(|fault| OpenIntentsFault::Entry { index, fault })?;
        match event.kind {
            EventKind::GatewayStarted => break,
            EventKind::CallOutcome => {
                let call = event.record_id("call").ok_or(OpenIntentsFault::Entry {
                    index,
                    fault: EventFault::Malformed,
                })?;
                closed.insert(call);
            }
            // Outcomes stand behind their intents: one that is closed is not met again.
            EventKind::CallIntent if !closed.remove(&event.id) => open.push(OpenIntent {
                call: event.id,
                at: event.at,
                index,
            }),
            _ => {}
        }
    }
    open.reverse();
    Ok(open)
}
