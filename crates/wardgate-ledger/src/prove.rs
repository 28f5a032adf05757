//! Proves from the tiles on disk that an entry is in a signed tree.

use std::ops::Range;
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::note::VerifierKey;
use crate::published::{Published, read_tile};
use crate::tile::{Kind, Tile};
use crate::tree::{Hash, TILE_WIDTH, check_inclusion, inclusion_proof};
use crate::verify::VerifyError;

/// Shows that a leaf is in the tree of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The index of the entry.
    pub index: u64,
    /// The leaf hash of the entry.
    pub leaf_hash: Hash,
    /// The tree that it is in.
    pub checkpoint: Checkpoint,
    /// The neighbours on the way from the leaf to the root.
    pub path: Vec<Hash>,
}

impl InclusionProof {
    /// Whether the path leads from the leaf to the root of the checkpoint.
    pub fn holds(&self) -> bool {
        let Checkpoint { size, root, .. } = &self.checkpoint;
        check_inclusion(&self.leaf_hash, self.index, *size, &self.path, root)
    }
}

/// Proves that entry `index` is in the published tree of a ledger directory.
///
/// `vkeys` are the verifier keys of its signer, one a line; each must have signed.
/// `None` when the checkpoint does not cover the index.
pub fn prove(
    directory: &Path,
    vkeys: &str,
    index: u64,
) -> Result<Option<InclusionProof>, VerifyError> {
    let keys = VerifierKey::parse_list(vkeys).map_err(VerifyError::VerifierKey)?;
    Published::open(directory, &keys)?.prove(index)
}

/// Proves from the tiles of a tree of `size` that entry `index` is in the tree of a checkpoint,
/// which may be older than the tiles.
pub(crate) fn from_tiles(
    directory: &Path,
    size: u64,
    checkpoint: Checkpoint,
    index: u64,
) -> Result<Option<InclusionProof>, VerifyError> {
    if index >= checkpoint.size {
        return Ok(None);
    }
    let mut read = |level: u8, range: Range<u64>| hashes(directory, size, level, range);
    let leaf = read(0, index..index + 1)?;
    let path = inclusion_proof(index, checkpoint.size, &mut read)?;
    let leaf_hash = leaf.first().copied().unwrap_or_default();
    let proof = InclusionProof {
        index,
        leaf_hash,
        checkpoint,
        path,
    };
    if proof.holds() {
        return Ok(Some(proof));
    }
    let what = "or a tile above it does not lead to the signed root";
    let file = Tile::new(
        Kind::Hashes(0),
        index / TILE_WIDTH as u64,
        TILE_WIDTH as u16,
    );
    let file = file.map(|tile| tile.to_string()).unwrap_or_default();
    Err(VerifyError::Bad { index, file, what })
}

/// Reads hashes of one tile; a range never reaches over the end of a tile.
pub(crate) fn hashes(
    directory: &Path,
    size: u64,
    level: u8,
    range: Range<u64>,
) -> Result<Vec<Hash>, VerifyError> {
    let width = TILE_WIDTH as u64;
    let index = range.start / width;
    let row = size.checked_shr(u32::from(level) * 8).unwrap_or_default();
    let needed = row.saturating_sub(index * width).min(width);
    let (file, bytes) = read_tile(directory, Kind::Hashes(level), index, needed)?;
    let (row, _) = bytes.as_chunks::<32>();
    let slots = usize::try_from(range.start % width).unwrap_or_default()
        ..usize::try_from(range.end - index * width).unwrap_or_default();
    row.get(slots).map(<[Hash]>::to_vec).ok_or_else(|| {
        let shift = u32::from(level) * 8;
        VerifyError::Bad {
            index: range.start.checked_shl(shift).unwrap_or_default(),
            file,
            what: "is cut short",
        }
    })
}
