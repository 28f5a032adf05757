//! The part of a pruned log whose entries may be gone: what is still there must fit the root.
//!
//! Tiles are tied from the top down, each by its root in the tile above it.

use super::tiles::{Auditor, WIDTH, bad, entry_of};
use super::{AuditFault, Files};
use crate::bundle;
use crate::tile::Kind;
use crate::tree::{Frontier, Hash, TILE_LEVELS, TILE_WIDTH, leaf_hash, partial_widths, root_of};

/// Takes up the tree at `first`, a multiple of 256, from the tiles above the missing entries.
///
/// None of these tiles may be pruned, since each also covers entries from `first` on. Whether
/// they are right shows in the root.
pub(super) fn frontier<F: Files>(
    auditor: &mut Auditor<'_, F>,
    first: u64,
) -> Result<Frontier, AuditFault<F::Fault>> {
    let mut levels = Vec::new();
    for (width, level) in partial_widths(first).into_iter().zip(0u8..) {
        let row = match usize::from(width) {
            0 => Vec::new(),
            width => {
                let index = (first >> (u32::from(level) * 8)) / WIDTH;
                let mut row = hashes(auditor, level, index)?;
                row.truncate(width);
                row
            }
        };
        levels.push(row);
    }
    let frontier = Frontier::resume(first, levels);
    frontier.ok_or(AuditFault::Minimum)
}

/// Checks the tiles and bundles that are still there although all their entries may be gone.
pub(super) fn check<F: Files>(
    auditor: &mut Auditor<'_, F>,
    first: u64,
) -> Result<(), AuditFault<F::Fault>> {
    for level in (0..TILE_LEVELS).rev() {
        let end = first.checked_shr((u32::from(level) + 1) * 8);
        for index in auditor
            .names
            .indices(Kind::Hashes(level), end.unwrap_or_default())
        {
            one_tile(auditor, level, index)?;
        }
    }
    for index in auditor.names.indices(Kind::Entries, first / WIDTH) {
        one_bundle(auditor, index)?;
    }
    Ok(())
}

fn one_tile<F: Files>(
    auditor: &mut Auditor<'_, F>,
    level: u8,
    index: u64,
) -> Result<(), AuditFault<F::Fault>> {
    let kind = Kind::Hashes(level);
    let (file, bytes) = auditor.read_needed(kind, index, WIDTH)?;
    let (slots, rest) = bytes.as_chunks::<32>();
    let root = root_of(slots).filter(|_| slots.len() == TILE_WIDTH && rest.is_empty());
    if root != Some(above(auditor, level, index)?) {
        let what = "does not fit the tile above it";
        return bad(entry_of(kind, index, 0), &file, what);
    }
    auditor.check_versions(kind, index, &bytes)
}

fn one_bundle<F: Files>(
    auditor: &mut Auditor<'_, F>,
    index: u64,
) -> Result<(), AuditFault<F::Fault>> {
    let (file, bytes) = auditor.read_needed(Kind::Entries, index, WIDTH)?;
    let leaves: Result<Vec<Hash>, _> = bundle::entries(&bytes)
        .map(|entry| entry.map(leaf_hash))
        .collect();
    let root = leaves.ok().filter(|leaves| leaves.len() == TILE_WIDTH);
    let root = root.and_then(|leaves| root_of(&leaves));
    if root != Some(above(auditor, 0, index)?) {
        let what = "does not fit the tile above it";
        return bad(entry_of(Kind::Entries, index, 0), &file, what);
    }
    auditor.check_versions(Kind::Entries, index, &bytes)
}

/// The root of a full tile, as the tile above has it.
fn above<F: Files>(
    auditor: &mut Auditor<'_, F>,
    level: u8,
    index: u64,
) -> Result<Hash, AuditFault<F::Fault>> {
    let parent = hashes(auditor, level + 1, index / WIDTH)?;
    let slot = usize::try_from(index % WIDTH).unwrap_or_default();
    match parent.get(slot) {
        Some(hash) => Ok(*hash),
        None => bad(
            entry_of(Kind::Hashes(level), index, 0),
            "tile",
            "is cut short",
        ),
    }
}

/// Reads a tile at the width that it has in the tree of the checkpoint.
fn hashes<F: Files>(
    auditor: &mut Auditor<'_, F>,
    level: u8,
    index: u64,
) -> Result<Vec<Hash>, AuditFault<F::Fault>> {
    let kind = Kind::Hashes(level);
    let size = auditor.checkpoint.size.checked_shr(u32::from(level) * 8);
    let needed = size.unwrap_or_default().saturating_sub(index * WIDTH);
    let (_, bytes) = auditor.read_kept(kind, index, needed.min(WIDTH))?;
    let (slots, _) = bytes.as_chunks::<32>();
    Ok(slots.to_vec())
}
