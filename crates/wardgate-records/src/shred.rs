//! Forgets a patient: the key first, so that a crash at any moment leaves nothing readable.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use wardgate_vault::PatientHandle;

use crate::error::RecordsError;
use crate::events::{Event, PatientShredded};
use crate::patient::lookup;
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

impl Store {
    /// Destroys the key of the patient that a reference (`Patient/123`) or identifier means, and
    /// removes what the key sealed. What stays is the random handle and the time.
    ///
    /// # Errors
    /// When nobody or more than one patient answers to the reference, or a part fails; calling
    /// it again completes what a failure left.
    pub async fn shred_patient(
        &self,
        reference: &str,
        now: Timestamp,
    ) -> Result<Shredded, RecordsError> {
        let handle = self.find(reference).await?;
        self.inner.vault.shred_patient(handle)?;
        let consents = self.forget(handle, now).await?;
        self.refresh(now).await?;
        Ok(Shredded {
            patient: handle,
            consents,
        })
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
            if self.inner.vault.is_shredded(handle)? {
                self.forget(handle, now).await?;
            }
        }
        Ok(())
    }

    async fn find(&self, reference: &str) -> Result<PatientHandle, RecordsError> {
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

    async fn forget(&self, handle: PatientHandle, now: Timestamp) -> Result<u64, RecordsError> {
        let mut change = self.inner.write().await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        let consents = remove(&mut change, handle, &numbered).await?;
        let event = Event::PatientShredded(PatientShredded {
            patient: handle,
            consents,
            certificate: None,
            payloads: None,
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("forget a patient"))?;
        empty_write_ahead_log(&self.inner).await;
        Ok(consents)
    }
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
    let consents = sqlx::query("DELETE FROM consents WHERE patient = $1")
        .bind(&text)
        .execute(&mut *connection)
        .await
        .map_err(failed())?
        .rows_affected();
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
