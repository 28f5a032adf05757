//! Our own published tree, as far as anchors need it: hashes, roots of earlier sizes, proofs.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;
use wardgate_ledger::{Published, VerifyError};
use wardgate_tlog::bundle;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::note::VerifierKey;
use wardgate_tlog::tile::{Kind, Tile};
use wardgate_tlog::tree::{self, Frontier, Hash, TILE_WIDTH};

/// The tree of the checkpoint that was published last. Takes no lock and changes nothing.
#[derive(Clone, Debug)]
pub struct OwnTree {
    directory: PathBuf,
    note: Vec<u8>,
    checkpoint: Checkpoint,
}

impl OwnTree {
    /// Reads the checkpoint of a ledger directory, which every key must have signed.
    pub fn open(directory: &Path, keys: &[VerifierKey]) -> Result<Self, OwnFault> {
        let published = Published::open(directory, keys)?;
        Ok(Self {
            directory: directory.to_owned(),
            note: published.note().to_vec(),
            checkpoint: published.checkpoint().clone(),
        })
    }

    /// The directory of the ledger.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The checkpoint with its signatures, as published.
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// How many entries it covers.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// How a head that somebody else holds stands to this tree.
    pub fn compare(&self, size: u64, root: &Hash) -> Result<Standing, OwnFault> {
        if size > self.size() {
            return Ok(Standing::Larger);
        }
        if self.root_at(size)? == *root {
            Ok(Standing::Within)
        } else {
            Ok(Standing::Different)
        }
    }

    /// The root that the tree had when it had `size` entries, which must not be more than now.
    pub fn root_at(&self, size: u64) -> Result<Hash, OwnFault> {
        if size == self.size() {
            return Ok(self.checkpoint.root);
        }
        let mut levels = Vec::new();
        for (width, level) in tree::partial_widths(size).into_iter().zip(0_u8..) {
            let row = size.checked_shr(u32::from(level) * 8).unwrap_or_default();
            levels.push(self.hashes(level, row - u64::from(width)..row)?);
        }
        let frontier = Frontier::resume(size, levels).ok_or(OwnFault::Short)?;
        Ok(frontier.root())
    }

    /// The proof that the tree of `old` entries is the beginning of this one.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, OwnFault> {
        tree::consistency_proof(old, self.size(), &mut |level, range| {
            self.hashes(level, range)
        })
    }

    /// The bytes of a tile or bundle of this tree.
    ///
    /// One that was unfinished may be full by now; what came later is cut off.
    pub fn file(&self, tile: Tile) -> Result<Vec<u8>, OwnFault> {
        let exact = self.directory.join(tile.to_string());
        match fs::read(&exact) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !tile.is_full() => {}
            Err(source) => {
                return Err(OwnFault::Read {
                    path: exact,
                    source,
                });
            }
            Ok(bytes) => return Ok(bytes),
        }
        let full = Tile::new(tile.kind(), tile.index(), FULL).ok_or(OwnFault::Short)?;
        let path = self.directory.join(full.to_string());
        let bytes = fs::read(&path).map_err(|source| OwnFault::Read { path, source })?;
        cut(tile, &bytes).ok_or(OwnFault::Short)
    }

    /// Hashes of a tile level; a range never reaches over the end of a tile.
    fn hashes(&self, level: u8, range: Range<u64>) -> Result<Vec<Hash>, OwnFault> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let width = TILE_WIDTH as u64;
        let index = range.start / width;
        let row = self.size().checked_shr(u32::from(level) * 8);
        let needed = row.unwrap_or_default().saturating_sub(index * width);
        let tile = u16::try_from(needed.min(width)).ok();
        let tile = tile.and_then(|width| Tile::new(Kind::Hashes(level), index, width));
        let bytes = self.file(tile.ok_or(OwnFault::Short)?)?;
        let (hashes, _) = bytes.as_chunks::<32>();
        let slots = usize::try_from(range.start - index * width).unwrap_or_default()
            ..usize::try_from(range.end - index * width).unwrap_or_default();
        hashes
            .get(slots)
            .map(<[Hash]>::to_vec)
            .ok_or(OwnFault::Short)
    }
}

/// How a head of somebody else stands to our tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is our tree, or an earlier size of it.
    Within,
    /// It has more entries than we have.
    Larger,
    /// It has other entries than ours at its size.
    Different,
}

/// Why our own tree can not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OwnFault {
    /// The checkpoint does not count.
    #[error(transparent)]
    Checkpoint(#[from] VerifyError),
    /// A tile or bundle does not read.
    #[error("can not read `{}`: {source}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A tile or bundle has less than it should.
    #[error("a tile or an entry bundle of the ledger is cut short")]
    Short,
}

impl OwnFault {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.hint(),
            Self::Read { .. } => "check the disk, the owner of the file and its permissions",
            Self::Short => "run `wardgate ledger verify` on the directory",
        }
    }
}

/// The beginning of a full tile or bundle that an unfinished one had.
fn cut(tile: Tile, bytes: &[u8]) -> Option<Vec<u8>> {
    let width = usize::from(tile.width());
    match tile.kind() {
        Kind::Hashes(_) => bytes.get(..width * 32).map(<[u8]>::to_vec),
        Kind::Entries => {
            let mut shorter = Vec::new();
            let mut entries = bundle::entries(bytes);
            for _ in 0..width {
                bundle::push(&mut shorter, entries.next()?.ok()?).ok()?;
            }
            Some(shorter)
        }
    }
}

const FULL: u16 = TILE_WIDTH as u16;
