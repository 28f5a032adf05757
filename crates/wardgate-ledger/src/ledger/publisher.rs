//! Takes durable entries into the tree and publishes tiles and checkpoints.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::CHECKPOINT_FILE;
use super::unpublished::Unpublished;
use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::file::{self, Pending};
use crate::incident::{Incident, Incidents};
use crate::journal::{Fence, FenceFault, Journal};
use crate::note::Signer;
use crate::tile::{Kind, Tile};
use crate::tree::{Frontier, FullTile, Hash, TILE_WIDTH};

pub(super) struct Publisher {
    pub(super) directory: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) journal: Journal,
    /// How many published segments of the journal stay; 0 for all.
    pub(super) keep_segments: u64,
    pub(super) fence: Arc<Fence>,
    pub(super) incidents: Arc<Incidents>,
    /// The directories whose names are not durable yet, those of failed tries included.
    pub(super) pending: Pending,
    pub(super) signer: Signer,
    pub(super) unpublished: Arc<Unpublished>,
    pub(super) edge: Edge,
    pub(super) delay: Duration,
    pub(super) clock: fn() -> u64,
}

/// Where the published tree ends: all that is needed to go on from there.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) frontier: Frontier,
    /// The bytes of the unfinished entry bundle.
    pub(super) bundle: Vec<u8>,
}

impl Publisher {
    /// Runs until the ledger is closed and everything is published.
    pub(super) fn run(mut self) {
        while self.unpublished.wait(self.delay) {
            let failing = self.unpublished.fault().is_some();
            match self.publish() {
                Ok(()) if failing => {
                    let size = self.unpublished.durable();
                    self.incidents.add(Incident::Resumed { size });
                }
                Ok(()) => {}
                Err(error) => {
                    self.fail(&error, failing);
                    // What is durable stays in the journal and is published at the next open.
                    if self.unpublished.is_closed() {
                        return;
                    }
                }
            }
        }
    }

    fn fail(&self, error: &io::Error, failing: bool) {
        let hint = file::hint(error);
        let reason: Arc<str> = format!("writing the tiles failed: {error}; hint: {hint}").into();
        self.unpublished.fail(Arc::clone(&reason));
        let size = self.unpublished.durable();
        // Once told is enough until it changes.
        if !failing {
            self.incidents.add(if file::is_full(error) {
                Incident::StorageFull { size, reason }
            } else {
                Incident::StorageFault { size, reason }
            });
        }
    }

    /// Publishes all that is durable by now. After an error the next try starts over.
    pub(super) fn publish(&mut self) -> io::Result<()> {
        let mut edge = self.edge.clone();
        let durable = self.unpublished.durable();
        let mut finished = Vec::new();
        while edge.frontier.size() < durable {
            for tile in self.take_one_bundle(&mut edge, durable) {
                if tile.level == 0 {
                    let name = Tile::new(Kind::Entries, tile.index, FULL);
                    self.write(name, &edge.bundle)?;
                    edge.bundle.clear();
                    finished.extend(name);
                }
                let name = Tile::new(Kind::Hashes(tile.level), tile.index, FULL);
                self.write(name, tile.hashes.as_flattened())?;
                finished.extend(name);
            }
        }
        self.write_unfinished(&edge)?;
        // The checkpoint must not be on disk before what it speaks of.
        self.pending.sync(&*self.disk)?;
        let checkpoint = Checkpoint {
            origin: self.signer.name().to_owned(),
            size: edge.frontier.size(),
            root: edge.frontier.root(),
        };
        let note = checkpoint.sign(&self.signer, (self.clock)());
        let note = note.map_err(io::Error::other)?;
        self.fence.check().map_err(|fault| match fault {
            FenceFault::Taken => io::Error::other("another process has taken over this directory"),
            FenceFault::Disk(error) => error,
        })?;
        let path = self.directory.join(CHECKPOINT_FILE);
        self.pending.write(&*self.disk, &path, note.as_bytes())?;
        self.pending.sync(&*self.disk)?;
        self.edge = edge;
        self.unpublished.advance(checkpoint.size);
        for tile in finished {
            self.remove_unfinished(tile);
        }
        if self.keep_segments > 0 {
            // The unfinished bundle is compared with the journal at the next open. What can not
            // be dropped now is dropped next time.
            let bundle_start = checkpoint.size - checkpoint.size % TILE_WIDTH as u64;
            let _ = self.journal.drop_below(bundle_start, self.keep_segments);
        }
        Ok(())
    }

    /// Moves entries into the tree up to the end of a bundle; returns the tiles that it filled.
    fn take_one_bundle(&self, edge: &mut Edge, durable: u64) -> Vec<FullTile> {
        let from = edge.frontier.size();
        let room = TILE_WIDTH as u64 - from % TILE_WIDTH as u64;
        let count = usize::try_from(room.min(durable - from)).unwrap_or_default();
        let mut hashes: Vec<Hash> = Vec::with_capacity(count);
        self.unpublished.peek(from, count, |entry, hash| {
            // The length has been checked by append.
            if bundle::push(&mut edge.bundle, entry).is_ok() {
                hashes.push(*hash);
            }
        });
        let mut filled = Vec::new();
        for hash in hashes {
            edge.frontier.push(hash, &mut |tile| filled.push(tile));
        }
        filled
    }

    fn write_unfinished(&mut self, edge: &Edge) -> io::Result<()> {
        let size = edge.frontier.size();
        if let Some(name) = unfinished(Kind::Entries, size, 0) {
            self.write(Some(name), &edge.bundle)?;
        }
        for (row, level) in edge.frontier.levels().iter().zip(0u8..) {
            if let Some(name) = unfinished(Kind::Hashes(level), size, level) {
                self.write(Some(name), row.as_flattened())?;
            }
        }
        Ok(())
    }

    fn write(&mut self, tile: Option<Tile>, bytes: &[u8]) -> io::Result<()> {
        let Some(tile) = tile else {
            return Err(io::Error::other("a tile without a name"));
        };
        let path = self.directory.join(tile.to_string());
        // An unfinished tile of a higher level changes seldom and has its width in its name.
        if !tile.is_full() && matches!(tile.kind(), Kind::Hashes(1..)) && path.exists() {
            self.pending.keep(&path);
            return Ok(());
        }
        self.pending.write(&*self.disk, &path, bytes)
    }

    /// Removes the unfinished versions of a tile that is full now. Failing is harmless.
    fn remove_unfinished(&self, tile: Tile) {
        let mut name = self.directory.join(tile.to_string()).into_os_string();
        name.push(".p");
        let _ = self.disk.remove_directory(&PathBuf::from(name));
    }
}

/// The name of the unfinished tile of a level in a tree of `size`, if it has one.
pub(super) fn unfinished(kind: Kind, size: u64, level: u8) -> Option<Tile> {
    let hashes = size.checked_shr(u32::from(level) * 8)?;
    let width = u16::try_from(hashes % TILE_WIDTH as u64).ok()?;
    Tile::new(kind, hashes / TILE_WIDTH as u64, width)
}

const FULL: u16 = TILE_WIDTH as u16;
