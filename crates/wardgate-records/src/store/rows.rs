//! What the tables have in common: times, the change sequence, the outbox rows.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use wardgate_vault::Vault;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::Event;

/// One change of the store: a number in the change sequence, and the events it tells of.
pub(crate) struct Change {
    pub(crate) sequence: i64,
    pub(crate) now: Timestamp,
    ordinal: i64,
}

impl Change {
    /// Takes the next number. The transaction must hold the write lock.
    pub(crate) async fn begin(
        connection: &mut SqliteConnection,
        now: Timestamp,
    ) -> Result<Self, RecordsError> {
        let sequence = sqlx::query_scalar(
            "UPDATE change_sequence SET value = value + 1 WHERE id = 1 RETURNING value",
        )
        .fetch_one(connection)
        .await
        .map_err(RecordsError::database("number a change"))?;
        Ok(Self {
            sequence,
            now,
            ordinal: 0,
        })
    }

    /// Writes an event into the outbox, in the transaction of the change. Returns its id.
    pub(crate) async fn tell(
        &mut self,
        connection: &mut SqliteConnection,
        vault: &Vault,
        event: &Event<'_>,
    ) -> Result<RecordId, RecordsError> {
        let id = RecordId::new(self.now, vault.random());
        let leaf = event.leaf(id, self.now)?;
        self.ordinal += 1;
        sqlx::query(
            "INSERT INTO outbox (id, changed, ordinal, leaf, ledger_index) \
             VALUES ($1, $2, $3, $4, NULL)",
        )
        .bind(id.to_string())
        .bind(self.sequence)
        .bind(self.ordinal)
        .bind(leaf)
        .execute(connection)
        .await
        .map_err(RecordsError::database("record an event"))?;
        Ok(id)
    }
}

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn timestamp(micros: i64) -> Result<Timestamp, RecordsError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| RecordsError::damaged("time", "a time is out of range"))
}

/// A version or count as it is stored, as it is used.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// What sealed columns are bound to, beside the id of their row.
pub(crate) const RECORD_OBJECT: &str = "record.secret";
pub(crate) const PATIENT_OBJECT: &str = "patient.resource";
pub(crate) const CONSENT_OBJECT: &str = "consent.resource";
pub(crate) const CARE_TEAM_OBJECT: &str = "care_team.resource";
pub(crate) const BREAK_GLASS_OBJECT: &str = "break_glass.words";
