//! The rows of emergency accesses.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{BreakGlass, BreakGlassReason, BreakGlassReview, BreakGlassVerdict};
use crate::RecordId;
use crate::error::RecordsError;
use crate::store::rows::{micros, timestamp};

/// Writes a new access.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    access: &BreakGlass,
    sealed: Option<Vec<u8>>,
    sequence: i64,
) -> Result<(), RecordsError> {
    sqlx::query(
        "INSERT INTO break_glass (id, changed, person, patient, reason, sealed, opened_at, ends_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(access.id.to_string())
    .bind(sequence)
    .bind(&access.person)
    .bind(access.patient.map(|patient| patient.to_string()))
    .bind(access.reason.word())
    .bind(sealed)
    .bind(micros(access.opened))
    .bind(micros(access.until))
    .execute(connection)
    .await
    .map_err(RecordsError::database("open an emergency access"))?;
    Ok(())
}

/// How many accesses of a person await their review.
pub(super) async fn unreviewed_of(
    connection: &mut SqliteConnection,
    person: &str,
) -> Result<usize, RecordsError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM break_glass WHERE person = $1 AND reviewed_at IS NULL",
    )
    .bind(person)
    .fetch_one(connection)
    .await
    .map_err(RecordsError::database("read emergency accesses"))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// An access by its id.
pub(super) async fn one(
    connection: &mut SqliteConnection,
    id: RecordId,
) -> Result<Option<BreakGlass>, RecordsError> {
    sqlx::query("SELECT * FROM break_glass WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(connection)
        .await
        .map_err(RecordsError::database("read emergency accesses"))?
        .as_ref()
        .map(read)
        .transpose()
}

/// The newest accesses with their sealed words.
pub(super) async fn newest(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<(BreakGlass, Option<Vec<u8>>)>, RecordsError> {
    let rows = sqlx::query("SELECT * FROM break_glass ORDER BY id DESC LIMIT $1")
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(RecordsError::database("read emergency accesses"))?;
    rows.iter()
        .map(|row| {
            let sealed = row
                .try_get("sealed")
                .map_err(RecordsError::database("read emergency accesses"))?;
            Ok((read(row)?, sealed))
        })
        .collect()
}

/// Brings the unreviewed accesses up to date.
pub(crate) async fn newer(
    connection: &mut SqliteConnection,
    since: i64,
    into: &mut HashMap<RecordId, BreakGlass>,
) -> Result<(), RecordsError> {
    let rows = sqlx::query("SELECT * FROM break_glass WHERE changed > $1")
        .bind(since)
        .fetch_all(connection)
        .await
        .map_err(RecordsError::database("read emergency accesses"))?;
    for row in &rows {
        let access = read(row)?;
        match access.review {
            None => into.insert(access.id, access),
            Some(_) => into.remove(&access.id),
        };
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Result<BreakGlass, RecordsError> {
    let failed = || RecordsError::database("read emergency accesses");
    let id: String = row.try_get("id").map_err(failed())?;
    let damaged = |what| RecordsError::damaged(format!("break_glass/{id}"), what);
    let patient: Option<String> = row.try_get("patient").map_err(failed())?;
    let reason: String = row.try_get("reason").map_err(failed())?;
    let reviewed_by: Option<String> = row.try_get("reviewed_by").map_err(failed())?;
    let reviewed_at: Option<i64> = row.try_get("reviewed_at").map_err(failed())?;
    let verdict: Option<String> = row.try_get("verdict").map_err(failed())?;
    let review = match (reviewed_by, reviewed_at, verdict.as_deref()) {
        (None, None, None) => None,
        (Some(person), Some(at), Some(verdict)) => Some(BreakGlassReview {
            person,
            at: timestamp(at)?,
            verdict: BreakGlassVerdict::from_word(verdict)
                .ok_or_else(|| damaged("its verdict is not known"))?,
        }),
        _ => return Err(damaged("its review is not whole")),
    };
    Ok(BreakGlass {
        id: id.parse().map_err(|_| damaged("its id is not one"))?,
        person: row.try_get("person").map_err(failed())?,
        patient: patient
            .map(|patient| patient.parse())
            .transpose()
            .map_err(|_| damaged("its patient is not one"))?,
        reason: BreakGlassReason::from_word(&reason)
            .ok_or_else(|| damaged("its reason is not known"))?,
        opened: timestamp(row.try_get("opened_at").map_err(failed())?)?,
        until: timestamp(row.try_get("ends_at").map_err(failed())?)?,
        review,
    })
}
