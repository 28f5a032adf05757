use std::ops::Range;

use proptest::prelude::*;

use super::*;

/// The entries and roots that implementations of RFC 6962 share as test vectors.
const ENTRIES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_shared_vectors_hold() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex(&empty_root()), empty);
    let mut frontier = Frontier::new();
    assert_eq!(hex(&frontier.root()), empty);
    for (entry, root) in ENTRIES.iter().zip(ROOTS) {
        frontier.push(leaf_hash(&unhex(entry)), &mut |_| {
            panic!("no tile is full yet")
        });
        assert_eq!(hex(&frontier.root()), root);
    }
}

#[test]
fn the_shared_inclusion_vectors_hold() {
    let leaves: Vec<Hash> = ENTRIES
        .iter()
        .map(|entry| leaf_hash(&unhex(entry)))
        .collect();
    let path =
        |index, size| -> Vec<String> { prove(&leaves, index, size).iter().map(hex).collect() };
    assert!(path(0, 1).is_empty());
    assert_eq!(
        path(0, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        path(5, 8),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        path(2, 3),
        ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]
    );
}

#[test]
fn a_digest_takes_pieces_and_shows_nothing() {
    let mut digest = Digest::new();
    digest.update(b"a");
    digest.update(b"bc");
    assert_eq!(format!("{digest:?}"), "Digest { .. }");
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(&digest.finish()), expected);
}

#[test]
fn tiles_fill_at_their_boundaries() {
    let mut frontier = Frontier::new();
    let mut full = Vec::new();
    for index in 0..65_537u64 {
        frontier.push(leaf_hash(&index.to_le_bytes()), &mut |tile| {
            full.push((index, tile))
        });
    }
    let second: Vec<_> = full.iter().filter(|(_, tile)| tile.level == 1).collect();
    assert_eq!(full.iter().filter(|(_, tile)| tile.level == 0).count(), 256);
    assert_eq!(second.len(), 1);
    assert_eq!((second[0].0, second[0].1.index), (65_535, 0));
    assert_eq!(full[0].0, 255);
    assert_eq!(full[255].1.index, 255);
    assert_eq!(
        second[0].1.hashes[255],
        root_of(&full[255].1.hashes).unwrap()
    );
    assert_eq!(partial_widths(65_537), [1, 0, 1]);
    assert_eq!(partial_widths(70_000), [112, 17, 1]);
    assert_eq!(partial_widths(256), [0, 1]);
    let widths: Vec<usize> = frontier.levels().iter().map(Vec::len).collect();
    assert_eq!(widths, [1, 0, 1]);
}

