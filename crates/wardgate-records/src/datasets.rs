//! Data sets that left with a manifest, and the privacy that answers about them cost.
//!
//! A decision or a spending is a row and an event in one transaction: whoever waits until
//! [`Store::is_in_ledger`] says so knows that it is durable before anything is shown.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};
use wardgate_vault::Label;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{BudgetOpened, BudgetSpent, DatasetRefused, DatasetReleased, Event, Token};
use crate::hold::check_person;
use crate::store::Store;
use crate::store::rows::{Change, count, micros, timestamp};

/// A data set that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Its id.
    pub id: RecordId,
    /// Its name.
    pub name: String,
    /// SHA-256 of its manifest, in hexadecimal.
    pub manifest: String,
    /// The event that tells of it in the ledger.
    pub event: RecordId,
    /// Who released it.
    pub released_by: String,
    /// When.
    pub released_at: Timestamp,
}

/// A data set that is to leave.
#[derive(Clone, Copy, Debug)]
pub struct DatasetRelease<'a> {
    /// Its id, which the manifest names.
    pub id: RecordId,
    /// Its name: one word.
    pub name: &'a str,
    /// SHA-256 of the manifest.
    pub manifest: [u8; 32],
    /// How many files it has.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// What is guaranteed, as codes parted by spaces.
    pub guarantee: &'a str,
    /// Which checks were waived, as codes parted by spaces.
    pub waived: &'a str,
    /// Who releases it.
    pub person: &'a str,
}

/// What is left of the privacy of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacyBudget {
    /// Its name.
    pub name: String,
    /// How spendings add up, as JSON of the program that accounts.
    pub accounting: String,
    /// What may be spent, in trillionths.
    pub limit: u64,
    /// What is spent, in trillionths.
    pub spent: u64,
    /// How many times it was spent from.
    pub spendings: u64,
}

/// What is to be spent.
#[derive(Clone, Copy, Debug)]
pub struct Spending<'a> {
    /// The budget.
    pub budget: &'a str,
    /// The number of this spending: one more than what the spender read.
    pub number: u64,
    /// The price in trillionths.
    pub price: u64,
    /// SHA-256 of the question.
    pub question: [u8; 32],
    /// Who asks.
    pub person: &'a str,
}

/// What a system links to when it cites a data set. It is no record: it left, and that stays so.
pub(crate) const DATASET: &str = "data set";

/// The longest name of a data set or budget.
pub const DATASET_NAME_BYTES_MAX: usize = 64;

impl Store {
    /// Records that a data set leaves. Returns the id of the event.
    ///
    /// # Errors
    /// When the person is not on file, the name is not one word, a data set with this manifest has
    /// left before, or the store fails.
    pub async fn release_dataset(
        &self,
        release: &DatasetRelease<'_>,
        now: Timestamp,
    ) -> Result<RecordId, RecordsError> {
        check_name(release.name)?;
        let mut change = self.inner.write().await?;
        check_person(&mut change, release.person).await?;
        let manifest = crate::hex::encode(&release.manifest);
        if by_manifest(&mut change, &manifest).await?.is_some() {
            return refused("a data set with this manifest has left before");
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        let event = Event::DatasetReleased(DatasetReleased {
            dataset: release.id,
            name: Token::or_unfit(release.name),
            manifest: release.manifest,
            files: release.files,
            bytes: release.bytes,
            guarantee: release.guarantee,
            waived: release.waived,
            person: Token::or_unfit(release.person),
        });
        let told = numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        sqlx::query(
            "INSERT INTO datasets (id, changed, name, manifest, event, released_by, released_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(release.id.to_string())
        .bind(numbered.sequence)
        .bind(release.name)
        .bind(manifest)
        .bind(told.to_string())
        .bind(release.person)
        .bind(micros(now))
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("release a data set"))?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("release a data set"))?;
        Ok(told)
    }

