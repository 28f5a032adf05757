//! Reads consents and their versions.

use super::rows::{ConsentRow, Kept, in_force, known};
use super::{ConsentError, PROVENANCE_HANDLE_CHARS, StoredConsent};
use crate::error::RecordsError;
use crate::store::Store;

impl Store {
    /// The version in force of a consent.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn consent(&self, id: &str) -> Result<StoredConsent, ConsentError> {
        let mut read = self.read().await?;
        let row = known(in_force(&mut read, &self.inner.consent_row_id(id)).await?)?;
        Ok(row.open(&self.inner, Kept::InForce)?)
    }

    /// One version of a consent.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn consent_version(
        &self,
        id: &str,
        version: u64,
    ) -> Result<StoredConsent, ConsentError> {
        self.version_of_row(&self.inner.consent_row_id(id), version)
            .await
    }

    /// The versions of a consent, the newest first: those before `before`, at most `count`.
    ///
    /// # Errors
    /// When there is no such consent, or the store fails.
    pub async fn consent_history(
        &self,
        id: &str,
        before: Option<u64>,
        count: usize,
    ) -> Result<Vec<StoredConsent>, ConsentError> {
        let id = self.inner.consent_row_id(id);
        let mut read = self.read().await?;
        let current = known(in_force(&mut read, &id).await?)?;
        let before = before
            .and_then(|before| i64::try_from(before).ok())
            .unwrap_or(i64::MAX);
        let mut versions = Vec::new();
        if current.version < before {
            versions.push(current.open(&self.inner, Kept::InForce)?);
        }
        let wanted = count.saturating_sub(versions.len());
        let rows: Vec<ConsentRow> = sqlx::query_as(
            "SELECT id, patient, version, changed_at, how, by_kind, by_id, source, sealed \
             FROM consent_versions WHERE id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
        )
        .bind(&id)
        .bind(before)
        .bind(i64::try_from(wanted).unwrap_or(i64::MAX))
        .fetch_all(&mut *read)
        .await
        .map_err(RecordsError::database("read the versions of a consent"))?;
        for row in rows {
            versions.push(row.open(&self.inner, Kept::Replaced)?);
        }
        Ok(versions)
    }

    /// The version of a consent that the Provenance with this id is about.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn consent_of_provenance(&self, id: &str) -> Result<StoredConsent, ConsentError> {
        let (handle, version) = id.split_once('-').ok_or(ConsentError::Unknown)?;
        let version: u64 = version.parse().map_err(|_| ConsentError::Unknown)?;
        let is_hex = handle
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
        if handle.len() != PROVENANCE_HANDLE_CHARS || !is_hex {
            return Err(ConsentError::Unknown);
        }
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT id FROM consents WHERE id > $1 AND id < $2 LIMIT 2")
                .bind(handle)
                .bind(format!("{handle}g"))
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read consents"))?;
        match rows.as_slice() {
            [(row,)] => self.version_of_row(row, version).await,
            _ => Err(ConsentError::Unknown),
        }
    }

    async fn version_of_row(&self, id: &str, version: u64) -> Result<StoredConsent, ConsentError> {
        let version = i64::try_from(version).map_err(|_| ConsentError::Unknown)?;
        let mut read = self.read().await?;
        let current = known(in_force(&mut read, id).await?)?;
        if current.version == version {
            return Ok(current.open(&self.inner, Kept::InForce)?);
        }
        let row: Option<ConsentRow> = sqlx::query_as(
            "SELECT id, patient, version, changed_at, how, by_kind, by_id, source, sealed \
             FROM consent_versions WHERE id = $1 AND version = $2",
        )
        .bind(id)
        .bind(version)
        .fetch_optional(&mut *read)
        .await
        .map_err(RecordsError::database("read the versions of a consent"))?;
        Ok(known(row)?.open(&self.inner, Kept::Replaced)?)
    }

    /// One moment of the store: what is read in it belongs together.
    pub(super) async fn read(
        &self,
    ) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, RecordsError> {
        self.inner
            .reader
            .begin()
            .await
            .map_err(RecordsError::database("read consents"))
    }
}
