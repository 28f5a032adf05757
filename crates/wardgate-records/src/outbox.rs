//! Brings the events of record changes into the ledger, each once in effect.
//!
//! An event waits in the outbox from the transaction of its change on. Whoever holds the ledger
//! appends it and marks it. A crash or a failure between the two leaves an event that is in the
//! ledger but not marked: the next drain looks for such events before it appends.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use wardgate_ledger::Ledger;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{Event, StoredEvent};
use crate::store::Store;
use crate::store::rows::Change;

impl Store {
    /// Leaves an event that changes no record for the ledger: whoever holds it appends it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell(&self, event: &Event<'_>, now: Timestamp) -> Result<(), RecordsError> {
        let mut change = self.inner.write().await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        numbered.tell(&mut change, &self.inner.vault, event).await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("record an event"))
    }

    /// Appends every waiting event to the ledger, in the order of the changes. Returns how many
    /// were appended.
    ///
    /// # Errors
    /// When the store or the ledger fails; what was appended stays appended.
    pub async fn drain_outbox(&self, ledger: &Ledger) -> Result<usize, RecordsError> {
        let _one_at_a_time = self.inner.draining.lock().await;
        let mut waiting = self.waiting().await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        if !self.inner.outbox_reconciled.load(Ordering::Acquire) {
            self.reconcile(ledger, &waiting).await?;
            self.inner.outbox_reconciled.store(true, Ordering::Release);
            waiting = self.waiting().await?;
        }
        let mut appended = 0;
        for (id, leaf) in waiting {
            self.inner.outbox_reconciled.store(false, Ordering::Release);
            let receipt = ledger.append(NO_CALL, leaf).await?;
            self.mark(&id, receipt.index()).await?;
            self.inner.outbox_reconciled.store(true, Ordering::Release);
            appended += 1;
        }
        Ok(appended)
    }

    /// How many events wait for the ledger.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn outbox_len(&self) -> Result<usize, RecordsError> {
        let waiting: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE ledger_index IS NULL")
                .fetch_one(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read the outbox"))?;
        Ok(usize::try_from(waiting).unwrap_or(0))
    }

    async fn waiting(&self) -> Result<Vec<(String, Vec<u8>)>, RecordsError> {
        sqlx::query_as(
            "SELECT id, leaf FROM outbox WHERE ledger_index IS NULL ORDER BY changed, ordinal",
        )
        .fetch_all(&self.inner.writer)
        .await
        .map_err(RecordsError::database("read the outbox"))
    }

    async fn mark(&self, id: &str, index: u64) -> Result<(), RecordsError> {
        sqlx::query("UPDATE outbox SET ledger_index = $1 WHERE id = $2")
            .bind(i64::try_from(index).unwrap_or(i64::MAX))
            .bind(id)
            .execute(&self.inner.writer)
            .await
            .map_err(RecordsError::database("mark the outbox"))?;
        Ok(())
    }

    /// Marks the waiting events that the ledger has already. They can only stand behind the
    /// last event that was marked.
    async fn reconcile(
        &self,
        ledger: &Ledger,
        waiting: &[(String, Vec<u8>)],
    ) -> Result<(), RecordsError> {
        let marked: Option<i64> = sqlx::query_scalar("SELECT MAX(ledger_index) FROM outbox")
            .fetch_one(&self.inner.writer)
            .await
            .map_err(RecordsError::database("read the outbox"))?;
        let from = marked
            .and_then(|index| u64::try_from(index).ok())
            .map_or(0, |index| index.saturating_add(1));
        let ids: HashMap<RecordId, &str> = waiting
            .iter()
            .filter_map(|(id, _)| Some((id.parse().ok()?, id.as_str())))
            .collect();
        let mut found = Vec::new();
        for entry in ledger.entries(from..) {
            let (index, leaf) = entry?;
            if let Ok(event) = StoredEvent::parse(&leaf)
                && let Some(id) = ids.get(&event.id)
            {
                found.push(((*id).to_owned(), index));
            }
        }
        for (id, index) in found {
            self.mark(&id, index).await?;
        }
        Ok(())
    }
}

/// An event of the records is about no call.
const NO_CALL: [u8; 32] = [0; 32];
