//! What a ledger has published, read without its lock and so also beside a running server.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::ops::{Bound, Range, RangeBounds};
use std::path::{Path, PathBuf};

use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::floor;
use crate::ledger::{CHECKPOINT_FILE, MINIMUM_FILE};
use crate::note::VerifierKey;
use crate::prove::{self, InclusionProof};
use crate::tile::{Kind, Tile};
use crate::tree::{TILE_WIDTH, leaf_hash};
use crate::verify::VerifyError;

/// The published part of a ledger as one checkpoint has it; changes nothing on disk.
///
/// Every entry that it hands out has been compared with its hash tile; only a proof ties that
/// tile to the signed root, and only [`verify`](crate::verify()) ties all of them. Open it again
/// to see what has been published since.
#[derive(Clone, Debug)]
pub struct Published {
    directory: PathBuf,
    note: Vec<u8>,
    checkpoint: Checkpoint,
    minimum: u64,
}

impl Published {
    /// Reads the checkpoint of a ledger directory or of an export; every key must have signed it.
    ///
    /// Takes no lock. Without a key nothing counts.
    pub fn open(directory: &Path, keys: &[VerifierKey]) -> Result<Self, VerifyError> {
        let path = directory.join(CHECKPOINT_FILE);
        let note = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => VerifyError::Missing {
                directory: directory.to_owned(),
            },
            _ => VerifyError::io(&path, error),
        })?;
        if keys.is_empty() {
            return Err(VerifyError::NoKey);
        }
        let checkpoint = Checkpoint::open_all(&note, keys).map_err(VerifyError::Checkpoint)?;
        let path = directory.join(MINIMUM_FILE);
        let minimum = floor::read(&path).map_err(|error| VerifyError::io(&path, error))?;
        Ok(Self {
            directory: directory.to_owned(),
            note,
            checkpoint,
            minimum,
        })
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint as it was signed, with its signatures.
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// How many entries the checkpoint covers.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The index below which entries have been pruned; 0 when none have.
    pub fn minimum(&self) -> u64 {
        self.minimum
    }

    /// Reads the entry at an index.
    pub fn read(&self, index: u64) -> Result<Option<Vec<u8>>, VerifyError> {
        self.check_kept(index)?;
        let entry = self.entries(index..=index).next().transpose()?;
        Ok(entry.map(|(_, entry)| entry))
    }

    /// Iterates over the published entries of a range, from either end, pruned ones left out.
    pub fn entries(&self, range: impl RangeBounds<u64>) -> PublishedEntries {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(start) => start.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(end) => end.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        PublishedEntries {
            rest: start.max(self.minimum)..end.min(self.checkpoint.size),
            published: self.clone(),
            front: Run::default(),
            back: Run::default(),
        }
    }

    /// Proves that an entry is in the tree of the checkpoint; `None` when it is not covered.
    pub fn prove(&self, index: u64) -> Result<Option<InclusionProof>, VerifyError> {
        self.prove_at(self.checkpoint.clone(), index)
    }

    /// Proves that an entry is in the smaller tree of an older checkpoint of the same log, such
    /// as one that witnesses have cosigned; whoever passes it has checked its signatures.
    pub fn prove_at(
        &self,
        older: Checkpoint,
        index: u64,
    ) -> Result<Option<InclusionProof>, VerifyError> {
        self.check_kept(index)?;
        if older.size > self.checkpoint.size {
            return Ok(None);
        }
        prove::from_tiles(&self.directory, self.checkpoint.size, older, index)
    }

    fn check_kept(&self, index: u64) -> Result<(), VerifyError> {
        let minimum = self.minimum;
        if index < minimum {
            return Err(VerifyError::Pruned { index, minimum });
        }
        Ok(())
    }

    /// Reads the entries of a range within one bundle and compares them with their hash tile.
    fn load(&self, range: Range<u64>) -> Result<Run, VerifyError> {
        let width = TILE_WIDTH as u64;
        let index = range.start / width;
        let bad = |index, file: String, what| VerifyError::Bad { index, file, what };
        let needed = self.checkpoint.size.saturating_sub(index * width);
        let (name, bytes) = read_tile(&self.directory, Kind::Entries, index, needed.min(width))?;
        let hashes = prove::hashes(&self.directory, self.checkpoint.size, 0, range.clone())?;
        let mut run = Run {
            first: range.start,
            entries: VecDeque::new(),
        };
        let mut entries = bundle::entries(&bytes).zip(index * width..);
        for expected in hashes {
            let at = run.first + run.entries.len() as u64;
            let found = entries.by_ref().find(|(_, found)| *found == at);
            let Some((Ok(entry), _)) = found else {
                return Err(bad(at, name, "ends inside or before the entry"));
            };
            if leaf_hash(entry) != expected {
                return Err(bad(at, name, "does not fit its hash tile"));
            }
            run.entries.push_back(entry.to_vec());
        }
        Ok(run)
    }
}

