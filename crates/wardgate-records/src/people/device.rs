//! Devices that a person signed in from before: no stranger's failures delay them.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use super::mint::For;
use crate::error::RecordsError;
use crate::store::Store;
use crate::store::rows::micros;

/// For how many days a device is known after a sign-in.
pub const DEVICE_DAYS: i64 = 90;
/// How many devices of a person are known. The one whose time ends first gives way.
pub const DEVICES_MAX: i64 = 10;

impl Store {
    /// Knows a device from now on. Returns what it presents.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remember_device(
        &self,
        person: &str,
        now: Timestamp,
    ) -> Result<SecretString, RecordsError> {
        let failed = || RecordsError::database("remember a device");
        let token = self.inner.mint();
        let mac = self
            .inner
            .token_mac(For::Device, token.expose_secret().as_bytes());
        let expires = now + SignedDuration::from_hours(DEVICE_DAYS * 24);
        let mut change = self.inner.write().await?;
        sqlx::query("DELETE FROM known_devices WHERE expires_at <= $1")
            .bind(micros(now))
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        sqlx::query(
            "DELETE FROM known_devices WHERE mac IN (SELECT mac FROM known_devices \
             WHERE person = $1 ORDER BY expires_at DESC LIMIT -1 OFFSET $2)",
        )
        .bind(person)
        .bind(DEVICES_MAX - 1)
        .execute(&mut *change)
        .await
        .map_err(failed())?;
        sqlx::query("INSERT INTO known_devices (mac, person, expires_at) VALUES ($1, $2, $3)")
            .bind(mac)
            .bind(person)
            .bind(micros(expires))
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        change.commit().await.map_err(failed())?;
        Ok(token)
    }

    /// Whether the person signed in from this device before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn knows_device(
        &self,
        token: &str,
        person: &str,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let known: Option<i64> = sqlx::query_scalar(
            "SELECT expires_at FROM known_devices \
             WHERE mac = $1 AND person = $2 AND expires_at > $3",
        )
        .bind(self.inner.token_mac(For::Device, token.as_bytes()))
        .bind(person)
        .bind(micros(now))
        .fetch_optional(&self.inner.reader)
        .await
        .map_err(RecordsError::database("read known devices"))?;
        Ok(known.is_some())
    }
}
