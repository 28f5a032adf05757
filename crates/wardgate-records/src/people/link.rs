//! One-time links by which a person gets ways to sign in.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::SqliteConnection;

use super::active_person;
use super::mint::For;
use super::session::{SessionEnd, end_all};
use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{EnrolmentIssued, Event, Token};
use crate::store::Store;
use crate::store::rows::{Change, micros, timestamp};

/// For how many hours a link is good.
pub const LINK_HOURS: i64 = 24;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// The person's first ways to sign in, or further ones.
    Enrol,
    /// New ways in place of all that the person had.
    Recover,
}

impl LinkPurpose {
    /// The word in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Recover => "recover",
        }
    }

    fn read(word: &str) -> Result<Self, RecordsError> {
        match word {
            "enrol" => Ok(Self::Enrol),
            "recover" => Ok(Self::Recover),
            _ => Err(RecordsError::damaged(
                "enrolment link",
                "its purpose does not read",
            )),
        }
    }
}

/// A link that is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its id in the ledger.
    pub id: RecordId,
    /// For whom.
    pub person: String,
    /// What for.
    pub purpose: LinkPurpose,
    /// When it ends.
    pub expires: Timestamp,
}

impl Store {
    /// Makes a link for a person; an earlier one of theirs is good no more. `by` is who made it,
    /// none on the host.
    ///
    /// # Errors
    /// When the person is not on file or suspended, or the store fails.
    pub async fn issue_link(
        &self,
        person: &str,
        purpose: LinkPurpose,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<SecretString, RecordsError> {
        let mut change = self.inner.write().await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        let token = self
            .issue(&mut change, &mut numbered, person, purpose, by)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("make a link"))?;
        Ok(token)
    }

    /// Ends every session of a person and makes a link by which all their ways to sign in are
    /// replaced.
    ///
    /// # Errors
    /// When the person is not on file or suspended, or the store fails.
    pub async fn recover_person(
        &self,
        person: &str,
        now: Timestamp,
    ) -> Result<SecretString, RecordsError> {
        let mut change = self.inner.write().await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        end_all(
            &self.inner,
            &mut change,
            &mut numbered,
            person,
            None,
            SessionEnd::Recovered,
        )
        .await?;
        let token = self
            .issue(
                &mut change,
                &mut numbered,
                person,
                LinkPurpose::Recover,
                None,
            )
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("make a link"))?;
        Ok(token)
    }

    /// The link that a token opens, as long as it is good. Looking does not use it up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find_link(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Link>, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read links"))?;
        let mac = self.inner.token_mac(For::Link, token.as_bytes());
        let row: Option<LinkRow> = sqlx::query_as(
            "SELECT id, person, purpose, expires_at FROM enrolment_links \
             WHERE mac = $1 AND expires_at > $2",
        )
        .bind(mac)
        .bind(micros(now))
        .fetch_optional(&mut *connection)
        .await
        .map_err(RecordsError::database("read links"))?;
        row.map(link).transpose()
    }

    async fn issue(
        &self,
        connection: &mut SqliteConnection,
        change: &mut Change,
        person: &str,
        purpose: LinkPurpose,
        by: Option<&str>,
    ) -> Result<SecretString, RecordsError> {
        active_person(connection, person).await?;
        let now = change.now;
        let token = self.inner.mint();
        let mac = self
            .inner
            .token_mac(For::Link, token.expose_secret().as_bytes());
        let id = RecordId::new(now, self.inner.vault.random());
        let expires = now + SignedDuration::from_hours(LINK_HOURS);
        sqlx::query(
            "INSERT INTO enrolment_links (mac, id, person, purpose, issued_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person) DO UPDATE SET \
             mac = excluded.mac, id = excluded.id, purpose = excluded.purpose, \
             issued_at = excluded.issued_at, expires_at = excluded.expires_at",
        )
        .bind(mac)
        .bind(id.to_string())
        .bind(person)
        .bind(purpose.as_str())
        .bind(micros(now))
        .bind(micros(expires))
        .execute(&mut *connection)
        .await
        .map_err(RecordsError::database("make a link"))?;
        let event = Event::EnrolmentIssued(EnrolmentIssued {
            link: id,
            person: Token::or_unfit(person),
            purpose: Token::or_unfit(purpose.as_str()),
            expires,
            by: by.map(Token::or_unfit),
        });
        change.tell(connection, &self.inner.vault, &event).await?;
        Ok(token)
    }
}

/// Uses a link up, in the transaction of what it is used for.
pub(super) async fn spend(
    connection: &mut SqliteConnection,
    mac: Vec<u8>,
    now: Timestamp,
) -> Result<Option<Link>, RecordsError> {
    let row: Option<LinkRow> = sqlx::query_as(
        "DELETE FROM enrolment_links WHERE mac = $1 AND expires_at > $2 \
         RETURNING id, person, purpose, expires_at",
    )
    .bind(mac)
    .bind(micros(now))
    .fetch_optional(connection)
    .await
    .map_err(RecordsError::database("use a link"))?;
    row.map(link).transpose()
}

type LinkRow = (String, String, String, i64);

fn link((id, person, purpose, expires): LinkRow) -> Result<Link, RecordsError> {
    Ok(Link {
        id: id
            .parse()
            .map_err(|_| RecordsError::damaged("enrolment link", "its id is not one"))?,
        person,
        purpose: LinkPurpose::read(&purpose)?,
        expires: timestamp(expires)?,
    })
}
