//! Logout tokens of providers of identity: each is taken once.

use jiff::{SignedDuration, Timestamp};

use super::digest;
use crate::error::RecordsError;
use crate::store::Store;
use crate::store::rows::micros;

impl Store {
    /// Uses a logout token up. Returns whether it was unused.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn use_logout_token(
        &self,
        issuer: &str,
        id: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let failed = || RecordsError::database("use a logout token up");
        let mac = digest(&self.inner, "logout token", &format!("{issuer}\0{id}"));
        let mut change = self.inner.write().await?;
        sqlx::query("DELETE FROM logout_tokens WHERE expires_at <= $1")
            .bind(micros(now))
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        let added = sqlx::query(
            "INSERT INTO logout_tokens (mac, expires_at) VALUES ($1, $2) \
             ON CONFLICT (mac) DO NOTHING",
        )
        .bind(mac)
        // A token is taken for a little longer than it says, since clocks differ.
        .bind(micros(expires.max(now) + KEPT_LONGER))
        .execute(&mut *change)
        .await
        .map_err(failed())?;
        change.commit().await.map_err(failed())?;
        Ok(added.rows_affected() == 1)
    }
}

const KEPT_LONGER: SignedDuration = SignedDuration::from_mins(5);
