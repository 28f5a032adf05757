//! Reading entries back, a bundle at a time, from either end.

use std::fs;
use std::io;
use std::ops::{Bound, Range, RangeBounds};

use super::{Ledger, LedgerError};
use crate::bundle;
use crate::tile::{Kind, Tile};
use crate::tree::TILE_WIDTH;

/// The entries of a range with their indices; ends after the first error.
#[derive(Debug)]
pub struct Entries {
    ledger: Ledger,
    rest: Range<u64>,
    front: Block,
    back: Block,
}

/// The entries of one bundle, or of what waits to be published.
#[derive(Debug, Default)]
struct Block {
    first: u64,
    entries: Vec<Option<Vec<u8>>>,
}

impl Entries {
    pub(super) fn new(ledger: Ledger, range: impl RangeBounds<u64>) -> Self {
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
        let rest = start.max(ledger.minimum())..end.min(ledger.size());
        Self {
            ledger,
            rest,
            front: Block::default(),
            back: Block::default(),
        }
    }

    fn read(&mut self, index: u64, from_back: bool) -> Result<(u64, Vec<u8>), LedgerError> {
        // Near the middle both ends read from the same bundle; either may already hold it.
        let taken = self.front.take(index).or_else(|| self.back.take(index));
        if let Some(entry) = taken {
            return Ok((index, entry));
        }
        let mut block = load(&self.ledger, index)?;
        let entry = block.take(index);
        let size = self.ledger.size();
        *(if from_back {
            &mut self.back
        } else {
            &mut self.front
        }) = block;
        entry
            .map(|entry| (index, entry))
            .ok_or(LedgerError::NoEntry { index, size })
    }
}

impl Iterator for Entries {
    type Item = Result<(u64, Vec<u8>), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.rest.next()?;
        let read = self.read(index, false);
        if read.is_err() {
            self.rest = 0..0;
        }
        Some(read)
    }
}

impl DoubleEndedIterator for Entries {
    fn next_back(&mut self) -> Option<Self::Item> {
        let index = self.rest.next_back()?;
        let read = self.read(index, true);
        if read.is_err() {
            self.rest = 0..0;
        }
        Some(read)
    }
}

impl Block {
    fn take(&mut self, index: u64) -> Option<Vec<u8>> {
        let slot = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(slot)?.take()
    }
}

/// Loads the bundle around an index; one entry alone while it is not published yet.
fn load(ledger: &Ledger, index: u64) -> Result<Block, LedgerError> {
    // Memory first: the publisher drops an entry only after its bundle is on disk.
    let mut entries = Vec::new();
    ledger
        .inner
        .unpublished
        .peek(index, 1, |entry, _| entries.push(Some(entry.to_vec())));
    if !entries.is_empty() {
        return Ok(Block {
            first: index,
            entries,
        });
    }
    let width = TILE_WIDTH as u64;
    let first = index - index % width;
    let full = Tile::new(Kind::Entries, index / width, TILE_WIDTH as u16);
    let published = ledger.published().saturating_sub(first).min(width);
    let partial = u16::try_from(published).ok();
    let partial = partial.and_then(|published| Tile::new(Kind::Entries, index / width, published));
    // A partial bundle goes away when the full one is there, which may be just now.
    for tile in partial.into_iter().chain(full) {
        let path = ledger.inner.directory.join(tile.to_string());
        match fs::read(&path) {
            Ok(bytes) => return parse(&bytes, first, tile),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(LedgerError::io("reading", &path, error)),
        }
    }
    let file = full.map(|tile| tile.to_string()).unwrap_or_default();
    Err(LedgerError::Tile {
        file,
        what: "is missing",
    })
}

fn parse(bytes: &[u8], first: u64, tile: Tile) -> Result<Block, LedgerError> {
    let entries = bundle::entries(bytes).map(|entry| entry.map(|entry| Some(entry.to_vec())));
    match entries.collect::<Result<Vec<_>, _>>() {
        Ok(entries) => Ok(Block { first, entries }),
        Err(_) => Err(LedgerError::Tile {
            file: tile.to_string(),
            what: "does not read",
        }),
    }
}
