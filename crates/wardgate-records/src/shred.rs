//! Forgets a patient: the key first, so that a crash at any moment leaves nothing readable.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use wardgate_vault::PatientHandle;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{Destruction, Event, KeySetState, PatientShredded, Token, statement_digest};
use crate::hold::{self, Hold, HoldScope};
use crate::key_set::KeySet;
use crate::patient::lookup;
use crate::payloads::Coverage;
use crate::store::rows::{Change, micros};
use crate::store::{Inner, Store};

/// A patient whose key was destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shredded {
    /// The handle, as ledger and payloads name the patient.
    pub patient: PatientHandle,
    /// How many consents went with it.
    pub consents: u64,
}

/// What a shredding reaches beyond the store.
pub trait Reach {
    /// The sealed payloads of a patient; none when they can not be looked through, which is no
    /// reason not to destroy the key.
    fn payloads(&self, patient: PatientHandle) -> Option<Coverage>;

    /// Destroys the wrapped key of a patient in a key set, when that is within reach. Returns
    /// whether no copy is left there.
    fn remove_from(&self, set: &KeySet, patient: PatientHandle) -> bool;
}

/// Nothing beyond the store is within reach.
impl Reach for () {
    fn payloads(&self, _patient: PatientHandle) -> Option<Coverage> {
        None
    }

    fn remove_from(&self, _set: &KeySet, _patient: PatientHandle) -> bool {
        false
    }
}

/// What the store and the ledger have of a shredding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// What was stated, in canonical JSON.
    pub statement: Vec<u8>,
    /// The ledger entry that holds the digest of the statement.
    pub leaf: Vec<u8>,
    /// The index of that entry; none as long as the ledger does not have it.
    pub index: Option<u64>,
}

impl Store {
    /// Destroys the key of the patient that a reference (`Patient/123`) or identifier means, and
    /// removes what the key sealed. What stays is the random handle and the time.
    ///
    /// # Errors
    /// When nobody or more than one patient answers to the reference, a legal hold keeps the
    /// patient's data, or a part fails; calling it again completes what a failure left.
    pub async fn shred_patient(
        &self,
        reference: &str,
        reach: &dyn Reach,
        now: Timestamp,
    ) -> Result<Shredded, RecordsError> {
        let handle = self.patient_handle(reference).await?;
        // Long, so before the write lock is taken; what is sealed meanwhile dies with the key too.
        let coverage = reach.payloads(handle);
        let sets = self.key_sets(now).await?;
        let mut change = self.inner.write().await?;
        // Nobody can place a hold until this transaction ends.
        refuse_held(&hold::active(&mut change).await?, handle, coverage)?;
        self.inner.vault.shred_patient(handle)?;
        let key_sets: Vec<KeySetState> = sets
            .iter()
            .map(|set| KeySetState {
                id: set.id,
                removed: reach.remove_from(set, handle),
                until: set.keep_until,
            })
            .collect();
        let payloads = coverage.map(|coverage| (coverage.payloads, coverage.bytes));
        let consents = self
            .forget(&mut change, handle, (payloads, &key_sets), now)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("forget a patient"))?;
        empty_write_ahead_log(&self.inner).await;
        self.refresh(now).await?;
        Ok(Shredded {
            patient: handle,
            consents,
        })
    }

    /// What is on record of a shredding; none when this patient was never shredded.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn destroyed(
        &self,
        patient: PatientHandle,
    ) -> Result<Option<Destroyed>, RecordsError> {
        let row: Option<(Vec<u8>, Vec<u8>, Option<i64>)> = sqlx::query_as(
            "SELECT shreddings.statement, outbox.leaf, outbox.ledger_index FROM shreddings \
             JOIN outbox ON outbox.id = shreddings.event WHERE shreddings.patient = $1",
        )
        .bind(patient.to_string())
        .fetch_optional(&self.inner.reader)
        .await
        .map_err(RecordsError::database("read a shredding"))?;
        Ok(row.map(|(statement, leaf, index)| Destroyed {
            statement,
            leaf,
            index: index.and_then(|index| u64::try_from(index).ok()),
        }))
    }

    /// Completes what a crash cut short: the key is gone, the rows are still there.
    pub(crate) async fn finish_shredding(&self, now: Timestamp) -> Result<(), RecordsError> {
        let handles: Vec<(String,)> =
            sqlx::query_as("SELECT handle FROM patients WHERE shredded_at IS NULL")
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read patients"))?;
        for (text,) in handles {
            let handle = handle_of(&text)?;
            if !self.inner.vault.is_shredded(handle)? {
                continue;
            }
            let sets = self.key_sets(now).await?;
            let key_sets: Vec<KeySetState> = sets
                .iter()
                .map(|set| KeySetState {
                    id: set.id,
                    removed: false,
                    until: set.keep_until,
                })
                .collect();
            let mut change = self.inner.write().await?;
            self.forget(&mut change, handle, (None, &key_sets), now)
                .await?;
            change
                .commit()
                .await
                .map_err(RecordsError::database("forget a patient"))?;
            empty_write_ahead_log(&self.inner).await;
        }
        Ok(())
    }

    /// The handle of the patient that a reference (`Patient/123`) or identifier on file means.
    ///
    /// # Errors
    /// When nobody or more than one patient answers to it, or the store fails.
    pub async fn patient_handle(&self, reference: &str) -> Result<PatientHandle, RecordsError> {
        let blind = self.inner.index_key.mac(lookup(reference).as_bytes());
        let found: Vec<(String,)> =
            sqlx::query_as("SELECT patient FROM patient_index WHERE blind = $1")
                .bind(blind.to_vec())
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("look up a patient"))?;
        match found.as_slice() {
            [] => Err(RecordsError::UnknownPatient),
            [(one,)] => handle_of(one),
            _ => Err(RecordsError::AmbiguousPatient),
        }
    }

    async fn forget(
        &self,
        change: &mut SqliteConnection,
        handle: PatientHandle,
        (payloads, key_sets): (Option<(u64, u64)>, &[KeySetState]),
        now: Timestamp,
    ) -> Result<u64, RecordsError> {
        let mut numbered = Change::begin(change, now).await?;
        let consents = remove(change, handle, &numbered).await?;
        let key_check = self.inner.vault.destroyed_key_check(handle)?;
        let statement = Destruction {
            patient: handle,
            at: now,
            key_check: key_check.as_deref().map(Token::or_unfit),
            consents,
            payloads,
            key_sets,
        }
        .statement();
        let event = Event::PatientShredded(PatientShredded {
            patient: handle,
            consents,
            certificate: Some(statement_digest(&statement)),
            payloads: payloads.map(|(payloads, _)| payloads),
        });
        let id = numbered.tell(change, &self.inner.vault, &event).await?;
        keep_statement(change, handle, (id, statement), &numbered).await?;
        Ok(consents)
    }
}

