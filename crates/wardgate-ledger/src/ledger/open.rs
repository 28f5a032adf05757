//! Creating a ledger, and opening one without reading the whole log.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::publisher::{Edge, Publisher, unfinished};
use super::unpublished::Unpublished;
use super::{
    CHECKPOINT_FILE, Inner, Ledger, LedgerError, MINIMUM_FILE, Options, Recovery,
    journal_directory, journal_options, prune,
};
use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, FileSystem};
use crate::file::{self, Pending};
use crate::floor;
use crate::journal::{self, Home, Job, Journal, JournalError, OnDurable, OpenFor, Replayed};
use crate::note::{Note, Signer};
use crate::tile::Kind;
use crate::tree::{Frontier, Hash, TILE_WIDTH, leaf_hash};

impl Ledger {
    /// Starts a ledger in a directory that has none; creates the directory.
    ///
    /// The name of the signer is the origin of the log.
    pub fn create(
        directory: &Path,
        signer: Signer,
        options: &Options,
    ) -> Result<Self, LedgerError> {
        Self::create_on(Arc::new(FileSystem), directory, signer, options)
    }

    pub(super) fn create_on(
        disk: Arc<dyn Disk>,
        directory: &Path,
        signer: Signer,
        options: &Options,
    ) -> Result<Self, LedgerError> {
        if directory.join(CHECKPOINT_FILE).exists() {
            return Err(LedgerError::Exists {
                directory: directory.to_owned(),
            });
        }
        let unpublished = Arc::new(Unpublished::new(0, options.unpublished_bytes_max));
        let journal = journal_directory(directory);
        let home = home(disk, directory, options);
        let on_durable = feed(&unpublished);
        let journal = Journal::create_for(&journal, &journal_options(options), home, on_durable)
            .map_err(|error| match error {
                JournalError::Exists { .. } => LedgerError::Exists {
                    directory: directory.to_owned(),
                },
                other => other.into(),
            })?;
        let edge = Edge {
            frontier: Frontier::new(),
            bundle: Vec::new(),
        };
        Self::start(directory, signer, options, (journal, unpublished, edge))
    }

    /// Opens a ledger and publishes what had become durable after the last checkpoint.
    ///
    /// Reads the last tiles and what follows the checkpoint, not the whole log; a full audit
    /// is [`verify`](crate::verify()). Refuses, and changes nothing, when the tree is smaller
    /// than the published checkpoint or not the same, or when an acknowledged entry is lost.
    pub fn open(
        directory: &Path,
        signer: Signer,
        options: &Options,
    ) -> Result<(Self, Recovery), LedgerError> {
        Self::open_on(Arc::new(FileSystem), directory, signer, options)
    }

    pub(super) fn open_on(
        disk: Arc<dyn Disk>,
        directory: &Path,
        signer: Signer,
        options: &Options,
    ) -> Result<(Self, Recovery), LedgerError> {
        let missing = || LedgerError::Missing {
            directory: directory.to_owned(),
        };
        // Before the first look, since another process may be changing what there is to see.
        let lock = journal::lock(&journal_directory(directory)).map_err(|error| match error {
            JournalError::Missing { .. } => missing(),
            other => other.into(),
        })?;
        let checkpoint = read_checkpoint(directory, &signer)?;
        let path = directory.join(MINIMUM_FILE);
        let minimum =
            floor::read(&path).map_err(|source| LedgerError::io("reading", &path, source))?;
        if minimum > checkpoint.size {
            return Err(LedgerError::Smaller {
                size: checkpoint.size,
                published: minimum,
            });
        }
        let edge = read_edge(directory, &checkpoint)?;
        let unpublished = Arc::new(Unpublished::new(
            checkpoint.size,
            options.unpublished_bytes_max,
        ));
        // The entries of the unfinished bundle are seen again too: they tie journal and tiles.
        let bundle_start = checkpoint.size - checkpoint.size % TILE_WIDTH as u64;
        let known = OpenFor {
            expected: checkpoint.size,
            replay_from: bundle_start,
            ..OpenFor::default()
        };
        let leaves = edge.frontier.levels().first().cloned().unwrap_or_default();
        let on_durable = feed(&unpublished);
        let (journal, replayed) = Journal::open_for(
            &journal_directory(directory),
            &journal_options(options),
            home(disk, directory, options),
            (lock, known),
            |replayed| {
                check_overlap(replayed, &checkpoint, &leaves)?;
                Ok(on_durable)
            },
        )
        .map_err(|error| match error {
            JournalError::Missing { .. } => missing(),
            JournalError::Refused { .. } => LedgerError::Inconsistent {
                size: checkpoint.size,
            },
            other => other.into(),
        })?;
        let recovery = Recovery {
            size: replayed.recovery.records,
            replayed: replayed.recovery.records - checkpoint.size,
            dropped_bytes: replayed.recovery.dropped_bytes,
        };
        let new = replayed
            .records
            .into_iter()
            .filter(|(index, _)| *index >= checkpoint.size);
        unpublished.add(new.map(|(_, entry)| {
            let hash = leaf_hash(&entry);
            (entry, hash)
        }));
        prune::finish(&**journal.disk(), directory, minimum)?;
        let ledger = Self::start(directory, signer, options, (journal, unpublished, edge))?;
        ledger.inner.minimum.store(minimum, Ordering::Release);
        Ok((ledger, recovery))
    }

