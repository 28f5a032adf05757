//! Walks entries, tiles and journal side by side.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::journal::JournalEntries;
use super::{Verified, VerifyError};
use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::file;
use crate::prove;
use crate::tile::{Kind, Tile};
use crate::tree::{Frontier, Hash, TILE_WIDTH, leaf_hash, partial_widths};

/// Rebuilds the tree from the entries and compares it with everything on disk.
pub(super) struct Auditor<'a> {
    directory: &'a Path,
    checkpoint: Checkpoint,
    /// The index below which entries have been pruned.
    minimum: u64,
    journal: Option<JournalEntries>,
    /// The tiles on disk that have not been compared yet.
    names: Names,
    frontier: Frontier,
    /// All entries known, those of the journal beyond the checkpoint included.
    total: u64,
}

impl<'a> Auditor<'a> {
    /// The names must be older than the journal: what is published is durable there first.
    pub(super) fn new(
        directory: &'a Path,
        (checkpoint, minimum): (Checkpoint, u64),
        names: Names,
        journal: Option<JournalEntries>,
    ) -> Self {
        Self {
            directory,
            checkpoint,
            minimum,
            journal,
            names,
            frontier: Frontier::new(),
            total: 0,
        }
    }

    pub(super) fn run(mut self) -> Result<Verified, VerifyError> {
        let mut index = self.minimum / TILE_WIDTH as u64;
        let mut root = None;
        self.begin(index)?;
        loop {
            let more = self.one_bundle(index, &mut root)?;
            index += 1;
            if !more {
                break;
            }
        }
        if self.checkpoint.size == self.minimum && root.is_none() {
            // Nothing is left to check but the tree itself, which was checked at the start.
            root = Some(self.checkpoint.root);
        }
        if self.checkpoint.size == 0 {
            root = Some(crate::tree::empty_root());
        }
        for (row, level) in self.frontier.levels().to_vec().iter().zip(0u8..).skip(1) {
            let first = self.total >> (u32::from(level) * 8) >> 8;
            self.check_hashes(level, first, row)?;
        }
        if root != Some(self.checkpoint.root) {
            return Err(VerifyError::Root {
                size: self.checkpoint.size,
            });
        }
        if let Some(file) = self.names.first() {
            return Err(VerifyError::Foreign { file });
        }
        let journal = self.journal.as_ref();
        Ok(Verified {
            origin: self.checkpoint.origin,
            size: self.checkpoint.size,
            root: self.checkpoint.root,
            minimum: self.minimum,
            unpublished: self.total - self.checkpoint.size,
            unfinished_bytes: journal.map_or(0, |journal| journal.unfinished_bytes),
            journal_segments: journal.map_or(0, |journal| journal.segments),
        })
    }

    /// Takes the tree over what has been pruned from the hashes that are left of it.
    ///
    /// They are not trusted: with the entries that follow they must make the signed root.
    fn begin(&mut self, bundle: u64) -> Result<(), VerifyError> {
        let size = bundle * TILE_WIDTH as u64;
        let mut levels = Vec::new();
        for (width, level) in partial_widths(size).into_iter().zip(0u8..) {
            if width == 0 {
                levels.push(Vec::new());
                continue;
            }
            let row = size >> (u32::from(level) * 8);
            let range = row - u64::from(width)..row;
            levels.push(prove::hashes(
                self.directory,
                self.checkpoint.size,
                level,
                range,
            )?);
        }
        self.frontier = Frontier::resume(size, levels).unwrap_or_default();
        self.total = size;
        if size > 0 && size == self.checkpoint.size && self.frontier.root() != self.checkpoint.root
        {
            return Err(VerifyError::Root { size });
        }
        match &mut self.journal {
            Some(journal) => journal.skip_below(size),
            None => Ok(()),
        }
    }

    /// Checks the entries of one bundle; `false` when it was the last.
    fn one_bundle(&mut self, index: u64, root: &mut Option<Hash>) -> Result<bool, VerifyError> {
        let width = TILE_WIDTH as u64;
        let first = index * width;
        let needed = self.checkpoint.size.saturating_sub(first).min(width);
        let bundle = self.read_needed(Kind::Entries, index, needed)?;
        let tile = self.read_needed(Kind::Hashes(0), index, needed)?;
        let mut entries = bundle::entries(&bundle.bytes);
        let mut leaves = Vec::with_capacity(TILE_WIDTH);
        // The true bytes of the bundle as far as entries are known.
        let mut truth = Vec::with_capacity(bundle.bytes.len());
        let mut filled = Vec::new();
        for at in 0..needed {
            let leaf = self.one_entry(first + at, entries.next(), &bundle, &tile, &mut truth)?;
            leaves.push(leaf);
            self.frontier.push(leaf, &mut |full| filled.push(full));
            if first + at + 1 == self.checkpoint.size {
                *root = Some(self.frontier.root());
            }
        }
        for at in needed..width {
            let Some(journal) = &mut self.journal else {
                break;
            };
            if journal.start > first + at {
                let (index, file) = (first + at, journal.file());
                let what = "starts behind entries that are not published";
                return Err(VerifyError::Bad { index, file, what });
            }
            let Some(entry) = journal.next_entry()? else {
                break;
            };
            let leaf = leaf_hash(entry);
            if bundle::push(&mut truth, entry).is_err() {
                let what = "holds an entry that is too long";
                return Err(VerifyError::Bad {
                    index: first + at,
                    file: journal.file(),
                    what,
                });
            }
            leaves.push(leaf);
            self.frontier.push(leaf, &mut |full| filled.push(full));
        }
        self.total += leaves.len() as u64;
        self.check_versions(Kind::Entries, index, &truth, leaves.len())?;
        self.check_hashes(0, index, &leaves)?;
        for full in filled.into_iter().filter(|full| full.level > 0) {
            self.check_hashes(full.level, full.index, &full.hashes)?;
        }
        Ok(leaves.len() == TILE_WIDTH)
    }