    /// Records that a data set was not let go. Returns the id of the event.
    ///
    /// # Errors
    /// When the person is not on file, the name is not one word, or the store fails.
    pub async fn refuse_dataset(
        &self,
        (name, person): (&str, &str),
        guarantee: &str,
        reasons: &str,
        now: Timestamp,
    ) -> Result<RecordId, RecordsError> {
        check_name(name)?;
        let mut change = self.inner.write().await?;
        check_person(&mut change, person).await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        let event = Event::DatasetRefused(DatasetRefused {
            name: Token::or_unfit(name),
            guarantee,
            reasons,
            person: Token::or_unfit(person),
        });
        let told = numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("refuse a data set"))?;
        Ok(told)
    }

    /// The data sets that left, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn datasets(&self) -> Result<Vec<Dataset>, RecordsError> {
        let rows: Vec<DatasetRow> = sqlx::query_as("SELECT * FROM datasets ORDER BY id")
            .fetch_all(&self.inner.reader)
            .await
            .map_err(RecordsError::database("read data sets"))?;
        rows.into_iter().map(DatasetRow::dataset).collect()
    }

    /// Opens a budget that nothing was spent from.
    ///
    /// # Errors
    /// When the person is not on file, the name is not one word or taken, nothing or too much may be
    /// spent, or the store fails.
    pub async fn open_budget(
        &self,
        name: &str,
        (kind, accounting, limit): (&str, &str, u64),
        person: &str,
        now: Timestamp,
    ) -> Result<PrivacyBudget, RecordsError> {
        check_name(name)?;
        let stored = i64::try_from(limit)
            .ok()
            .filter(|limit| (1..=BUDGET_MAX).contains(limit));
        let Some(stored) = stored else {
            return refused("a budget must have more than nothing, and at most 9000");
        };
        let mut change = self.inner.write().await?;
        check_person(&mut change, person).await?;
        if budget(&mut change, name).await?.is_some() {
            return refused(
                "there is a budget with this name, and what is spent of it stays spent",
            );
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "INSERT INTO budgets (name, changed, accounting, spending_max, spent, spendings, \
             opened_by, opened_at) VALUES ($1, $2, $3, $4, 0, 0, $5, $6)",
        )
        .bind(name)
        .bind(numbered.sequence)
        .bind(accounting)
        .bind(stored)
        .bind(person)
        .bind(micros(now))
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("open a privacy budget"))?;
        let event = Event::BudgetOpened(BudgetOpened {
            budget: Token::or_unfit(name),
            accounting: Token::or_unfit(kind),
            limit,
            person: Token::or_unfit(person),
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("open a privacy budget"))?;
        Ok(PrivacyBudget {
            name: name.to_owned(),
            accounting: accounting.to_owned(),
            limit,
            spent: 0,
            spendings: 0,
        })
    }

    /// A budget by its name.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn privacy_budget(&self, name: &str) -> Result<PrivacyBudget, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read privacy budgets"))?;
        budget(&mut connection, name)
            .await?
            .ok_or_else(|| unknown(name))
    }

    /// Spends from a budget. Returns the id of the event; an answer is drawn only when
    /// [`Store::is_in_ledger`] says that it is there.
    ///
    /// # Errors
    /// [`RecordsError::BudgetExhausted`] when there is less left, [`RecordsError::BudgetMoved`] when
    /// somebody spent since the spender read it; and when the person is not on file or the store fails.
    /// Nothing is spent then.
    pub async fn spend_budget(
        &self,
        spending: &Spending<'_>,
        now: Timestamp,
    ) -> Result<RecordId, RecordsError> {
        let name = spending.budget;
        let mut change = self.inner.write().await?;
        check_person(&mut change, spending.person).await?;
        let before = budget(&mut change, name)
            .await?
            .ok_or_else(|| unknown(name))?;
        let exhausted = || RecordsError::BudgetExhausted {
            budget: name.to_owned(),
        };
        if before.spendings.checked_add(1) != Some(spending.number) {
            return Err(RecordsError::BudgetMoved {
                budget: name.to_owned(),
            });
        }
        let spent = before.spent.checked_add(spending.price);
        let spent = spent.filter(|spent| *spent <= before.limit && spending.price > 0);
        let spent = spent.ok_or_else(exhausted)?;
        let stored = i64::try_from(spent).map_err(|_| exhausted())?;
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "UPDATE budgets SET spent = $1, spendings = spendings + 1, changed = $2 WHERE name = $3",
        )
        .bind(stored)
        .bind(numbered.sequence)
        .bind(name)
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("spend from a privacy budget"))?;
        let event = Event::BudgetSpent(BudgetSpent {
            budget: Token::or_unfit(name),
            number: spending.number,
            price: spending.price,
            spent,
            left: before.limit - spent,
            question: spending.question,
            person: Token::or_unfit(spending.person),
        });
        let told = numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("spend from a privacy budget"))?;
        Ok(told)
    }

    /// The secret from which stand-ins follow in records that are de-identified here for others under a
    /// profile: the same as long as the vault lives. Each profile has its own, so that data with moved dates
    /// and data with real ones can not be joined by their stand-ins, and the moves with them.
    #[must_use]
    pub fn project_key(&self, profile: &str) -> [u8; 32] {
        let hospital = self.inner.vault.derive(Label::ProjectKey);
        hospital.mac(profile.as_bytes())
    }

    /// Whether the ledger has an event that was told of.
    ///
    /// # Errors
    /// When there is no such event, or the store fails.
    pub async fn is_in_ledger(&self, event: RecordId) -> Result<bool, RecordsError> {
        let found: Option<Option<i64>> =
            sqlx::query_scalar("SELECT ledger_index FROM outbox WHERE id = $1")
                .bind(event.to_string())
                .fetch_optional(&self.inner.writer)
                .await
                .map_err(RecordsError::database("read the outbox"))?;
        found
            .map(|index| index.is_some())
            .ok_or_else(|| RecordsError::Unknown {
                kind: "event",
                id: event.to_string(),
            })
    }
}

