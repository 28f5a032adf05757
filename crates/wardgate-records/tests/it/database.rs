//! A database that is held by another, or whose migration was cut off.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{SqliteConnection, SqlitePool};
use wardgate_ledger::Ledger;
use wardgate_records::Store;
use wardgate_records::events::StoredEvent;

use crate::hospital::{Hospital, now};

async fn pool(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    SqlitePool::connect_with(options).await.unwrap()
}

fn ids(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.entries(..).map(|entry| entry.unwrap().1);
    entries
        .map(|entry| StoredEvent::parse(&entry).unwrap().id.to_string())
        .collect()
}

#[tokio::test]
async fn a_database_that_another_holds_is_read_and_tells_each_event_once() {
    let hospital = Hospital::furnished().await;
    let ledger = hospital.ledger();
    let other = pool(&hospital.dir.path().join("records.db")).await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert!(!hospital.store.refresh(now()).await.unwrap());
    let waiting = hospital.store.outbox_len().await.unwrap();
    assert!(waiting > 0);
    // The events reach the ledger, but that they did can not be noted.
    hospital.store.drain_outbox(&ledger).await.unwrap_err();
    assert_eq!(hospital.store.outbox_len().await.unwrap(), waiting);
    held.rollback().await.unwrap();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    assert_eq!(hospital.store.outbox_len().await.unwrap(), 0);
    let mut told = ids(&ledger);
    assert_eq!(told.len(), waiting);
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), waiting, "each event once");
}

#[tokio::test]
async fn a_migration_that_was_cut_off_anywhere_is_run_again() {
    let hospital = Hospital::empty().await;
    let statements: Vec<&str> = MIGRATION.split_inclusive(";\n").collect();
    assert!(statements.len() > 10, "{}", statements.len());
    for done in 0..=statements.len() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let database = pool(&here.path().join("records.db")).await;
        let mut migration = database.begin_with("BEGIN IMMEDIATE").await.unwrap();
        run(
            &mut migration,
            "CREATE TABLE schema_version (version BIGINT NOT NULL);",
        )
        .await;
        for statement in &statements[..done] {
            run(&mut migration, statement).await;
        }
        if done == statements.len() {
            run(&mut migration, "INSERT INTO schema_version VALUES (1);").await;
        }
        // What a crash leaves is what the files hold before the transaction ends.
        for file in std::fs::read_dir(here.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), there.path().join(file.file_name())).unwrap();
        }
        drop(migration);
        database.close().await;
        let store = Store::open(there.path(), hospital.vault.clone(), now())
            .await
            .unwrap_or_else(|error| panic!("after {done} statements: {error}"));
        assert_eq!(store.snapshot().systems().count(), 0);
        assert_eq!(store.outbox_len().await.unwrap(), 0);
        store.close().await;
    }
}

async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap();
}

const MIGRATION: &str = include_str!("../../migrations/0001_records.sql");