    /// Compares one published entry with its hash tile and with the journal.
    fn one_entry(
        &mut self,
        index: u64,
        entry: Option<Result<&[u8], bundle::BundleFault>>,
        bundle: &Needed,
        tile: &Needed,
        truth: &mut Vec<u8>,
    ) -> Result<Hash, VerifyError> {
        let bad = |file: String, what| Err(VerifyError::Bad { index, file, what });
        let slot = usize::try_from(index).unwrap_or_default() % TILE_WIDTH;
        let (hashes, _) = tile.bytes.as_chunks::<32>();
        let Some(expected) = hashes.get(slot) else {
            return bad(tile.name.clone(), "is cut short");
        };
        let recorded = match &mut self.journal {
            Some(journal) if journal.start <= index => match journal.next_entry()? {
                Some(recorded) => Some(recorded),
                None => return bad(journal.file(), "ends before the published entries do"),
            },
            _ => None,
        };
        let Some(Ok(entry)) = entry else {
            return bad(bundle.name.clone(), "ends inside or before the entry");
        };
        let leaf = leaf_hash(entry);
        let (fits, same) = (
            leaf == *expected,
            recorded.is_none_or(|recorded| recorded == entry),
        );
        if !fits || !same {
            // Two of the three agree, or the bundle is as good a suspect as any.
            let recorded_fits = recorded.is_some_and(|recorded| leaf_hash(recorded) == *expected);
            let agree = (fits, same && recorded.is_some(), recorded_fits);
            let journal = self
                .journal
                .as_ref()
                .map(JournalEntries::file)
                .unwrap_or_default();
            return match agree {
                (true, _, _) => bad(journal, "holds another entry than bundle and hash tile"),
                (_, true, _) => bad(
                    tile.name.clone(),
                    "holds another hash than bundle and journal make",
                ),
                (_, _, true) => bad(
                    bundle.name.clone(),
                    "holds another entry than journal and hash tile",
                ),
                _ => bad(bundle.name.clone(), "does not fit its hash tile"),
            };
        }
        // The length came from a bundle, so it fits one.
        let _ = bundle::push(truth, entry);
        Ok(leaf)
    }

    /// Reads the version of a tile that the checkpoint needs, or the full one.
    fn read_needed(&self, kind: Kind, index: u64, needed: u64) -> Result<Needed, VerifyError> {
        let width = u16::try_from(needed).unwrap_or_default();
        let Some(tile) = Tile::new(kind, index, width) else {
            return Ok(Needed {
                name: String::new(),
                bytes: Vec::new(),
            });
        };
        let full = Tile::new(kind, index, TILE_WIDTH as u16).unwrap_or(tile);
        for tile in [tile, full] {
            let name = tile.to_string();
            match fs::read(self.directory.join(&name)) {
                Ok(bytes) => return Ok(Needed { name, bytes }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(VerifyError::io(&self.directory.join(name), error)),
            }
        }
        let what = "is missing";
        Err(VerifyError::Bad {
            index: first_entry(tile),
            file: tile.to_string(),
            what,
        })
    }

    fn check_hashes(&mut self, level: u8, index: u64, truth: &[Hash]) -> Result<(), VerifyError> {
        let kind = Kind::Hashes(level);
        self.check_versions(kind, index, truth.as_flattened(), truth.len())?;
        // The checkpoint needs the tile of this level at its own width.
        let shift = u32::from(level) * 8;
        let needed = (self.checkpoint.size >> shift).saturating_sub(index * TILE_WIDTH as u64);
        self.read_needed(kind, index, needed.min(TILE_WIDTH as u64))
            .map(drop)
    }

    /// Compares every version of a tile on disk, full and partial, with the truth.
    fn check_versions(
        &mut self,
        kind: Kind,
        index: u64,
        truth: &[u8],
        width: usize,
    ) -> Result<(), VerifyError> {
        let Some(full) = Tile::new(kind, index, TILE_WIDTH as u16) else {
            return Ok(());
        };
        let mut versions = self.names.take(full);
        versions.sort_unstable_by_key(Tile::width);
        for tile in versions {
            let file = tile.to_string();
            let path = self.directory.join(&file);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(VerifyError::io(&path, error)),
            };
            if usize::from(tile.width()) > width {
                return Err(VerifyError::Foreign { file });
            }
            if let Some(slot) = first_difference(kind, &bytes, truth, usize::from(tile.width())) {
                let index = entry_of(tile, slot);
                let what = "is not what the entries make";
                return Err(VerifyError::Bad { index, file, what });
            }
        }
        Ok(())
    }
}