/// The entries of a range with their indices; ends after the first error.
#[derive(Debug)]
pub struct PublishedEntries {
    published: Published,
    rest: Range<u64>,
    front: Run,
    back: Run,
}

/// Entries that follow each other within one bundle.
#[derive(Debug, Default)]
struct Run {
    first: u64,
    entries: VecDeque<Vec<u8>>,
}

impl PublishedEntries {
    fn read(&mut self, index: u64, at_back: bool) -> Result<(u64, Vec<u8>), VerifyError> {
        // Where both ends meet in one bundle, either may hold it.
        let held = self.front.take(index).or_else(|| self.back.take(index));
        if let Some(entry) = held {
            return Ok((index, entry));
        }
        let width = TILE_WIDTH as u64;
        let start = index - index % width;
        let range = if at_back {
            start.max(self.rest.start)..index + 1
        } else {
            // An entry above the rest has been handed out from the back already.
            index..(start + width).min(self.rest.end.max(index + 1))
        };
        let mut run = self.published.load(range)?;
        let entry = run.take(index).unwrap_or_default();
        *(if at_back {
            &mut self.back
        } else {
            &mut self.front
        }) = run;
        Ok((index, entry))
    }
}

impl Run {
    /// Takes an entry off either end.
    fn take(&mut self, index: u64) -> Option<Vec<u8>> {
        if index == self.first {
            let entry = self.entries.pop_front()?;
            self.first += 1;
            return Some(entry);
        }
        let is_last = index.checked_add(1)? == self.first + self.entries.len() as u64;
        is_last.then(|| self.entries.pop_back()).flatten()
    }
}

impl Iterator for PublishedEntries {
    type Item = Result<(u64, Vec<u8>), VerifyError>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.rest.next()?;
        let read = self.read(index, false);
        if read.is_err() {
            self.rest = 0..0;
        }
        Some(read)
    }
}

impl DoubleEndedIterator for PublishedEntries {
    fn next_back(&mut self) -> Option<Self::Item> {
        let index = self.rest.next_back()?;
        let read = self.read(index, true);
        if read.is_err() {
            self.rest = 0..0;
        }
        Some(read)
    }
}

/// Reads the version of a tile that has `needed` slots, or the full one, with its name.
pub(crate) fn read_tile(
    directory: &Path,
    kind: Kind,
    index: u64,
    needed: u64,
) -> Result<(String, Vec<u8>), VerifyError> {
    let needed = u16::try_from(needed).ok();
    let exact = needed.and_then(|needed| Tile::new(kind, index, needed));
    let full = Tile::new(kind, index, TILE_WIDTH as u16);
    // A partial tile goes away when the full one is there, which may be just now.
    for tile in exact.into_iter().chain(full) {
        let name = tile.to_string();
        match fs::read(directory.join(&name)) {
            Ok(bytes) => return Ok((name, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(VerifyError::io(&directory.join(name), error)),
        }
    }
    let level = match kind {
        Kind::Entries => 0,
        Kind::Hashes(level) => level,
    };
    let first = index.saturating_mul(TILE_WIDTH as u64);
    let first = first.checked_shl(u32::from(level) * 8).unwrap_or_default();
    let tile = exact.or(full).map(|tile| tile.to_string());
    Err(VerifyError::Bad {
        index: first,
        file: tile.unwrap_or_default(),
        what: "is missing",
    })
}