/// Tells the hold that keeps a patient's data, if one does. A range keeps whoever has sealed
/// payloads around it; when that can not be told, it keeps everybody.
fn refuse_held(
    holds: &[Hold],
    patient: PatientHandle,
    coverage: Option<Coverage>,
) -> Result<(), RecordsError> {
    let keeps = |hold: &&Hold| match hold.scope {
        HoldScope::All => true,
        HoldScope::Patient(held) => held == patient,
        HoldScope::Range { from, to } => coverage.is_none_or(|coverage| {
            coverage
                .span
                .is_some_and(|(first, last)| first <= to && from <= last)
        }),
    };
    match holds.iter().find(keeps) {
        Some(hold) => Err(RecordsError::Held { hold: hold.id }),
        None => Ok(()),
    }
}

async fn keep_statement(
    connection: &mut SqliteConnection,
    handle: PatientHandle,
    (event, statement): (RecordId, Vec<u8>),
    change: &Change,
) -> Result<(), RecordsError> {
    sqlx::query(
        "INSERT INTO shreddings (patient, event, statement, changed) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (patient) DO NOTHING",
    )
    .bind(handle.to_string())
    .bind(event.to_string())
    .bind(statement)
    .bind(change.sequence)
    .execute(connection)
    .await
    .map_err(RecordsError::database("keep what was destroyed"))?;
    Ok(())
}

async fn remove(
    connection: &mut SqliteConnection,
    handle: PatientHandle,
    change: &Change,
) -> Result<u64, RecordsError> {
    let failed = || RecordsError::database("forget a patient");
    let text = handle.to_string();
    sqlx::query("DELETE FROM patient_index WHERE patient = $1")
        .bind(&text)
        .execute(&mut *connection)
        .await
        .map_err(failed())?;
    sqlx::query("DELETE FROM care_teams WHERE patient = $1")
        .bind(&text)
        .execute(&mut *connection)
        .await
        .map_err(failed())?;
    let consents = crate::consents::remove(&mut *connection, &text).await?;
    sqlx::query(
        "UPDATE patients SET sealed = NULL, shredded_at = $1, changed = $2, changed_at = $1, \
         version = version + 1 WHERE handle = $3",
    )
    .bind(micros(change.now))
    .bind(change.sequence)
    .bind(&text)
    .execute(connection)
    .await
    .map_err(failed())?;
    Ok(consents)
}

/// Old pages in the write-ahead log hold only sealed bytes whose key is gone; a reader that
/// keeps the log busy is no reason to fail.
async fn empty_write_ahead_log(inner: &Inner) {
    let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&inner.writer)
        .await;
    if let Err(error) = emptied {
        tracing::warn!(%error, "cannot empty the write-ahead log of the record store");
    }
}

fn handle_of(text: &str) -> Result<PatientHandle, RecordsError> {
    text.parse()
        .map_err(|_| RecordsError::damaged("patient", "its handle is not one"))
}
