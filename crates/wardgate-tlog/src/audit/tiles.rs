//! Walks entries and tiles side by side and rebuilds the tree from the entries.

use std::collections::BTreeMap;
use std::vec;

use super::{AuditFault, Files, pruned, read};
use crate::bundle::{self, ENTRY_BYTES_MAX};
use crate::checkpoint::Checkpoint;
use crate::tile::{Kind, Tile};
use crate::tree::{Frontier, FullTile, Hash, TILE_WIDTH, leaf_hash};

pub(super) struct Auditor<'a, F> {
    pub(super) files: &'a mut F,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) names: Names,
    frontier: Frontier,
    minimum: u64,
    /// Older checkpoints, smallest first: size, root and file.
    older: vec::IntoIter<(u64, Hash, String)>,
}

impl<'a, F: Files> Auditor<'a, F> {
    pub(super) fn new(
        files: &'a mut F,
        checkpoint: &'a Checkpoint,
        names: Vec<String>,
        minimum: u64,
        mut older: Vec<(u64, Hash, String)>,
    ) -> Self {
        older.sort_unstable();
        Self {
            files,
            checkpoint,
            names: Names::of(names),
            frontier: Frontier::new(),
            minimum,
            older: older.into_iter(),
        }
    }

    /// Checks everything and returns the first entry that was there.
    pub(super) fn run(mut self) -> Result<u64, AuditFault<F::Fault>> {
        // The bundle that holds the minimum index, and all after it, must be there.
        let first = self.minimum - self.minimum % WIDTH;
        self.frontier = pruned::frontier(&mut self, first)?;
        // Nothing ties a checkpoint of pruned entries to the tree but its signature.
        while let Some((size, _, _)) = self.older.as_slice().first() {
            if *size >= first {
                break;
            }
            self.older.next();
        }
        self.compare_older()?;
        for index in first / WIDTH..self.checkpoint.size.div_ceil(WIDTH) {
            self.one_bundle(index)?;
        }
        for (row, level) in self.frontier.levels().to_vec().iter().zip(0u8..).skip(1) {
            let index = self.checkpoint.size.checked_shr(u32::from(level) * 8);
            let index = index.unwrap_or_default() / WIDTH;
            self.check_hashes(level, index, row)?;
        }
        if self.frontier.root() != self.checkpoint.root {
            let size = self.checkpoint.size;
            return Err(AuditFault::Root { size });
        }
        // All rows of the frontier are tied to the root by now, so what lies below them can be.
        pruned::check(&mut self, first)?;
        match self.names.first() {
            Some(file) => Err(AuditFault::Foreign { file }),
            None => Ok(first),
        }
    }

    /// Checks the entries of one bundle against its hash tile and takes them into the tree.
    fn one_bundle(&mut self, index: u64) -> Result<(), AuditFault<F::Fault>> {
        let first = index * WIDTH;
        let needed = (self.checkpoint.size - first).min(WIDTH);
        let (bundle, entries) = self.read_needed(Kind::Entries, index, needed)?;
        let (tile, hashes) = self.read_needed(Kind::Hashes(0), index, needed)?;
        let mut filled: Vec<FullTile> = Vec::new();
        let mut rest = bundle::entries(&entries);
        let (slots, _) = hashes.as_chunks::<32>();
        for (at, expected) in (first..).zip(slots) {
            let Some(Ok(entry)) = rest.next() else {
                return bad(at, &bundle, "ends inside or before the entry");
            };
            if leaf_hash(entry) != *expected {
                return bad(at, &bundle, "does not fit its hash tile");
            }
            self.frontier.push(*expected, &mut |full| filled.push(full));
            self.compare_older()?;
        }
        let last = first + needed - 1;
        if slots.len() as u64 != needed || hashes.len() % 32 != 0 {
            return bad(last, &tile, "has a wrong length");
        }
        if rest.next().is_some() {
            return bad(last, &bundle, "goes on after its last entry");
        }
        self.check_versions(Kind::Entries, index, &entries)?;
        self.check_versions(Kind::Hashes(0), index, &hashes)?;
        for full in filled.iter().filter(|full| full.level > 0) {
            self.check_hashes(full.level, full.index, &full.hashes)?;
        }
        Ok(())
    }

    /// Compares the roots of older checkpoints of the size that the tree has now.
    fn compare_older(&mut self) -> Result<(), AuditFault<F::Fault>> {
        while let Some((size, root, file)) = self.older.as_slice().first() {
            if *size != self.frontier.size() {
                break;
            }
            if *root != self.frontier.root() {
                return Err(AuditFault::Fork { file: file.clone() });
            }
            self.older.next();
        }
        Ok(())
    }

    /// Compares the tile of a level above the leaves with the hashes that the entries make.
    fn check_hashes(
        &mut self,
        level: u8,
        index: u64,
        truth: &[Hash],
    ) -> Result<(), AuditFault<F::Fault>> {
        let kind = Kind::Hashes(level);
        if truth.is_empty() {
            return Ok(());
        }
        let (file, bytes) = self.read_needed(kind, index, truth.len() as u64)?;
        let truth = truth.as_flattened();
        self.compare(kind, index, (&file, &bytes), truth)?;
        self.check_versions(kind, index, truth)
    }

    /// Reads a tile of the width that the checkpoint needs.
    pub(super) fn read_needed(
        &mut self,
        kind: Kind,
        index: u64,
        needed: u64,
    ) -> Result<(String, Vec<u8>), AuditFault<F::Fault>> {
        self.names.take(kind, index, needed);
        self.read_kept(kind, index, needed)
    }

