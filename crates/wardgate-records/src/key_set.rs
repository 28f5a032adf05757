//! Where copies of the wrapped patient keys lie, so that a shredding can reach them or say until
//! when they may exist.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{BackupMade, Event};
use crate::store::Store;
use crate::store::rows::{Change, micros, timestamp};

/// A directory with copies of the wrapped patient keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    /// Its id, made with its first backup.
    pub id: RecordId,
    /// Where it was when it was last written.
    pub dir: PathBuf,
    /// When it was last written.
    pub made_at: Timestamp,
    /// From when on no copy of it may exist.
    pub keep_until: Timestamp,
}

impl Store {
    /// Remembers that a key set is about to be written: from then on a shredding looks for it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_key_set(&self, set: &KeySet, now: Timestamp) -> Result<(), RecordsError> {
        let mut change = self.inner.write().await?;
        let numbered = Change::begin(&mut change, now).await?;
        let dir = text(&set.dir);
        // A directory that has another key set by now holds the old one no more.
        sqlx::query("DELETE FROM key_sets WHERE dir = $1 AND id <> $2")
            .bind(&dir)
            .bind(set.id.to_string())
            .execute(&mut *change)
            .await
            .map_err(RecordsError::database("note a key set"))?;
        sqlx::query(
            "INSERT INTO key_sets (id, dir, made_at, keep_until, changed) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET \
             dir = excluded.dir, made_at = excluded.made_at, \
             keep_until = excluded.keep_until, changed = excluded.changed",
        )
        .bind(set.id.to_string())
        .bind(dir)
        .bind(micros(set.made_at))
        .bind(micros(set.keep_until))
        .bind(numbered.sequence)
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("note a key set"))?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("note a key set"))
    }

    /// The key sets that may still exist, by the rule under which they were written.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn key_sets(&self, now: Timestamp) -> Result<Vec<KeySet>, RecordsError> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT id, dir, made_at, keep_until FROM key_sets WHERE keep_until > $1 ORDER BY id",
        )
        .bind(micros(now))
        .fetch_all(&self.inner.reader)
        .await
        .map_err(RecordsError::database("read the key sets"))?;
        rows.into_iter()
            .map(|(id, dir, made_at, keep_until)| {
                Ok(KeySet {
                    id: id
                        .parse()
                        .map_err(|_| RecordsError::damaged("key set", "its id is not one"))?,
                    dir: PathBuf::from(dir),
                    made_at: timestamp(made_at)?,
                    keep_until: timestamp(keep_until)?,
                })
            })
            .collect()
    }

    /// Tells the ledger of a backup that is complete.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell_backup(&self, made: BackupMade, now: Timestamp) -> Result<(), RecordsError> {
        let mut change = self.inner.write().await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        numbered
            .tell(&mut change, &self.inner.vault, &Event::BackupMade(made))
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("tell of a backup"))
    }
}

fn text(dir: &Path) -> String {
    dir.to_string_lossy().into_owned()
}
