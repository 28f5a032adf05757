//! Legal holds: what must be kept, whatever retention says and whoever asks for its destruction.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};
use wardgate_vault::PatientHandle;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{Event, HoldPlaced, HoldReleased, Token};
use crate::store::Store;
use crate::store::rows::{Change, micros, timestamp};

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id, by which it is released.
    pub id: RecordId,
    /// What it keeps.
    pub scope: HoldScope,
    /// Why, as a code.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Who released it and when; another person than placed it.
    pub released: Option<(String, Timestamp)>,
}

/// What a hold keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldScope {
    /// Everything.
    All,
    /// What concerns one patient.
    Patient(PatientHandle),
    /// What happened from one time to another, both included.
    Range {
        /// The first instant.
        from: Timestamp,
        /// The last instant.
        to: Timestamp,
    },
}

/// What a new hold is to keep.
#[derive(Clone, Copy, Debug)]
pub enum HoldOn<'a> {
    /// Everything.
    All,
    /// The patient that a reference (`Patient/123`) or identifier means.
    Patient(&'a str),
    /// What happened from one time to another, both included.
    Range {
        /// The first instant.
        from: Timestamp,
        /// The last instant.
        to: Timestamp,
    },
}

impl Hold {
    /// Whether it still keeps anything.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.released.is_none()
    }

    /// Whether it keeps something that happened at a time and concerns a patient, if any.
    #[must_use]
    pub fn keeps(&self, at: Timestamp, patient: Option<PatientHandle>) -> bool {
        self.is_active()
            && match self.scope {
                HoldScope::All => true,
                HoldScope::Patient(held) => patient == Some(held),
                HoldScope::Range { from, to } => (from..=to).contains(&at),
            }
    }
}

/// How many holds may be active.
pub const ACTIVE_HOLDS_MAX: usize = 10_000;
/// The longest reason code.
pub const HOLD_REASON_BYTES_MAX: usize = 64;

impl Store {
    /// Places a hold.
    ///
    /// # Errors
    /// When the person or the patient is not on file, the reason is not a code, the range ends
    /// before it begins, [`ACTIVE_HOLDS_MAX`] are active, or the store fails.
    pub async fn place_hold(
        &self,
        on: HoldOn<'_>,
        reason: &str,
        person: &str,
        now: Timestamp,
    ) -> Result<Hold, RecordsError> {
        let scope = match on {
            HoldOn::All => HoldScope::All,
            HoldOn::Patient(reference) => HoldScope::Patient(self.patient_handle(reference).await?),
            HoldOn::Range { from, to } => HoldScope::Range { from, to },
        };
        check_form(scope, reason)?;
        let mut change = self.inner.write().await?;
        check_person(&mut change, person).await?;
        check_patient(&mut change, scope).await?;
        if active(&mut change).await?.len() >= ACTIVE_HOLDS_MAX {
            return refused(format!("{ACTIVE_HOLDS_MAX} holds are active"));
        }
        let hold = Hold {
            id: RecordId::new(now, self.inner.vault.random()),
            scope,
            reason: reason.to_owned(),
            placed_by: person.to_owned(),
            placed_at: now,
            released: None,
        };
        let mut numbered = Change::begin(&mut change, now).await?;
        insert(&mut change, &hold, numbered.sequence).await?;
        let (patient, range) = parts(scope);
        let event = Event::HoldPlaced(HoldPlaced {
            hold: hold.id,
            patient,
            from: range.map(|(from, _)| from),
            to: range.map(|(_, to)| to),
            reason: Token::or_unfit(reason),
            person: Some(Token::or_unfit(person)),
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("place a hold"))?;
        Ok(hold)
    }

    /// Releases a hold.
    ///
    /// # Errors
    /// When there is no such hold, it was released before, the person is not on file or is the
    /// one who placed it, or the store fails.
    pub async fn release_hold(
        &self,
        id: RecordId,
        person: &str,
        now: Timestamp,
    ) -> Result<Hold, RecordsError> {
        let mut change = self.inner.write().await?;
        check_person(&mut change, person).await?;
        let all = read(&mut change, "SELECT * FROM holds WHERE id = $1", Some(id)).await?;
        let Some(mut hold) = all.into_iter().next() else {
            return Err(RecordsError::Unknown {
                kind: "hold",
                id: id.to_string(),
            });
        };
        if !hold.is_active() {
            return refused("it has been released before");
        }
        if hold.placed_by == person {
            return refused(format!(
                "`{person}` placed it, and another person must release it"
            ));
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "UPDATE holds SET released_by = $1, released_at = $2, changed = $3 WHERE id = $4",
        )
        .bind(person)
        .bind(micros(now))
        .bind(numbered.sequence)
        .bind(id.to_string())
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("release a hold"))?;
        let event = Event::HoldReleased(HoldReleased {
            hold: id,
            patient: parts(hold.scope).0,
            reason: Token::or_unfit(&hold.reason),
            person: Some(Token::or_unfit(person)),
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("release a hold"))?;
        hold.released = Some((person.to_owned(), now));
        Ok(hold)
    }

    /// Every hold, the oldest first, released ones too.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn holds(&self) -> Result<Vec<Hold>, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read holds"))?;
        read(&mut connection, "SELECT * FROM holds ORDER BY id", None).await
    }
}

/// The active holds, as the transaction that decides on them sees them.
pub(crate) async fn active(connection: &mut SqliteConnection) -> Result<Vec<Hold>, RecordsError> {
    let statement = "SELECT * FROM holds WHERE released_at IS NULL ORDER BY id";
    read(connection, statement, None).await
}

