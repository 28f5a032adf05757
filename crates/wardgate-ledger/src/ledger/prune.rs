//! Pruning as c2sp.org/tlog-tiles has it: a prefix of the log goes, the tree stays as it is.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::{Ledger, LedgerError, MINIMUM_FILE};
use crate::disk::Disk;
use crate::floor;
use crate::journal::FenceFault;
use crate::tile::{Kind, Tile};
use crate::tree::TILE_WIDTH;

/// What pruning did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// The minimum index from now on: entries below it are gone.
    pub minimum: u64,
    /// How many entry bundles and hash tiles were removed.
    pub tiles: u64,
    /// How many segments of the journal were removed.
    pub segments: u64,
}

impl Ledger {
    /// The index below which entries have been pruned; 0 when none have.
    pub fn minimum(&self) -> u64 {
        self.inner.minimum.load(Ordering::Acquire)
    }

    /// Raises the minimum index, durably, and then removes what lies wholly below it.
    ///
    /// What is needed for roots and proofs of trees at or above the minimum stays. A lower
    /// minimum than that of before changes nothing; one beyond the checkpoint is refused. When
    /// it is interrupted, opening the ledger ends it.
    pub fn prune(&self, minimum: u64) -> Result<Pruned, LedgerError> {
        let published = self.published();
        if minimum > published {
            return Err(LedgerError::Prune { minimum, published });
        }
        let directory = &self.inner.directory;
        let disk = &**self.inner.journal.disk();
        let path = directory.join(MINIMUM_FILE);
        let failed = |source| LedgerError::io("pruning", &path, source);
        self.inner
            .journal
            .fence()
            .check()
            .map_err(|fault| match fault {
                FenceFault::Taken => LedgerError::Stopped {
                    reason: "another process has taken over this directory".into(),
                },
                FenceFault::Disk(error) => failed(error),
            })?;
        let before = floor::read(&path).map_err(failed)?;
        let minimum = floor::raise(disk, &path, minimum).map_err(failed)?;
        self.inner.minimum.fetch_max(minimum, Ordering::AcqRel);
        let tiles = remove_below(disk, directory, before, minimum)?;
        // Opening compares the entries of the unfinished bundle with the journal.
        let bundle_start = published - published % TILE_WIDTH as u64;
        let segments = self
            .inner
            .journal
            .drop_below(minimum.min(bundle_start), 0)?;
        Ok(Pruned {
            minimum,
            tiles,
            segments,
        })
    }
}

/// Ends a pruning that was interrupted.
pub(super) fn finish(disk: &dyn Disk, directory: &Path, minimum: u64) -> Result<(), LedgerError> {
    let levels =
        levels().filter_map(|(kind, span)| (minimum / span).checked_sub(1).zip(Some(kind)));
    let mut lasts = levels.filter_map(|(last, kind)| Tile::new(kind, last, TILE_WIDTH as u16));
    // Tiles go in the order of their indices, so the last of each level tells.
    if lasts.any(|last| directory.join(last.to_string()).exists()) {
        remove_below(disk, directory, 0, minimum)?;
    }
    Ok(())
}

/// Removes the full tiles whose end lies above `before` and not above `minimum`.
fn remove_below(
    disk: &dyn Disk,
    directory: &Path,
    before: u64,
    minimum: u64,
) -> Result<u64, LedgerError> {
    let mut removed = 0;
    for (kind, span) in levels() {
        for index in before / span..minimum / span {
            let Some(tile) = Tile::new(kind, index, TILE_WIDTH as u16) else {
                continue;
            };
            let path = directory.join(tile.to_string());
            let mut unfinished = path.clone().into_os_string();
            unfinished.push(".p");
            let unfinished = PathBuf::from(unfinished);
            if unfinished.exists() {
                let gone = disk.remove_directory(&unfinished);
                gone.map_err(|source| LedgerError::io("removing", &unfinished, source))?;
            }
            match disk.remove(&path) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(LedgerError::io("removing", &path, source)),
            }
        }
    }
    Ok(removed)
}

/// The kinds of tiles, each with the number of entries that a full one covers.
fn levels() -> impl Iterator<Item = (Kind, u64)> {
    let hashes = (0u8..7).map(|level| (Kind::Hashes(level), 1u64 << (8 * (level + 1))));
    std::iter::once((Kind::Entries, TILE_WIDTH as u64)).chain(hashes)
}