    /// Reads a tile and leaves it on the list of those that have not been compared.
    pub(super) fn read_kept(
        &mut self,
        kind: Kind,
        index: u64,
        needed: u64,
    ) -> Result<(String, Vec<u8>), AuditFault<F::Fault>> {
        let tile = u16::try_from(needed).ok();
        let tile = tile.and_then(|width| Tile::new(kind, index, width));
        let file = tile.map(|tile| tile.to_string()).unwrap_or_default();
        match read(self.files, &file, bytes_max(kind))? {
            Some(bytes) => Ok((file, bytes)),
            None => bad(entry_of(kind, index, 0), &file, "is missing"),
        }
    }

    /// Compares the narrower versions of a tile that are still there with the needed one.
    pub(super) fn check_versions(
        &mut self,
        kind: Kind,
        index: u64,
        truth: &[u8],
    ) -> Result<(), AuditFault<F::Fault>> {
        for width in self.names.widths(kind, index) {
            let Some(truth) = prefix(kind, truth, width) else {
                // A wider one says more than the checkpoint covers, and stays on the list.
                continue;
            };
            let (file, bytes) = self.read_needed(kind, index, u64::from(width))?;
            self.compare(kind, index, (&file, &bytes), truth)?;
        }
        Ok(())
    }

    fn compare(
        &self,
        kind: Kind,
        index: u64,
        (file, bytes): (&str, &[u8]),
        truth: &[u8],
    ) -> Result<(), AuditFault<F::Fault>> {
        if bytes == truth {
            return Ok(());
        }
        let slot = match kind {
            Kind::Hashes(_) => {
                let (read, truth) = (bytes.chunks(32), truth.chunks(32));
                read.zip(truth).take_while(|(a, b)| a == b).count()
            }
            Kind::Entries => {
                let (read, truth) = (bundle::entries(bytes), bundle::entries(truth));
                let same = read.zip(truth).take_while(|(a, b)| a == b);
                same.count()
            }
        };
        let slot = slot.min(TILE_WIDTH - 1);
        bad(
            entry_of(kind, index, slot),
            file,
            "is not what the entries make",
        )
    }
}

/// The tiles that there are, by kind and index with their widths, and what else lies there.
#[derive(Debug, Default)]
pub(super) struct Names {
    tiles: BTreeMap<(u8, u64), Vec<u16>>,
    foreign: Option<String>,
}

impl Names {
    fn of(paths: Vec<String>) -> Self {
        let mut names = Self::default();
        for path in paths {
            if let Some(tile) = Tile::parse(&path) {
                let widths = names.tiles.entry(key(tile.kind(), tile.index()));
                widths.or_default().push(tile.width());
            } else if path.starts_with("tile/") && names.foreign.is_none() {
                names.foreign = Some(path);
            }
        }
        names
    }

    /// Takes one version of a tile off the list.
    pub(super) fn take(&mut self, kind: Kind, index: u64, width: u64) {
        if let Some(widths) = self.tiles.get_mut(&key(kind, index)) {
            widths.retain(|there| u64::from(*there) != width);
            if widths.is_empty() {
                self.tiles.remove(&key(kind, index));
            }
        }
    }

    /// The versions of a tile that are still on the list.
    pub(super) fn widths(&self, kind: Kind, index: u64) -> Vec<u16> {
        self.tiles
            .get(&key(kind, index))
            .cloned()
            .unwrap_or_default()
    }

    /// The tiles of a kind that are still on the list, up to an index.
    pub(super) fn indices(&self, kind: Kind, end: u64) -> Vec<u64> {
        let range = self.tiles.range(key(kind, 0)..key(kind, end));
        range.map(|((_, index), _)| *index).collect()
    }

    /// One that is still on the list.
    fn first(&self) -> Option<String> {
        let left = self
            .tiles
            .first_key_value()
            .and_then(|((kind, index), widths)| {
                let kind = match *kind {
                    ENTRIES => Kind::Entries,
                    level => Kind::Hashes(level),
                };
                Tile::new(kind, *index, *widths.first()?)
            });
        self.foreign.clone().or(left.map(|tile| tile.to_string()))
    }
}

fn key(kind: Kind, index: u64) -> (u8, u64) {
    match kind {
        Kind::Hashes(level) => (level, index),
        Kind::Entries => (ENTRIES, index),
    }
}

/// The first `width` slots of a tile; `None` when it has fewer.
fn prefix(kind: Kind, bytes: &[u8], width: u16) -> Option<&[u8]> {
    match kind {
        Kind::Hashes(_) => bytes.get(..usize::from(width) * 32),
        Kind::Entries => {
            let mut end = 0;
            let mut entries = bundle::entries(bytes);
            for _ in 0..width {
                end += entries.next()?.ok()?.len() + 2;
            }
            bytes.get(..end)
        }
    }
}

/// The first entry that a slot of a tile covers.
pub(super) fn entry_of(kind: Kind, index: u64, slot: usize) -> u64 {
    let level = match kind {
        Kind::Entries => 0,
        Kind::Hashes(level) => level,
    };
    let hash = index.saturating_mul(WIDTH).saturating_add(slot as u64);
    hash.checked_shl(u32::from(level) * 8).unwrap_or_default()
}

pub(super) fn bad<T, R>(index: u64, file: &str, what: &'static str) -> Result<T, AuditFault<R>> {
    let file = file.to_owned();
    Err(AuditFault::Bad { index, file, what })
}

/// The longest file of a kind.
fn bytes_max(kind: Kind) -> usize {
    match kind {
        Kind::Hashes(_) => TILE_WIDTH * 32,
        Kind::Entries => TILE_WIDTH * (ENTRY_BYTES_MAX + 2),
    }
}

pub(super) const WIDTH: u64 = TILE_WIDTH as u64;

/// Sorts behind every level.
const ENTRIES: u8 = u8::MAX;
