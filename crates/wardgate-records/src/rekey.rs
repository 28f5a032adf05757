//! Seals what the tenant key sealed anew, after the key was rotated.

use wardgate_vault::Binding;

use crate::error::RecordsError;
use crate::store::Store;
use crate::store::rows::RECORD_OBJECT;

impl Store {
    /// How many records have a part that the tenant key seals.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sealed_records(&self) -> Result<u64, RecordsError> {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM records WHERE sealed IS NOT NULL")
                .fetch_one(&self.inner.reader)
                .await
                .map_err(RecordsError::database("count sealed records"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Seals every record anew that an older tenant key had sealed. A record at a time, so that
    /// other changes find their turn; what was done stays done. `seen` is told of each one.
    /// Returns how many were sealed anew. Nothing a reader can see changes.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn reseal_records(&self, mut seen: impl FnMut()) -> Result<u64, RecordsError> {
        let names: Vec<(String, String)> =
            sqlx::query_as("SELECT kind, id FROM records WHERE sealed IS NOT NULL")
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read records"))?;
        let mut resealed = 0;
        for (kind, id) in names {
            resealed += u64::from(self.reseal_record(&kind, &id).await?);
            seen();
        }
        Ok(resealed)
    }

    async fn reseal_record(&self, kind: &str, id: &str) -> Result<bool, RecordsError> {
        let failed = || RecordsError::database("seal a record anew");
        let mut change = self.inner.write().await?;
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT sealed FROM records WHERE kind = $1 AND id = $2 AND sealed IS NOT NULL",
        )
        .bind(kind)
        .bind(id)
        .fetch_optional(&mut *change)
        .await
        .map_err(failed())?;
        let Some(sealed) = sealed else {
            return Ok(false);
        };
        let name = format!("{kind}/{id}");
        let bound_to = Binding::new(RECORD_OBJECT, name.as_bytes());
        let Some(resealed) = self.inner.vault.reseal(&bound_to, &sealed)? else {
            return Ok(false);
        };
        sqlx::query("UPDATE records SET sealed = $1 WHERE kind = $2 AND id = $3")
            .bind(resealed)
            .bind(kind)
            .bind(id)
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        change.commit().await.map_err(failed())?;
        Ok(true)
    }
}
