//! Copies and checks of the store that are made without opening the vault.

use std::path::Path;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use wardgate_ledger::Journal;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{BackupRestored, Event};
use crate::payloads;
use crate::store::Store;

impl Store {
    /// Copies the database, as it is at one moment, into a new file for its owner only.
    ///
    /// # Errors
    /// When the store fails or the file exists.
    pub async fn copy_database(&self, to: &Path) -> Result<(), RecordsError> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let made = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to);
        made.map_err(|error| RecordsError::Database {
            action: "copy the database",
            source: error.into(),
        })?;
        // The file is empty, which the statement asks for.
        sqlx::query("VACUUM INTO $1")
            .bind(to.to_string_lossy().into_owned())
            .execute(&self.inner.reader)
            .await
            .map_err(RecordsError::database("copy the database"))?;
        Ok(())
    }
}

/// Checks the database in the folder `dir` from its first page to its last.
///
/// # Errors
/// When there is none or it is damaged.
pub async fn check_database(dir: &Path) -> Result<(), RecordsError> {
    let pool = connect(dir).await?;
    let answers: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check")
        .fetch_all(&pool)
        .await
        .map_err(RecordsError::database("check the database"))?;
    let keys: Vec<(String,)> = sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check")
        .fetch_all(&pool)
        .await
        .map_err(RecordsError::database("check the database"))?;
    pool.close().await;
    let good = matches!(answers.as_slice(), [(answer,)] if answer == "ok") && keys.is_empty();
    if good {
        return Ok(());
    }
    Err(RecordsError::damaged("records.db", "its check fails"))
}

/// Leaves the event of a restore in the outbox of the store in the folder `dir`, for whoever
/// opens it first. A second time changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn tell_restored(
    dir: &Path,
    restored: BackupRestored,
    now: Timestamp,
) -> Result<(), RecordsError> {
    let pool = connect(dir).await?;
    // The id is made from the backup's, so that a restore that is gone on with tells it once.
    let [.., a, b, c, d, e, f, g, h, i, j] = *restored.backup.as_bytes();
    let id = RecordId::new(restored.backup.made_at(), [a, b, c, d, e, f, g, h, i, !j]);
    let leaf = Event::BackupRestored(restored).leaf(id, now)?;
    let failed = || RecordsError::database("tell of the restore");
    let mut change = pool.begin().await.map_err(failed())?;
    let sequence: i64 = sqlx::query_scalar(
        "UPDATE change_sequence SET value = value + 1 WHERE id = 1 RETURNING value",
    )
    .fetch_one(&mut *change)
    .await
    .map_err(failed())?;
    sqlx::query(
        "INSERT INTO outbox (id, changed, ordinal, leaf, ledger_index) \
         VALUES ($1, $2, 1, $3, NULL) ON CONFLICT DO NOTHING",
    )
    .bind(id.to_string())
    .bind(sequence)
    .bind(leaf)
    .execute(&mut *change)
    .await
    .map_err(failed())?;
    change.commit().await.map_err(failed())?;
    pool.close().await;
    Ok(())
}

/// Reads every sealed payload in a folder that no server uses, and opens none. Returns how many
/// there are.
///
/// # Errors
/// When one is damaged.
pub fn check_payloads(dir: &Path) -> Result<u64, RecordsError> {
    let (journal, _) = Journal::open(dir, &payloads::options())?;
    let mut count = 0;
    for stored in journal.records(None) {
        payloads::check(&stored?.payload)?;
        count += 1;
    }
    journal.close();
    Ok(count)
}

async fn connect(dir: &Path) -> Result<SqlitePool, RecordsError> {
    let path = dir.join("records.db");
    if !path.exists() {
        return Err(RecordsError::Missing { path });
    }
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .pragma("trusted_schema", "off");
    SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .map_err(RecordsError::database("open the database"))
}
