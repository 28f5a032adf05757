//! The schema, version by version.

use sqlx::SqlitePool;

use crate::error::RecordsError;

/// Runs the migrations that the database does not have yet, in one transaction.
pub(super) async fn bring_up_to_date(pool: &SqlitePool) -> Result<(), RecordsError> {
    let failed = || RecordsError::database("bring the schema up to date");
    let mut change = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed())?;
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        .execute(&mut *change)
        .await
        .map_err(failed())?;
    let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM schema_version")
        .fetch_one(&mut *change)
        .await
        .map_err(failed())?;
    let found = found.unwrap_or(0);
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(RecordsError::NewerSchema { found, known });
    }
    for (version, migration) in (1_i64..).zip(MIGRATIONS) {
        if version <= found {
            continue;
        }
        sqlx::raw_sql(*migration)
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *change)
            .await
            .map_err(failed())?;
    }
    change.commit().await.map_err(failed())
}

/// Each is run once, in this order; a released one is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_records.sql"),
    include_str!("../../migrations/0002_custody.sql"),
    include_str!("../../migrations/0003_people.sql"),
    include_str!("../../migrations/0004_clients.sql"),
    include_str!("../../migrations/0005_consents.sql"),
    include_str!("../../migrations/0006_proposals.sql"),
    include_str!("../../migrations/0007_care.sql"),
    include_str!("../../migrations/0008_directory.sql"),
    include_str!("../../migrations/0009_datasets.sql"),
];