#[test]
fn a_frontier_of_other_widths_is_refused() {
    assert!(Frontier::resume(2, vec![vec![[0; 32]; 2]]).is_some());
    assert!(Frontier::resume(3, vec![vec![[0; 32]; 2]]).is_none());
    assert!(Frontier::resume(256, vec![vec![], vec![[0; 32]]]).is_some());
    assert!(Frontier::resume(256, vec![vec![]]).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_frontier_is_the_naive_tree(size in 0usize..1200) {
        let leaves = some_leaves(size);
        let mut frontier = Frontier::new();
        for leaf in &leaves {
            frontier.push(*leaf, &mut |_| {});
        }
        prop_assert_eq!(frontier.root(), naive_root(&leaves));
        let again = Frontier::resume(size as u64, frontier.levels()[..partial_widths(size as u64).len()].to_vec());
        prop_assert_eq!(again.unwrap().root(), naive_root(&leaves));
    }

    #[test]
    fn proofs_are_those_of_the_naive_tree(size in 1usize..1200, at: prop::sample::Index) {
        let leaves = some_leaves(size);
        let index = at.index(size);
        let path = prove(&leaves, index as u64, size as u64);
        prop_assert_eq!(&path, &naive_path(index, &leaves));
        let root = naive_root(&leaves);
        let check = |leaf: &Hash, index: u64, size: u64, path: &[Hash]| {
            check_inclusion(leaf, index, size, path, &root)
        };
        let (leaf, index, size) = (leaves[index], index as u64, size as u64);
        prop_assert!(check(&leaf, index, size, &path));
        prop_assert!(!check(&[9; 32], index, size, &path));
        prop_assert!(!check(&leaf, index + size, size, &path));
        if size > 1 {
            prop_assert!(!check(&leaf, (index + 1) % size, size, &path));
            prop_assert!(!check(&leaf, index, size, &path[1..]));
            let mut longer = path.clone();
            longer.push(root);
            prop_assert!(!check(&leaf, index, size, &longer));
            let mut other = path.clone();
            other[0][0] ^= 1;
            prop_assert!(!check(&leaf, index, size, &other));
        }
    }
}

#[test]
fn the_shared_consistency_vectors_hold() {
    let leaves: Vec<Hash> = ENTRIES
        .iter()
        .map(|entry| leaf_hash(&unhex(entry)))
        .collect();
    let path = |old, new| -> Vec<String> { between(&leaves, old, new).iter().map(hex).collect() };
    assert!(path(1, 1).is_empty());
    assert_eq!(
        path(1, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        path(6, 8),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        path(2, 5),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
    );
}

#[test]
fn trees_are_consistent_with_the_empty_one_and_themselves() {
    let (root, other) = ([1; 32], [2; 32]);
    let empty = empty_root();
    assert!(check_consistency((0, &empty), (0, &empty), &[]));
    assert!(check_consistency((0, &empty), (5, &root), &[]));
    assert!(!check_consistency((0, &other), (5, &root), &[]));
    assert!(!check_consistency((0, &empty), (5, &root), &[other]));
    assert!(check_consistency((5, &root), (5, &root), &[]));
    assert!(!check_consistency((5, &root), (5, &other), &[]));
    assert!(!check_consistency((5, &root), (5, &root), &[other]));
    assert!(!check_consistency((6, &root), (5, &root), &[]));
    assert!(!check_consistency((5, &root), (6, &root), &[]));
    assert!(!check_consistency((4, &root), (6, &root), &[]));
    let max = (u64::MAX, &root);
    assert!(!check_consistency((u64::MAX - 1, &root), max, &[other; 64]));
    assert!(!check_inclusion(
        &root,
        u64::MAX - 1,
        u64::MAX,
        &[other; 64],
        &root
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn consistency_proofs_are_those_of_the_naive_tree(new in 1usize..1200, at: prop::sample::Index) {
        let leaves = some_leaves(new);
        let old = at.index(new) + 1;
        let path = between(&leaves, old as u64, new as u64);
        prop_assert_eq!(&path, &naive_consistency(old, &leaves, true));
        let (old_root, new_root) = (naive_root(&leaves[..old]), naive_root(&leaves));
        let (old, new) = (old as u64, new as u64);
        let check = |old, new, path: &[Hash]| check_consistency((old, &old_root), (new, &new_root), path);
        prop_assert!(check(old, new, &path));
        prop_assert!(!check_consistency((old, &[9; 32]), (new, &new_root), &path));
        prop_assert!(!check_consistency((old, &old_root), (new, &[9; 32]), &path));
        let mut longer = path.clone();
        longer.push([7; 32]);
        prop_assert!(!check(old, new, &longer));
        for (at, _) in path.iter().enumerate() {
            let mut other = path.clone();
            other[at][0] ^= 1;
            prop_assert!(!check(old, new, &other));
            other.remove(at);
            prop_assert!(!check(old, new, &other));
        }
    }
}

/// PROOF as RFC 6962 section 2.1.2 defines it; `whole` is the b of SUBPROOF.
fn naive_consistency(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            vec![]
        } else {
            vec![naive_root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut path, other) = if old <= left.len() {
        (naive_consistency(old, left, whole), naive_root(right))
    } else {
        (
            naive_consistency(old - left.len(), right, false),
            naive_root(left),
        )
    };
    path.push(other);
    path
}

/// MTH as RFC 6962 section 2.1 defines it.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(naive_split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// PATH as RFC 6962 section 2.1.1 defines it.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut path, other) = if index < left.len() {
        (naive_path(index, left), naive_root(right))
    } else {
        (naive_path(index - left.len(), right), naive_root(left))
    };
    path.push(other);
    path
}

fn naive_split(size: usize) -> usize {
    let mut split = 1;
    while split * 2 < size {
        split *= 2;
    }
    split
}

/// Proves with hashes as tiles would hold them.
fn prove(leaves: &[Hash], index: u64, size: u64) -> Vec<Hash> {
    inclusion_proof(index, size, &mut tiles(leaves)).unwrap()
}

fn between(leaves: &[Hash], old: u64, new: u64) -> Vec<Hash> {
    consistency_proof(old, new, &mut tiles(leaves)).unwrap()
}

fn tiles(leaves: &[Hash]) -> impl FnMut(u8, Range<u64>) -> Result<Vec<Hash>, ()> {
    move |level, range| {
        assert_eq!(
            range.start / 256,
            (range.end - 1) / 256,
            "a range stays in one tile"
        );
        let step = 256usize.pow(u32::from(level));
        let subtree = |at: u64| naive_root(&leaves[at as usize * step..(at as usize + 1) * step]);
        Ok(range.map(subtree).collect())
    }
}

fn some_leaves(size: usize) -> Vec<Hash> {
    (0..size)
        .map(|index| leaf_hash(&index.to_le_bytes()))
        .collect()
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