/// The tiles that lie in a directory, and what else lies between them.
#[derive(Debug, Default)]
pub(super) struct Names {
    tiles: BTreeMap<(u8, u64), Vec<Tile>>,
    foreign: Vec<String>,
}

impl Names {
    /// Lists the tiles of a ledger, those left out that lie wholly below the minimum index.
    pub(super) fn list(directory: &Path, minimum: u64) -> Result<Self, VerifyError> {
        let mut names = Self::default();
        names.walk(&directory.join(TILE_DIRECTORY), TILE_DIRECTORY)?;
        if minimum > 0 {
            // Pruning may not have come to them yet.
            names.tiles.retain(|_, tiles| {
                let tile = tiles.first().copied();
                tile.is_none_or(|tile| entry_of(tile, TILE_WIDTH) > minimum)
            });
        }
        Ok(names)
    }

    fn walk(&mut self, directory: &Path, name: &str) -> Result<(), VerifyError> {
        let list = match fs::read_dir(directory) {
            Ok(list) => list,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(VerifyError::io(directory, error)),
        };
        for entry in list {
            let entry = entry.map_err(|error| VerifyError::io(directory, error))?;
            let path = entry.path();
            let file = format!("{name}/{}", entry.file_name().to_string_lossy());
            // As the directory has it: by now the publisher may have removed the entry.
            let kind = entry
                .file_type()
                .map_err(|error| VerifyError::io(&path, error))?;
            if kind.is_dir() {
                self.walk(&path, &file)?;
            } else if file::is_temporary(&path) {
                // Not there yet: a write that is going on or was interrupted.
            } else if let Some(tile) = Tile::parse(&file) {
                self.tiles.entry(key(tile)).or_default().push(tile);
            } else {
                self.foreign.push(file);
            }
        }
        Ok(())
    }

    /// Takes all versions of a tile off the list.
    fn take(&mut self, tile: Tile) -> Vec<Tile> {
        self.tiles.remove(&key(tile)).unwrap_or_default()
    }

    /// One that is still on the list.
    fn first(&self) -> Option<String> {
        let tile = self.tiles.values().flatten().next().map(Tile::to_string);
        self.foreign.first().cloned().or(tile)
    }
}

fn key(tile: Tile) -> (u8, u64) {
    match tile.kind() {
        Kind::Hashes(level) => (level, tile.index()),
        Kind::Entries => (u8::MAX, tile.index()),
    }
}

struct Needed {
    name: String,
    bytes: Vec<u8>,
}

/// The first slot in which a tile differs from the truth.
fn first_difference(kind: Kind, bytes: &[u8], truth: &[u8], width: usize) -> Option<usize> {
    match kind {
        Kind::Hashes(_) => {
            let truth = truth.get(..width.saturating_mul(32)).unwrap_or_default();
            let differs = || {
                bytes
                    .chunks(32)
                    .zip(truth.chunks(32))
                    .position(|(a, b)| a != b)
            };
            let shorter = bytes.len().min(truth.len()) / 32;
            (bytes != truth).then(|| differs().unwrap_or(shorter.min(width.saturating_sub(1))))
        }
        Kind::Entries => {
            let mut truth = bundle::entries(truth);
            let mut read = bundle::entries(bytes);
            let differs = (0..width).find(|_| match (read.next(), truth.next()) {
                (Some(Ok(read)), Some(Ok(truth))) => read != truth,
                _ => true,
            });
            differs.or_else(|| read.next().map(|_| width.saturating_sub(1)))
        }
    }
}

/// The first entry that a tile covers.
fn first_entry(tile: Tile) -> u64 {
    entry_of(tile, 0)
}

/// The first entry that a slot of a tile covers.
fn entry_of(tile: Tile, slot: usize) -> u64 {
    let level = match tile.kind() {
        Kind::Entries => 0,
        Kind::Hashes(level) => level,
    };
    let hash = tile
        .index()
        .saturating_mul(TILE_WIDTH as u64)
        .saturating_add(slot as u64);
    hash.checked_shl(u32::from(level) * 8).unwrap_or_default()
}

const TILE_DIRECTORY: &str = "tile";