/// The manifests of all data sets that left, as `sha256:` and hexadecimal digits.
pub(crate) async fn released(
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, RecordsError> {
    let rows: Vec<String> = sqlx::query_scalar("SELECT manifest FROM datasets")
        .fetch_all(connection)
        .await
        .map_err(RecordsError::database("read data sets"))?;
    Ok(rows
        .into_iter()
        .map(|digest| format!("sha256:{digest}"))
        .collect())
}

async fn by_manifest(
    connection: &mut SqliteConnection,
    manifest: &str,
) -> Result<Option<String>, RecordsError> {
    sqlx::query_scalar("SELECT id FROM datasets WHERE manifest = $1")
        .bind(manifest)
        .fetch_optional(connection)
        .await
        .map_err(RecordsError::database("read data sets"))
}

async fn budget(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<PrivacyBudget>, RecordsError> {
    let row: Option<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT accounting, spending_max, spent, spendings FROM budgets WHERE name = $1",
    )
    .bind(name)
    .fetch_optional(connection)
    .await
    .map_err(RecordsError::database("read privacy budgets"))?;
    Ok(
        row.map(|(accounting, limit, spent, spendings)| PrivacyBudget {
            name: name.to_owned(),
            accounting,
            limit: count(limit),
            spent: count(spent),
            spendings: count(spendings),
        }),
    )
}

fn check_name(name: &str) -> Result<(), RecordsError> {
    if name.len() > DATASET_NAME_BYTES_MAX || Token::new(name).is_err() {
        return refused(format!(
            "its name must be one word of at most {DATASET_NAME_BYTES_MAX} characters"
        ));
    }
    Ok(())
}

struct DatasetRow {
    id: String,
    name: String,
    manifest: String,
    event: String,
    released: (String, i64),
}

impl<'r> FromRow<'r, SqliteRow> for DatasetRow {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            manifest: row.try_get("manifest")?,
            event: row.try_get("event")?,
            released: (row.try_get("released_by")?, row.try_get("released_at")?),
        })
    }
}

impl DatasetRow {
    fn dataset(self) -> Result<Dataset, RecordsError> {
        let damaged = |what| RecordsError::damaged("dataset", what);
        Ok(Dataset {
            id: self.id.parse().map_err(|_| damaged("its id is not one"))?,
            name: self.name,
            manifest: self.manifest,
            event: self
                .event
                .parse()
                .map_err(|_| damaged("its event is not one"))?,
            released_by: self.released.0,
            released_at: timestamp(self.released.1)?,
        })
    }
}

fn unknown(name: &str) -> RecordsError {
    RecordsError::Unknown {
        kind: "privacy budget",
        id: name.to_owned(),
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, RecordsError> {
    Err(RecordsError::DatasetRefused { why: why.into() })
}

/// 9000 in trillionths: whole numbers of a leaf end at 2^53.
const BUDGET_MAX: i64 = 9_000_000_000_000_000;
