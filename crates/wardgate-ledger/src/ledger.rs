//! The ledger: a journal whose records are the leaves of a published Merkle tree.
//!
//! An entry is durable in the journal before its append returns. A second thread takes the
//! durable entries into the tree and publishes tiles and a signed checkpoint soon after, when
//! the ledger is closed and when it is opened again.

mod entries;
mod open;
mod prune;
mod publisher;
mod unpublished;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use thiserror::Error;

pub use self::entries::Entries;
pub use self::prune::Pruned;
use self::unpublished::Unpublished;
use crate::bundle::ENTRY_BYTES_MAX;
use crate::checkpoint::CheckpointFault;
use crate::incident::Incident;
use crate::journal::{Job, Journal, JournalError, JournalOptions};
use crate::tree::{Hash, leaf_hash};

/// A tamper-evident log; clones share it.
///
/// ```
/// use wardgate_ledger::{Ledger, Options, Signer, verify};
///
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path().join("ledger");
/// let signer = Signer::from_seed("hospital.example/wardgate/node-1", &[7; 32])?;
/// let vkey = signer.vkey();
/// let ledger = Ledger::create(&directory, signer, &Options::default())?;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let receipt = ledger.append([1; 32], b"{\"event\":\"call\"}".to_vec()).await?;
/// assert_eq!(receipt.index(), 0);
/// # Ok::<(), wardgate_ledger::LedgerError>(())
/// # })?;
/// ledger.close()?;
///
/// assert_eq!(verify(&directory, &vkey)?.size, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

/// Proof that an entry is durable in the ledger.
///
/// Made only by [`Ledger::append`], after the sync; it cannot be copied.
pub struct Receipt {
    call: [u8; 32],
    index: u64,
    leaf_hash: Hash,
}

/// The limits of a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a durable entry may wait before it is published, at most 1 s in production.
    pub publish_after_ms: u64,
    /// The length at which a journal segment is followed by a new one.
    pub segment_bytes: u64,
    /// How many entries may wait for the disk.
    pub queue_entries_max: usize,
    /// How many bytes of entries may wait for the disk.
    pub queue_bytes_max: usize,
    /// How many bytes of durable entries may wait for publication before appends wait too.
    pub unpublished_bytes_max: usize,
    /// The time that checkpoints carry, in seconds since 1970; 0 states none.
    pub clock: fn() -> u64,
    /// The room that is kept on the volume for the last entries before it is full; 0 for none.
    pub reserve_bytes: u64,
    /// How many published segments of the journal are kept at least; 0 keeps all.
    ///
    /// Every entry is in the tiles too. [`verify`](crate::verify()) compares both as far as the
    /// journal goes back.
    pub journal_keep_segments: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            publish_after_ms: 700,
            segment_bytes: 64 << 20,
            queue_entries_max: 4096,
            queue_bytes_max: 64 << 20,
            unpublished_bytes_max: 64 << 20,
            clock: || 0,
            reserve_bytes: 4 << 20,
            journal_keep_segments: 0,
        }
    }
}

/// What opening a ledger found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// How many entries the ledger has.
    pub size: u64,
    /// How many of them had not been published yet.
    pub replayed: u64,
    /// How many bytes of a write that was never acknowledged were cut off.
    pub dropped_bytes: u64,
}

