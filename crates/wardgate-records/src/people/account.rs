//! The account of a person: what authenticators know them by.

use jiff::Timestamp;

use super::active_person;
use crate::error::RecordsError;
use crate::store::Store;
use crate::store::rows::{Change, micros};

/// The account of a person who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The person's id in the records.
    pub person: String,
    /// What authenticators keep of the person: random, and the same for all of them.
    pub user_handle: [u8; 16],
}

impl Store {
    /// The account of a person who may act; a new one when there is none yet.
    ///
    /// # Errors
    /// When the person is not on file or suspended, or the store fails.
    pub async fn open_account(
        &self,
        person: &str,
        now: Timestamp,
    ) -> Result<Account, RecordsError> {
        if let Some(account) = self.account(person).await? {
            return Ok(account);
        }
        let mut change = self.inner.write().await?;
        active_person(&mut change, person).await?;
        let numbered = Change::begin(&mut change, now).await?;
        // A version 4 UUID, as authenticators and libraries expect one.
        let mut handle: [u8; 16] = self.inner.vault.random();
        let [.., version, _, variant, _, _, _, _, _, _, _] = &mut handle;
        *version = *version & 0x0f | 0x40;
        *variant = *variant & 0x3f | 0x80;
        sqlx::query(
            "INSERT INTO accounts (person, user_handle, changed, created_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (person) DO NOTHING",
        )
        .bind(person)
        .bind(handle.to_vec())
        .bind(numbered.sequence)
        .bind(micros(now))
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("open an account"))?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("open an account"))?;
        self.account(person)
            .await?
            .ok_or_else(|| RecordsError::damaged("account", "it is gone"))
    }

    /// The account of a person, if there is one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account(&self, person: &str) -> Result<Option<Account>, RecordsError> {
        let handle: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT user_handle FROM accounts WHERE person = $1")
                .bind(person)
                .fetch_optional(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read accounts"))?;
        let Some(handle) = handle else {
            return Ok(None);
        };
        let user_handle = handle
            .try_into()
            .map_err(|_| RecordsError::damaged("account", "its handle has another length"))?;
        Ok(Some(Account {
            person: person.to_owned(),
            user_handle,
        }))
    }

    /// Whose account has this handle.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_of_handle(
        &self,
        handle: &[u8; 16],
    ) -> Result<Option<Account>, RecordsError> {
        let person: Option<String> =
            sqlx::query_scalar("SELECT person FROM accounts WHERE user_handle = $1")
                .bind(handle.to_vec())
                .fetch_optional(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read accounts"))?;
        Ok(person.map(|person| Account {
            person,
            user_handle: *handle,
        }))
    }
}
