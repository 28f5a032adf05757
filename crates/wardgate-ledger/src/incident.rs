//! What went wrong with the disk and came right again, for whoever keeps the record of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Something about the storage that belongs into the record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incident {
    /// A write or sync failed; entries are refused until the disk works again.
    StorageFault {
        /// How many entries were durable.
        size: u64,
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// The volume is full; only the last entries of what is under way are taken.
    StorageFull {
        /// How many entries were durable.
        size: u64,
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// Everything is taken again.
    Resumed {
        /// How many entries were durable.
        size: u64,
    },
}

/// The incidents that nobody has taken yet, oldest first; beyond a limit the oldest go.
#[derive(Debug, Default)]
pub(crate) struct Incidents {
    list: Mutex<VecDeque<Incident>>,
}

impl Incidents {
    pub(crate) fn add(&self, incident: Incident) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() >= INCIDENTS_MAX {
            list.pop_front();
        }
        list.push_back(incident);
    }

    pub(crate) fn take(&self) -> Vec<Incident> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.drain(..).collect()
    }
}

const INCIDENTS_MAX: usize = 64;