/// Whether the ledger takes entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It does.
    Good,
    /// It does not while the disk fails; it goes on by itself when that works again.
    Failing {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// The volume is full: only what ends something under way is taken, until there is room.
    Full {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// It does not before it has been opened again.
    Stopped {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// It does not while publishing fails; it goes on when that succeeds again.
    Unpublished {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// It has been closed.
    Closed,
}

impl Ledger {
    /// Appends an entry; durable on return.
    ///
    /// The receipt is bound to `call`. When more waits for the disk than the queue holds,
    /// the append waits until the queue has been emptied a few times, then gives up. A future
    /// that is dropped after its first poll may still append.
    pub async fn append(&self, call: [u8; 32], entry: Vec<u8>) -> Result<Receipt, LedgerError> {
        self.check(&entry, false)?;
        self.append_checked(call, entry, false).await
    }

    /// Appends an entry that ends something under way; durable on return.
    ///
    /// Such an entry is taken, from the reserve, when the volume is already full, and while
    /// publishing fails.
    pub async fn append_closing(
        &self,
        call: [u8; 32],
        entry: Vec<u8>,
    ) -> Result<Receipt, LedgerError> {
        self.check(&entry, true)?;
        self.append_checked(call, entry, true).await
    }

    /// Appends an entry that ends something under way soon, without telling when; never waits.
    ///
    /// For `Drop`, where nothing can be awaited.
    pub fn append_detached(&self, entry: Vec<u8>) -> Result<(), LedgerError> {
        self.check(&entry, true)?;
        let leaf_hash = leaf_hash(&entry);
        let job = Job::new(entry, leaf_hash, true);
        Ok(self.inner.journal.push_detached(job)?)
    }

    /// Takes what happened to the storage since this was asked last, oldest first.
    ///
    /// Whoever knows the events appends them: a fault only after it is over, a full volume with
    /// [`Ledger::append_closing`].
    pub fn take_incidents(&self) -> Vec<Incident> {
        self.inner.journal.incidents().take()
    }

    /// How many entries are durable.
    pub fn size(&self) -> u64 {
        self.inner.unpublished.durable()
    }

    /// Up to which size tiles and checkpoint have been published.
    pub fn published(&self) -> u64 {
        self.inner.unpublished.published()
    }

    /// Whether the ledger takes entries, and if not, why.
    pub fn health(&self) -> Health {
        match self.inner.journal.health() {
            Err(JournalError::Poisoned { reason }) => Health::Stopped { reason },
            Err(JournalError::Failing { reason }) => Health::Failing { reason },
            Err(JournalError::Full { reason }) => Health::Full { reason },
            Err(_) => Health::Closed,
            Ok(()) => match self.inner.unpublished.fault() {
                Some(reason) => Health::Unpublished { reason },
                None => Health::Good,
            },
        }
    }

    /// Reads the entry at an index.
    pub fn read(&self, index: u64) -> Result<Vec<u8>, LedgerError> {
        let minimum = self.minimum();
        if index < minimum {
            return Err(LedgerError::Pruned { index, minimum });
        }
        let mut one = self.entries(index..index.saturating_add(1));
        match one.next() {
            Some(entry) => Ok(entry?.1),
            None => Err(LedgerError::NoEntry {
                index,
                size: self.size(),
            }),
        }
    }

    /// Iterates over the durable entries of a range, from either end, pruned ones left out.
    pub fn entries(&self, range: impl std::ops::RangeBounds<u64>) -> Entries {
        Entries::new(self.clone(), range)
    }

    /// Writes and publishes what waits, then lets go of the directory. All clones are closed.
    pub fn close(self) -> Result<(), LedgerError> {
        self.inner.stop();
        match self.inner.unpublished.fault() {
            Some(reason) => Err(LedgerError::Unpublished { reason }),
            None => match self.inner.journal.health() {
                Err(error @ (JournalError::Poisoned { .. } | JournalError::Failing { .. })) => {
                    Err(error.into())
                }
                _ => Ok(()),
            },
        }
    }

    async fn append_checked(
        &self,
        call: [u8; 32],
        entry: Vec<u8>,
        closing: bool,
    ) -> Result<Receipt, LedgerError> {
        let leaf_hash = leaf_hash(&entry);
        let job = Job::new(entry, leaf_hash, closing);
        let acknowledged = self.inner.journal.append_job(job).await?;
        Ok(Receipt {
            call,
            index: acknowledged.ordinal,
            leaf_hash,
        })
    }

    fn check(&self, entry: &[u8], closing: bool) -> Result<(), LedgerError> {
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(LedgerError::TooLarge { bytes: entry.len() });
        }
        match self.inner.unpublished.fault() {
            Some(reason) if !closing => Err(LedgerError::Unpublished { reason }),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("directory", &self.inner.directory)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

impl Receipt {
    /// The digest of the call that the entry is about.
    pub fn call(&self) -> &[u8; 32] {
        &self.call
    }

    /// The index of the entry in the ledger.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The hash of the entry as a leaf of the tree.
    pub fn leaf_hash(&self) -> &Hash {
        &self.leaf_hash
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Why a ledger does not do what it was asked.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// More waits for the disk than the queue holds.
    #[error("the ledger is busy: more entries wait for the disk than it holds")]
    Busy,
    /// A write or sync failed; entries are refused until the disk works again.
    #[error("the ledger can not write: {reason}")]
    Failing {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// The volume is full; only what ends something under way is taken.
    #[error("the ledger has no room: {reason}")]
    Full {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// Nothing is acknowledged any more until the ledger is opened again.
    #[error("the ledger stopped: {reason}")]
    Stopped {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// Tiles and checkpoint cannot be written; entries are refused until they can.
    #[error("the ledger cannot publish: {reason}")]
    Unpublished {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// The ledger has been closed.
    #[error("the ledger is closed")]
    Closed,
    /// The entry is longer than an entry bundle can hold.
    #[error("an entry has {bytes} bytes, more than the limit of {ENTRY_BYTES_MAX}")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// There is no such entry.
    #[error("there is no entry {index}; the ledger has {size}")]
    NoEntry {
        /// The index that was asked for.
        index: u64,
        /// How many entries there are.
        size: u64,
    },
    /// The entry has been pruned.
    #[error("entry {index} has been pruned; the log begins at {minimum}")]
    Pruned {
        /// The index that was asked for.
        index: u64,
        /// The first index that is kept.
        minimum: u64,
    },
    /// More is to be pruned than has been published.
    #[error("pruning below {minimum} is refused: only {published} entries have been published")]
    Prune {
        /// The minimum index that was asked for.
        minimum: u64,
        /// The size of the checkpoint.
        published: u64,
    },
    /// There is already a ledger in the directory.
    #[error("`{}` already holds a ledger", .directory.display())]
    Exists {
        /// The directory.
        directory: PathBuf,
    },
    /// There is no ledger in the directory.
    #[error("`{}` holds no ledger", .directory.display())]
    Missing {
        /// The directory.
        directory: PathBuf,
    },
    /// The published checkpoint does not read or is not signed by this signer.
    #[error("the published checkpoint does not count: {0}")]
    Checkpoint(CheckpointFault),
    /// Tiles or bundles that the checkpoint needs are missing or wrong.
    #[error("`{file}` {what}")]
    Tile {
        /// The file, within the directory of the ledger.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The tree is not the one that the checkpoint says.
    #[error("the tree of {size} entries is not the one that the published checkpoint says")]
    Inconsistent {
        /// The size of the checkpoint.
        size: u64,
    },
    /// The tree is smaller than the one that was published.
    #[error("the ledger has {size} entries, but {published} have been published")]
    Smaller {
        /// How many there are.
        size: u64,
        /// How many were published.
        published: u64,
    },
    /// The journal below does not open or does not read.
    #[error(transparent)]
    Journal(JournalError),
}

impl LedgerError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy => "try again; if it lasts, the disk is too slow for the load",
            Self::Failing { .. } => "remove the cause; the disk is tried again by itself",
            Self::Full { .. } => "free space on the volume; that is noticed by itself",
            Self::Stopped { .. } => {
                "remove the cause, then start again; recovery keeps all that was acknowledged"
            }
            Self::Unpublished { .. } => "remove the cause; publishing is tried again every second",
            Self::Closed => "open the ledger again",
            Self::TooLarge { .. } => "keep the payload outside and commit to it in the entry",
            Self::NoEntry { .. } => "ask for an index below the size",
            Self::Pruned { .. } => "ask for an index that is kept, or read an export made earlier",
            Self::Prune { .. } => "prune below an index that has been published",
            Self::Exists { .. } => "open it instead, or choose an empty directory",
            Self::Missing { .. } => "check the path, or create the ledger first",
            Self::Checkpoint(_) => {
                "check that the signing key is the one this ledger was made with"
            }
            Self::Tile { .. } | Self::Inconsistent { .. } | Self::Smaller { .. } => {
                "keep the directory for the investigation, verify it, and restore a copy that verifies"
            }
            Self::Journal(error) => error.hint(),
        }
    }

    /// A word for programs that says why an append was refused; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "ledger_busy",
            Self::Failing { .. } => "ledger_storage_fault",
            Self::Full { .. } => "ledger_storage_full",
            Self::Stopped { .. } => "ledger_stopped",
            Self::Unpublished { .. } => "ledger_unpublished",
            Self::Closed => "ledger_closed",
            Self::TooLarge { .. } => "ledger_entry_too_large",
            _ => "ledger_refused",
        }
    }

    fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Journal(JournalError::io(action, path, source))
    }
}

impl From<JournalError> for LedgerError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Busy => Self::Busy,
            JournalError::Poisoned { reason } => Self::Stopped { reason },
            JournalError::Failing { reason } => Self::Failing { reason },
            JournalError::Full { reason } => Self::Full { reason },
            JournalError::Closed => Self::Closed,
            JournalError::TooLarge { bytes, .. } => Self::TooLarge { bytes },
            JournalError::Short { records, expected } => Self::Smaller {
                size: records,
                published: expected,
            },
            other => Self::Journal(other),
        }
    }
}

struct Inner {
    directory: PathBuf,
    journal: Journal,
    unpublished: Arc<Unpublished>,
    publisher: Mutex<Option<JoinHandle<()>>>,
    minimum: AtomicU64,
}

impl Inner {
    /// Stops the writer first, so that the publisher sees all that became durable.
    fn stop(&self) {
        self.journal.close();
        self.unpublished.close();
        let publisher = self
            .publisher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(publisher) = publisher {
            let _ = publisher.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn journal_directory(directory: &Path) -> PathBuf {
    directory.join(JOURNAL_DIRECTORY)
}

fn journal_options(options: &Options) -> JournalOptions {
    JournalOptions {
        segment_bytes: options.segment_bytes,
        record_bytes_max: ENTRY_BYTES_MAX,
        queue_records_max: options.queue_entries_max,
        queue_bytes_max: options.queue_bytes_max,
    }
}

/// The directory of the journal within that of the ledger.
pub(crate) const JOURNAL_DIRECTORY: &str = "journal";
/// The file of the signed checkpoint within the directory of the ledger.
pub(crate) const CHECKPOINT_FILE: &str = "checkpoint";
/// The file of the minimum index of a pruned log within the directory of the ledger.
pub(crate) const MINIMUM_FILE: &str = "minimum";

#[cfg(test)]
mod tests;
