//! Inclusion and consistency proofs, made from the hashes of tiles and checked without them.

use std::ops::Range;

use super::{Hash, empty_root, node_hash, root_of};

/// Makes the RFC 6962 audit path of leaf `index` in the tree of `size` leaves.
///
/// `hashes(level, range)` delivers the hashes of a range of a tile level, as tiles hold them.
/// An index outside the tree has the empty path.
pub fn inclusion_proof<E>(
    index: u64,
    size: u64,
    hashes: &mut impl FnMut(u8, Range<u64>) -> Result<Vec<Hash>, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let mut range = 0..size;
    if index >= size {
        return Ok(path);
    }
    while range.end - range.start > 1 {
        let middle = range.start + split(range.end - range.start);
        if index < middle {
            path.push(range_root(middle..range.end, hashes)?);
            range.end = middle;
        } else {
            path.push(range_root(range.start..middle, hashes)?);
            range.start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Checks an audit path, as RFC 9162 section 2.1.3.2 puts it.
pub fn check_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let mut node = index;
    let mut last = size - 1;
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Makes the RFC 6962 consistency proof between the trees of `old` and `new` leaves.
///
/// `hashes` is as for [`inclusion_proof`]. Between equal sizes, from the empty tree and to a
/// smaller one the proof is empty.
pub fn consistency_proof<E>(
    old: u64,
    new: u64,
    hashes: &mut impl FnMut(u8, Range<u64>) -> Result<Vec<Hash>, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let mut range = 0..new;
    if old == 0 || old >= new {
        return Ok(path);
    }
    // Down to the subtree that ends where the old tree ends.
    while range.end != old {
        let middle = range.start + split(range.end - range.start);
        if old <= middle {
            path.push(range_root(middle..range.end, hashes)?);
            range.end = middle;
        } else {
            path.push(range_root(range.start..middle, hashes)?);
            range.start = middle;
        }
    }
    // The whole old tree is known to the one who asks.
    if range.start > 0 {
        path.push(range_root(range, hashes)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks a consistency proof, as RFC 9162 section 2.1.4.2 puts it.
///
/// The empty tree is consistent with every tree, and its proof is empty.
pub fn check_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return path.is_empty() && *old_root == empty_root();
    }
    // A complete old tree is the first node of the way itself and is not sent.
    let mut steps = path.iter();
    let start = if old.is_power_of_two() {
        Some(old_root)
    } else {
        steps.next()
    };
    let Some(start) = start else {
        return false;
    };
    let shift = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut of_old, mut of_new) = (*start, *start);
    for sibling in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            of_old = node_hash(sibling, &of_old);
            of_new = node_hash(sibling, &of_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            of_new = node_hash(&of_new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}

fn range_root<E>(
    range: Range<u64>,
    hashes: &mut impl FnMut(u8, Range<u64>) -> Result<Vec<Hash>, E>,
) -> Result<Hash, E> {
    // A range that a proof needs starts at a multiple of the power of two at or above its
    // length, so it falls into whole subtrees from the largest down.
    let mut peaks = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let height = (range.end - start).ilog2();
        let level = u8::try_from(height / 8).unwrap_or_default();
        let step = u64::from(level) * 8;
        let end = start + (1u64 << height);
        let row = hashes(level, (start >> step)..(end >> step))?;
        peaks.push(root_of(&row).unwrap_or_else(empty_root));
        start = end;
    }
    let joined = peaks
        .into_iter()
        .rev()
        .reduce(|right, left| node_hash(&left, &right));
    Ok(joined.unwrap_or_else(empty_root))
}

/// The largest power of two below `size`, which must be at least 2.
fn split(size: u64) -> u64 {
    1u64 << (size - 1).ilog2()
}
