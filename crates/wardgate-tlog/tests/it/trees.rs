//! Roots, proofs, tiles and their names agree with `ct-merkle` and `tlog_tiles`.

use std::convert::Infallible;
use std::ops::Range;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles::tlog::{self, HashReader};
use wardgate_tlog::tile::{Kind, Tile};
use wardgate_tlog::tree::{
    Frontier, Hash, check_consistency, check_inclusion, consistency_proof, inclusion_proof,
    leaf_hash,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn roots_and_proofs_agree(size in 1u64..900, at: prop::sample::Index, old: prop::sample::Index) {
        let (index, old) = (at.index(size as usize) as u64, old.index(size as usize) as u64 + 1);
        let entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        entries.iter().for_each(|entry| theirs.push(entry.clone()));
        let stored = Stored::of(&entries);
        let (root, leaves) = ours(&entries);

        let their_root = theirs.root();
        prop_assert_eq!(&root[..], &their_root.as_bytes()[..]);
        prop_assert_eq!(root, tlog::tree_hash(size, &stored).unwrap().0);

        let Ok(path) = inclusion_proof(index, size, &mut tiles(&leaves));
        let proof = theirs.prove_inclusion(index as usize);
        prop_assert_eq!(path.as_flattened(), proof.as_bytes());
        let record = tlog::prove_record(size, index, &stored).unwrap();
        prop_assert_eq!(&path, &record.iter().map(|hash| hash.0).collect::<Vec<_>>());
        prop_assert!(check_inclusion(&leaves[index as usize], index, size, &path, &root));

        let Ok(path) = consistency_proof(old, size, &mut tiles(&leaves));
        let additions = (size - old) as usize;
        if additions > 0 {
            let proof = theirs.prove_consistency(additions);
            prop_assert_eq!(path.as_flattened(), proof.as_bytes());
        }
        let between = tlog::prove_tree(size, old, &stored).unwrap();
        prop_assert_eq!(&path, &between.iter().map(|hash| hash.0).collect::<Vec<_>>());
        let (old_root, _) = ours(&entries[..old as usize]);
        prop_assert!(check_consistency((old, &old_root), (size, &root), &path));
    }

    #[test]
    fn wrong_proofs_are_refused_alike(
        size in 1u64..300,
        index in 0u64..310,
        old in 0u64..310,
        path in prop::collection::vec(any::<[u8; 32]>(), 0..10),
        change: prop::sample::Index,
        made: bool,
    ) {
        let entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
        let (root, leaves) = ours(&entries);
        let leaf = leaves[index as usize % leaves.len()];
        let mut path = match inclusion_proof(index % size, size, &mut tiles(&leaves)) {
            Ok(real) if made => real,
            _ => path,
        };
        if made && !path.is_empty() {
            let at = change.index(path.len() * 2);
            if let Some(hash) = path.get_mut(at) {
                hash[0] ^= 1;
            }
        }
        let theirs = |hashes: &[Hash]| hashes.iter().map(|hash| tlog::Hash(*hash)).collect::<Vec<_>>();
        let accepted = tlog::check_record(&theirs(&path), size, tlog::Hash(root), index, tlog::Hash(leaf));
        prop_assert_eq!(check_inclusion(&leaf, index, size, &path, &root), accepted.is_ok());
        if (1..size).contains(&old) {
            let Ok(mut path) = consistency_proof(old, size, &mut tiles(&leaves));
            let at = change.index(path.len() * 2);
            if let Some(hash) = path.get_mut(at) {
                hash[0] ^= 1;
            }
            let (old_root, _) = ours(&entries[..old as usize]);
            let accepted = tlog::check_tree(&theirs(&path), size, tlog::Hash(root), old, tlog::Hash(old_root));
            prop_assert_eq!(check_consistency((old, &old_root), (size, &root), &path), accepted.is_ok());
        }
    }

    /// Theirs name the height of a tile too, and bundles `data`.
    #[test]
    fn tiles_have_the_names_of_others(level in 0u8..8, index in 0u64..1 << 40, width in 1u16..=256) {
        for (kind, data) in [(Kind::Entries, true), (Kind::Hashes(level), false)] {
            let level = if data { 0 } else { level };
            let theirs = tlog_tiles::tile::Tile::new(8, level, index, u32::from(width), data).path();
            let renamed = theirs.replacen("tile/8/", "tile/", 1).replacen("/data/", "/entries/", 1);
            let ours = Tile::new(kind, index, width).unwrap();
            prop_assert_eq!(ours.to_string(), renamed);
        }
    }

    #[test]
    fn filled_tiles_hold_what_others_read(size in 256u64..1500) {
        let entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
        let stored = Stored::of(&entries);
        let mut frontier = Frontier::new();
        let mut full = Vec::new();
        for entry in &entries {
            frontier.push(leaf_hash(entry), &mut |tile| full.push(tile));
        }
        for tile in full {
            let theirs = tlog_tiles::tile::Tile::new(8, tile.level, tile.index, 256, false);
            prop_assert_eq!(tile.hashes.as_flattened(), theirs.read_data(&stored).unwrap());
        }
        for (row, level) in frontier.levels().iter().zip(0u8..).filter(|(row, _)| !row.is_empty()) {
            let index = (size >> (8 * u32::from(level))) / 256;
            let theirs = tlog_tiles::tile::Tile::new(8, level, index, row.len() as u32, false);
            prop_assert_eq!(row.as_flattened(), theirs.read_data(&stored).unwrap());
        }
    }
}

fn entry(index: u64) -> Vec<u8> {
    index.to_be_bytes()[..(index % 9) as usize].to_vec()
}

/// Our root over entries, and their leaf hashes.
fn ours(entries: &[Vec<u8>]) -> (Hash, Vec<Hash>) {
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut frontier = Frontier::new();
    leaves
        .iter()
        .for_each(|leaf| frontier.push(*leaf, &mut |_| {}));
    (frontier.root(), leaves)
}

/// Hashes as tiles hold them, each the root of a whole subtree.
fn tiles(leaves: &[Hash]) -> impl FnMut(u8, Range<u64>) -> Result<Vec<Hash>, Infallible> {
    move |level, range| {
        let step = 256usize.pow(u32::from(level));
        let subtree = |at: u64| {
            let from = at as usize * step;
            wardgate_tlog::tree::root_of(&leaves[from..from + step]).unwrap()
        };
        Ok(range.map(subtree).collect())
    }
}

/// The hashes of a tree in the order of `tlog_tiles`.
struct Stored(Vec<tlog::Hash>);

impl Stored {
    fn of(entries: &[Vec<u8>]) -> Self {
        let mut stored = Self(Vec::new());
        for (entry, index) in entries.iter().zip(0..) {
            let new = tlog::stored_hashes(index, entry, &stored).unwrap();
            stored.0.extend(new);
        }
        stored
    }
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|at| self.0[*at as usize]).collect())
    }
}
