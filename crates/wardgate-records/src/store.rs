//! The store of records on SQLite, and the snapshot that is read from it.

pub(crate) mod rows;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use tokio::sync::Mutex;
use wardgate_vault::{DerivedKey, Label, Vault};

use crate::error::RecordsError;
use crate::snapshot::{Records, Snapshot, load};

/// The store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
    pub(crate) vault: Arc<Vault>,
    pub(crate) pepper: Arc<DerivedKey>,
    pub(crate) index_key: Arc<DerivedKey>,
    /// Digests tokens of sessions, links and devices.
    pub(crate) token_key: DerivedKey,
    snapshot: ArcSwap<Snapshot>,
    /// One refresh at a time; held by nothing else.
    refreshing: Mutex<()>,
    /// One drain at a time.
    pub(crate) draining: Mutex<()>,
    /// Whether leaves that a crash left unmarked were looked for in the ledger.
    pub(crate) outbox_reconciled: AtomicBool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Makes a new store in the folder `dir`, which must exist.
    ///
    /// # Errors
    /// When there is one already, or the database cannot be made.
    pub async fn create(
        dir: &Path,
        vault: Arc<Vault>,
        now: Timestamp,
    ) -> Result<Self, RecordsError> {
        let path = database_path(dir);
        if path.exists() {
            return Err(RecordsError::AlreadyExists { path });
        }
        Self::connect(&path, vault, now, true).await
    }

    /// Opens the store in the folder `dir`, brings its schema up to date and reads everything.
    ///
    /// # Errors
    /// When there is none, it was written by a newer build, or the database fails.
    pub async fn open(dir: &Path, vault: Arc<Vault>, now: Timestamp) -> Result<Self, RecordsError> {
        let path = database_path(dir);
        if !path.exists() {
            return Err(RecordsError::Missing { path });
        }
        Self::connect(&path, vault, now, false).await
    }

    /// The current snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.snapshot.load_full()
    }

    /// Looks for changes, by whichever process, and swaps the snapshot. Without changes this is
    /// one look at one row. Only a successful look makes the facts younger.
    ///
    /// Returns whether anything had changed.
    ///
    /// # Errors
    /// When the database fails; the snapshot stays and ages.
    pub async fn refresh(&self, now: Timestamp) -> Result<bool, RecordsError> {
        let _one_at_a_time = self.inner.refreshing.lock().await;
        let current = self.inner.snapshot.load_full();
        let newer = load::newer(&self.inner, &current.records).await?;
        let changed = newer.is_some();
        self.inner.snapshot.store(Arc::new(Snapshot {
            as_of: now,
            records: newer.map_or_else(|| Arc::clone(&current.records), Arc::new),
        }));
        Ok(changed)
    }

    /// Closes the database in order.
    pub async fn close(&self) {
        self.inner.reader.close().await;
        self.inner.writer.close().await;
    }

    async fn connect(
        path: &Path,
        vault: Arc<Vault>,
        now: Timestamp,
        create: bool,
    ) -> Result<Self, RecordsError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))
            .pragma("secure_delete", "on")
            .pragma("trusted_schema", "off");
        let pool = || {
            SqlitePoolOptions::new()
                .max_connections(1)
                .acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let writer = pool()
            .connect_with(options.clone())
            .await
            .map_err(RecordsError::database("open the database"))?;
        restrict_access(path);
        schema::bring_up_to_date(&writer).await?;
        let reader = pool()
            .connect_with(options)
            .await
            .map_err(RecordsError::database("open the database"))?;
        let pepper = Arc::new(vault.derive(Label::ApiKeyPepper));
        let index_key = Arc::new(vault.derive(Label::BlindIndex));
        let token_key = vault.derive(Label::SessionToken);
        let empty = Records::empty(Arc::clone(&pepper), Arc::clone(&index_key))?;
        let store = Self {
            inner: Arc::new(Inner {
                writer,
                reader,
                vault,
                pepper,
                index_key,
                token_key,
                snapshot: ArcSwap::from_pointee(Snapshot {
                    as_of: now,
                    records: Arc::new(empty),
                }),
                refreshing: Mutex::new(()),
                draining: Mutex::new(()),
                outbox_reconciled: AtomicBool::new(false),
            }),
        };
        store.finish_shredding(now).await?;
        store.refresh(now).await?;
        store.note_policies(now).await?;
        Ok(store)
    }
}

impl Inner {
    /// A transaction that holds the write lock from its start, so that what it reads stays true
    /// until it commits.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, RecordsError> {
        self.writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(RecordsError::database("begin a change"))
    }
}

fn database_path(dir: &Path) -> PathBuf {
    dir.join("records.db")
}

/// The file is for its owner only. Its content is sealed where it matters, so a file system
/// without permissions is no reason to stop.
fn restrict_access(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
        tracing::warn!(%error, "cannot restrict access to the record store");
    }
}

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT_MS: u64 = 5_000;
/// How long an operation waits for the one connection.
const ACQUIRE_TIMEOUT_MS: u64 = 10_000;
