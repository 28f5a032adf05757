//! Brings what happened to the storage of the ledger into the ledger, as soon as it takes it.

use std::collections::VecDeque;

use jiff::Timestamp;
use wardgate_ledger::{Incident, Ledger};
use wardgate_records::RecordId;
use wardgate_records::events::{
    Event, LeafTooLarge, LedgerResumed, StorageFault, StorageFull, Token,
};
use wardgate_vault::Vault;

use super::now;

/// The incidents that are not in the ledger yet, oldest first.
#[derive(Default)]
pub(super) struct Incidents {
    waiting: VecDeque<(Incident, Timestamp)>,
    /// How many entries were durable before the last fault.
    fault_index: u64,
}

impl Incidents {
    /// Takes the new ones and appends what the ledger takes by now; the rest waits.
    pub(super) async fn record(&mut self, ledger: &Ledger, vault: &Vault) {
        let found = now();
        for incident in ledger.take_incidents() {
            match &incident {
                Incident::StorageFault { reason, .. } | Incident::StorageFull { reason, .. } => {
                    tracing::error!(%reason, "the ledger can not be written");
                }
                _ => tracing::info!("the ledger takes entries again"),
            }
            if self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back((incident, found));
        }
        while let Some((incident, found)) = self.waiting.front() {
            let id = RecordId::new(found.to_owned(), vault.random());
            let fault_index = self.fault_index;
            let recorded = match leaf(incident, *found, fault_index, id) {
                Ok(leaf) => ledger.append_closing([0; 32], leaf).await.map(|_| ()),
                // Numbers and a code are never too large.
                Err(_) => Ok(()),
            };
            if recorded.is_err() {
                return;
            }
            if let Incident::StorageFault { size, .. } | Incident::StorageFull { size, .. } =
                incident
            {
                self.fault_index = *size;
            }
            self.waiting.pop_front();
        }
    }
}

fn leaf(
    incident: &Incident,
    found: Timestamp,
    fault_index: u64,
    id: RecordId,
) -> Result<Vec<u8>, LeafTooLarge> {
    let occurred = Some(found);
    let event = match *incident {
        Incident::StorageFull { size: index, .. } => {
            Event::StorageFull(StorageFull { index, occurred })
        }
        Incident::Resumed { size: index } => {
            Event::LedgerResumed(LedgerResumed { index, fault_index })
        }
        // The reason names paths of this machine, so it stands in the log only.
        Incident::StorageFault { size: index, .. } => Event::StorageFault(StorageFault {
            reason: Token::or_unfit("write_failed"),
            index,
            occurred,
        }),
        _ => Event::StorageFault(StorageFault {
            reason: Token::or_unfit("unknown"),
            index: fault_index,
            occurred,
        }),
    };
    event.leaf(id, found)
}

/// More than this happens only while nothing can be written for long, and then repeats itself.
const WAITING_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use wardgate_records::events::{EventKind, StoredEvent};

    use super::*;

    #[test]
    fn each_incident_has_its_event_and_no_path_in_it() {
        let found: Timestamp = "2026-11-30T01:00:00Z".parse().unwrap();
        let reason: std::sync::Arc<str> = "writing `/secret/path` failed".into();
        let cases = [
            (
                Incident::StorageFault {
                    size: 7,
                    reason: reason.clone(),
                },
                EventKind::StorageFault,
            ),
            (
                Incident::StorageFull { size: 7, reason },
                EventKind::StorageFull,
            ),
            (Incident::Resumed { size: 9 }, EventKind::LedgerResumed),
        ];
        for (incident, kind) in cases {
            let leaf = leaf(&incident, found, 7, RecordId::new(found, [1; 10])).unwrap();
            assert_eq!(StoredEvent::parse(&leaf).unwrap().kind, kind);
            assert!(!String::from_utf8(leaf).unwrap().contains("secret"));
        }
    }
}
