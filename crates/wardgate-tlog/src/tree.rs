//! The RFC 6962 Merkle tree with SHA-256: hashes, roots and the frontier of a growing tree.

mod proofs;

use std::fmt;

use aws_lc_rs::digest;

pub use self::proofs::{check_consistency, check_inclusion, consistency_proof, inclusion_proof};

/// A SHA-256 hash of a leaf or of a subtree.
pub type Hash = [u8; 32];

/// SHA-256 over bytes that come piece by piece.
#[derive(Clone)]
pub struct Digest(digest::Context);

impl Digest {
    /// Begins with nothing.
    #[expect(
        clippy::new_without_default,
        reason = "a digest is begun, not defaulted"
    )]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes.
    pub fn finish(self) -> Hash {
        to_hash(&self.0.finish())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest").finish_non_exhaustive()
    }
}

/// Hashes an entry as a leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[LEAF_PREFIX]);
    context.update(entry);
    to_hash(&context.finish())
}

/// Hashes two neighbours into their parent.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [0u8; 65];
    let (prefix, rest) = input.split_at_mut(1);
    prefix.fill(NODE_PREFIX);
    let (first, second) = rest.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    to_hash(&digest::digest(&digest::SHA256, &input))
}

/// The root of the tree without leaves: the hash of nothing.
pub fn empty_root() -> Hash {
    to_hash(&digest::digest(&digest::SHA256, b""))
}

/// The root over neighbouring subtrees of equal height, of which the last may be lower.
pub fn root_of(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => node_hash(left, right),
                [alone] => *alone,
                _ => empty_root(),
            })
            .collect();
    }
    row.first().copied()
}

/// The right edge of a growing tree: per tile level, the hashes of the unfinished tile.
///
/// It is all that is needed to append and to know the root, so that a ledger opens without
/// reading the log.
#[derive(Clone, Debug, Default)]
pub struct Frontier {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

/// A tile that an append has filled: its level, its index in the level, its 256 hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// The tile level; 0 holds leaf hashes.
    pub level: u8,
    /// The index of the tile in its level.
    pub index: u64,
    /// The 256 hashes.
    pub hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up a tree of `size` leaves whose unfinished tiles are `levels`, lowest first.
    ///
    /// `None` when the widths of the tiles do not belong to that size.
    pub fn resume(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let widths = partial_widths(size);
        let fits = widths.len() == levels.len()
            && widths
                .iter()
                .zip(&levels)
                .all(|(width, level)| usize::from(*width) == level.len());
        fits.then_some(Self { size, levels })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The unfinished tile of each level, lowest first; some may be empty.
    pub fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Appends a leaf and hands every tile that it fills to `on_full`, lowest level first.
    pub fn push(&mut self, leaf: Hash, on_full: &mut impl FnMut(FullTile)) {
        self.size += 1;
        let mut hash = leaf;
        let mut covered = self.size;
        for level in 0..TILE_LEVELS {
            let slot = usize::from(level);
            if self.levels.len() <= slot {
                self.levels.push(Vec::with_capacity(TILE_WIDTH));
            }
            let Some(row) = self.levels.get_mut(slot) else {
                return;
            };
            row.push(hash);
            if row.len() < TILE_WIDTH {
                return;
            }
            let hashes = std::mem::replace(row, Vec::with_capacity(TILE_WIDTH));
            covered /= TILE_WIDTH as u64;
            hash = root_of(&hashes).unwrap_or_else(empty_root);
            on_full(FullTile {
                level,
                index: covered - 1,
                hashes,
            });
        }
    }

    /// The root of the tree as it stands.
    pub fn root(&self) -> Hash {
        let mut below: Option<Hash> = None;
        for level in &self.levels {
            let mut row = level.clone();
            row.extend(below);
            below = root_of(&row);
        }
        below.unwrap_or_else(empty_root)
    }
}

/// The widths of the unfinished tiles of a tree of `size` leaves, lowest level first.
pub fn partial_widths(size: u64) -> Vec<u16> {
    let mut widths = Vec::new();
    let mut rest = size;
    while rest > 0 {
        widths.push(u16::try_from(rest % TILE_WIDTH as u64).unwrap_or_default());
        rest /= TILE_WIDTH as u64;
    }
    widths
}

fn to_hash(digest: &digest::Digest) -> Hash {
    let mut hash = [0; 32];
    // SHA-256 digests are 32 bytes, so both sides have the same length.
    hash.iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    hash
}

/// How many hashes a full tile and how many entries a full bundle holds.
pub const TILE_WIDTH: usize = 256;

const LEAF_PREFIX: u8 = 0;
const NODE_PREFIX: u8 = 1;
/// 256^8 is already more than a 64-bit index can count.
pub(crate) const TILE_LEVELS: u8 = 8;

#[cfg(test)]
mod tests;
