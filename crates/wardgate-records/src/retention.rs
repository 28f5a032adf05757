//! How long data is kept. What was once said can only become longer.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::error::RecordsError;
use crate::events::{Event, EventKind, RetentionSet, StoredEvent, Token};
use crate::hold::check_person;
use crate::store::Store;
use crate::store::rows::{Change, count, micros, timestamp};

/// A class of data that is kept for its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionClass {
    /// Entries of the ledger.
    Ledger,
    /// Sealed requests and answers.
    Payloads,
}

/// For how long a class of data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The class.
    pub class: RetentionClass,
    /// Days from when the data was made.
    pub days: u64,
    /// Who said so last.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
}

/// The longest retention that can be stated: a hundred years.
pub const RETENTION_DAYS_MAX: u64 = 36_525;

impl RetentionClass {
    /// Every class.
    pub const ALL: [Self; 2] = [Self::Ledger, Self::Payloads];

    /// Its word on the command line and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Payloads => "payloads",
        }
    }

    /// The days that a ledger entry states for this class, if it is about that.
    #[must_use]
    pub fn stated_in(self, event: &StoredEvent) -> Option<u64> {
        let about =
            event.kind == EventKind::RetentionSet && event.text("class") == Some(self.as_str());
        about.then(|| event.number("days")).flatten()
    }
}

impl fmt::Display for RetentionClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RetentionClass {
    type Err = NotARetentionClass;

    fn from_str(word: &str) -> Result<Self, NotARetentionClass> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == word)
            .ok_or(NotARetentionClass)
    }
}

/// The word is not a class of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `ledger` or `payloads`")]
pub struct NotARetentionClass;

impl Store {
    /// States for how long a class of data is kept. `stated` is the longest that the ledger
    /// ever stated: a store that was restored from an older backup does not make it shorter.
    ///
    /// # Errors
    /// When that is shorter than what was stated before, in the store or in the ledger, outside
    /// 1 to [`RETENTION_DAYS_MAX`] days, the person is not on file, or the store fails.
    pub async fn set_retention(
        &self,
        (class, days): (RetentionClass, u64),
        stated: Option<u64>,
        person: &str,
        now: Timestamp,
    ) -> Result<Retention, RecordsError> {
        if !(1..=RETENTION_DAYS_MAX).contains(&days) {
            return Err(RecordsError::RetentionRange);
        }
        let mut change = self.inner.write().await?;
        check_person(&mut change, person).await?;
        let stored: Option<i64> = sqlx::query_scalar("SELECT days FROM retention WHERE class = $1")
            .bind(class.as_str())
            .fetch_optional(&mut *change)
            .await
            .map_err(RecordsError::database("read the retention"))?;
        let before = stored.map(count).max(stated);
        if let Some(longest) = before.filter(|longest| days < *longest) {
            return Err(RecordsError::RetentionShorter {
                class: class.as_str(),
                days,
                longest,
            });
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "INSERT INTO retention (class, days, set_by, set_at, changed) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (class) DO UPDATE SET \
             days = excluded.days, set_by = excluded.set_by, set_at = excluded.set_at, \
             changed = excluded.changed",
        )
        .bind(class.as_str())
        .bind(i64::try_from(days).unwrap_or(i64::MAX))
        .bind(person)
        .bind(micros(now))
        .bind(numbered.sequence)
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("set the retention"))?;
        let event = Event::RetentionSet(RetentionSet {
            class: Token::or_unfit(class.as_str()),
            days,
            before_days: before,
            person: Some(Token::or_unfit(person)),
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("set the retention"))?;
        Ok(Retention {
            class,
            days,
            set_by: person.to_owned(),
            set_at: now,
        })
    }

    /// For how long a class is kept, as the store has it; none means for ever.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn retention(
        &self,
        class: RetentionClass,
    ) -> Result<Option<Retention>, RecordsError> {
        let row: Option<(i64, String, i64)> =
            sqlx::query_as("SELECT days, set_by, set_at FROM retention WHERE class = $1")
                .bind(class.as_str())
                .fetch_optional(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read the retention"))?;
        row.map(|(days, set_by, set_at)| {
            Ok(Retention {
                class,
                days: count(days),
                set_by,
                set_at: timestamp(set_at)?,
            })
        })
        .transpose()
    }
}