/// Refuses a person who is not on file.
pub(crate) async fn check_person(
    connection: &mut SqliteConnection,
    person: &str,
) -> Result<(), RecordsError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT version FROM records WHERE kind = 'person' AND id = $1")
            .bind(person)
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read records"))?;
    found.map(drop).ok_or_else(|| RecordsError::Unknown {
        kind: "person",
        id: person.to_owned(),
    })
}

fn check_form(scope: HoldScope, reason: &str) -> Result<(), RecordsError> {
    if reason.len() > HOLD_REASON_BYTES_MAX || Token::new(reason).is_err() {
        return refused(format!(
            "its reason must be a code of at most {HOLD_REASON_BYTES_MAX} characters without spaces"
        ));
    }
    match scope {
        HoldScope::Range { from, to } if to < from => refused("its range ends before it begins"),
        _ => Ok(()),
    }
}

/// Whoever was shredded since the look-up can not be held any more.
async fn check_patient(
    connection: &mut SqliteConnection,
    scope: HoldScope,
) -> Result<(), RecordsError> {
    let HoldScope::Patient(patient) = scope else {
        return Ok(());
    };
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT version FROM patients WHERE handle = $1 AND shredded_at IS NULL",
    )
    .bind(patient.to_string())
    .fetch_optional(connection)
    .await
    .map_err(RecordsError::database("read patients"))?;
    found.map(drop).ok_or(RecordsError::UnknownPatient)
}

async fn insert(
    connection: &mut SqliteConnection,
    hold: &Hold,
    sequence: i64,
) -> Result<(), RecordsError> {
    let (patient, range) = parts(hold.scope);
    let scope = match hold.scope {
        HoldScope::All => "all",
        HoldScope::Patient(_) => "patient",
        HoldScope::Range { .. } => "range",
    };
    sqlx::query(
        "INSERT INTO holds (id, scope, patient, from_at, to_at, reason, placed_by, placed_at, \
         released_by, released_at, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL, $9)",
    )
    .bind(hold.id.to_string())
    .bind(scope)
    .bind(patient.map(|patient| patient.to_string()))
    .bind(range.map(|(from, _)| micros(from)))
    .bind(range.map(|(_, to)| micros(to)))
    .bind(&hold.reason)
    .bind(&hold.placed_by)
    .bind(micros(hold.placed_at))
    .bind(sequence)
    .execute(connection)
    .await
    .map_err(RecordsError::database("place a hold"))?;
    Ok(())
}

fn parts(scope: HoldScope) -> (Option<PatientHandle>, Option<(Timestamp, Timestamp)>) {
    match scope {
        HoldScope::All => (None, None),
        HoldScope::Patient(patient) => (Some(patient), None),
        HoldScope::Range { from, to } => (None, Some((from, to))),
    }
}

async fn read(
    connection: &mut SqliteConnection,
    statement: &'static str,
    id: Option<RecordId>,
) -> Result<Vec<Hold>, RecordsError> {
    let mut query = sqlx::query_as::<_, HoldRow>(statement);
    if let Some(id) = id {
        query = query.bind(id.to_string());
    }
    let rows = query
        .fetch_all(connection)
        .await
        .map_err(RecordsError::database("read holds"))?;
    rows.into_iter().map(HoldRow::hold).collect()
}

struct HoldRow {
    id: String,
    scope: String,
    patient: Option<String>,
    range: (Option<i64>, Option<i64>),
    reason: String,
    placed: (String, i64),
    released: (Option<String>, Option<i64>),
}

impl<'r> FromRow<'r, SqliteRow> for HoldRow {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            scope: row.try_get("scope")?,
            patient: row.try_get("patient")?,
            range: (row.try_get("from_at")?, row.try_get("to_at")?),
            reason: row.try_get("reason")?,
            placed: (row.try_get("placed_by")?, row.try_get("placed_at")?),
            released: (row.try_get("released_by")?, row.try_get("released_at")?),
        })
    }
}

impl HoldRow {
    /// A hold that can not be read is a fault, never no hold.
    fn hold(self) -> Result<Hold, RecordsError> {
        let damaged = |what| RecordsError::damaged(format!("hold/{}", self.id), what);
        let scope = match (self.scope.as_str(), &self.patient, self.range) {
            ("all", None, (None, None)) => HoldScope::All,
            ("patient", Some(patient), (None, None)) => HoldScope::Patient(
                patient
                    .parse()
                    .map_err(|_| damaged("its patient is not a handle"))?,
            ),
            ("range", None, (Some(from), Some(to))) => HoldScope::Range {
                from: timestamp(from)?,
                to: timestamp(to)?,
            },
            _ => return Err(damaged("its scope does not read")),
        };
        let released = match (self.released.0, self.released.1) {
            (None, None) => None,
            (Some(person), Some(at)) => Some((person, timestamp(at)?)),
            _ => {
                return Err(RecordsError::damaged("hold", "its release does not read"));
            }
        };
        Ok(Hold {
            id: self
                .id
                .parse()
                .map_err(|_| RecordsError::damaged("hold", "its id is not one"))?,
            scope,
            reason: self.reason,
            placed_by: self.placed.0,
            placed_at: timestamp(self.placed.1)?,
            released,
        })
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, RecordsError> {
    Err(RecordsError::HoldRefused { why: why.into() })
}