    fn start(
        directory: &Path,
        signer: Signer,
        options: &Options,
        (journal, unpublished, edge): (Journal, Arc<Unpublished>, Edge),
    ) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::io("publishing", directory, source);
        file::remove_temporaries(&**journal.disk(), directory).map_err(failed)?;
        let mut publisher = Publisher {
            directory: directory.to_owned(),
            disk: Arc::clone(journal.disk()),
            fence: Arc::clone(journal.fence()),
            incidents: Arc::clone(journal.incidents()),
            pending: Pending::default(),
            signer,
            unpublished: Arc::clone(&unpublished),
            edge,
            journal: journal.clone(),
            keep_segments: options.journal_keep_segments,
            delay: Duration::from_millis(options.publish_after_ms),
            clock: options.clock,
        };
        publisher.publish().map_err(failed)?;
        let publisher = thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || publisher.run())
            .map_err(failed)?;
        let inner = Inner {
            directory: directory.to_owned(),
            journal,
            unpublished,
            publisher: Mutex::new(Some(publisher)),
            minimum: AtomicU64::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }
}

fn home(disk: Arc<dyn Disk>, directory: &Path, options: &Options) -> Home {
    Home {
        disk,
        directory: directory.to_owned(),
        reserve_bytes: options.reserve_bytes,
    }
}

/// Hands durable entries to the publisher before they are acknowledged.
fn feed(unpublished: &Arc<Unpublished>) -> OnDurable {
    let unpublished = Arc::clone(unpublished);
    Box::new(move |jobs: &mut [Job]| {
        let taken = jobs
            .iter_mut()
            .map(|job| (std::mem::take(&mut job.payload), job.digest));
        unpublished.add(taken);
    })
}

fn read_checkpoint(directory: &Path, signer: &Signer) -> Result<Checkpoint, LedgerError> {
    let path = directory.join(CHECKPOINT_FILE);
    let note = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LedgerError::Missing {
            directory: directory.to_owned(),
        },
        _ => LedgerError::io("reading", &path, error),
    })?;
    let checkpoint = Checkpoint::open(&note, signer.verifier_key());
    let checkpoint = checkpoint.map_err(LedgerError::Checkpoint)?;
    // A checkpoint of an older build has one signature; a second one that is there must be good.
    if let Some(key) = signer.ml_dsa_44_key() {
        let signed = Note::parse(&note).and_then(|note| note.signed_by(key));
        signed.map_err(|fault| LedgerError::Checkpoint(fault.into()))?;
    }
    Ok(checkpoint)
}

/// Reads the unfinished tiles of the checkpoint and checks that they make its root.
fn read_edge(directory: &Path, checkpoint: &Checkpoint) -> Result<Edge, LedgerError> {
    let mut levels = Vec::new();
    for (width, level) in crate::tree::partial_widths(checkpoint.size)
        .into_iter()
        .zip(0u8..)
    {
        let tile = unfinished(Kind::Hashes(level), checkpoint.size, level);
        let Some(tile) = tile.filter(|_| width > 0) else {
            levels.push(Vec::new());
            continue;
        };
        let file = tile.to_string();
        let bytes = read_tile(directory, &file)?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() != usize::from(width) || !rest.is_empty() {
            return Err(LedgerError::Tile {
                file,
                what: "has a wrong length",
            });
        }
        levels.push(hashes.to_vec());
    }
    let bundle = match unfinished(Kind::Entries, checkpoint.size, 0) {
        Some(tile) => {
            let file = tile.to_string();
            let bundle = read_tile(directory, &file)?;
            let leaves: Result<Vec<Hash>, _> = bundle::entries(&bundle)
                .map(|entry| entry.map(leaf_hash))
                .collect();
            if leaves.ok().as_ref() != levels.first() {
                return Err(LedgerError::Tile {
                    file,
                    what: "does not fit its hash tile",
                });
            }
            bundle
        }
        None => Vec::new(),
    };
    let frontier = Frontier::resume(checkpoint.size, levels);
    let frontier = frontier.filter(|frontier| frontier.root() == checkpoint.root);
    let frontier = frontier.ok_or(LedgerError::Inconsistent {
        size: checkpoint.size,
    })?;
    Ok(Edge { frontier, bundle })
}

/// The journal must hold the very entries that the unfinished bundle was published with.
fn check_overlap(
    replayed: &Replayed,
    checkpoint: &Checkpoint,
    leaves: &[Hash],
) -> Result<(), JournalError> {
    let published = replayed
        .records
        .iter()
        .filter(|(index, _)| *index < checkpoint.size);
    let first = checkpoint.size - leaves.len() as u64;
    let same = published
        .zip(first..)
        .zip(leaves)
        .all(|(((index, entry), expected), leaf)| *index == expected && leaf_hash(entry) == *leaf);
    if same {
        return Ok(());
    }
    Err(JournalError::Refused {
        reason: "the journal holds other entries than the tiles".into(),
    })
}

fn read_tile(directory: &Path, file: &str) -> Result<Vec<u8>, LedgerError> {
    let path = directory.join(file);
    fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LedgerError::Tile {
            file: file.to_owned(),
            what: "is missing",
        },
        _ => LedgerError::io("reading", &path, error),
    })
}
