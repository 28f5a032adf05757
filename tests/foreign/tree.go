package main

import (
	"crypto/sha256"
	"errors"
	"math/bits"
)

// Hash is a Merkle tree hash of RFC 6962, section 2.1.
type Hash [32]byte

func leafHash(entry []byte) Hash {
	sum := sha256.New()
	sum.Write([]byte{0})
	sum.Write(entry)
	return Hash(sum.Sum(nil))
}

func nodeHash(left, right Hash) Hash {
	var data [65]byte
	data[0] = 1
	copy(data[1:], left[:])
	copy(data[33:], right[:])
	return sha256.Sum256(data[:])
}

// treeHash is the tree hash over hashes of subtrees of one size; there is at least one.
func treeHash(hashes []Hash) Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	// The largest power of two that is smaller than the number of hashes.
	k := 1 << (bits.Len(uint(len(hashes)-1)) - 1)
	return nodeHash(treeHash(hashes[:k]), treeHash(hashes[k:]))
}

// emptyRoot is the root of a tree without entries.
func emptyRoot() Hash { return sha256.Sum256(nil) }

// rootOf is the root of a tree given, for each level of tiles, the hashes of its unfinished tile.
func rootOf(levels [][]Hash) Hash {
	var peaks []Hash
	for level := len(levels) - 1; level >= 0; level-- {
		hashes := levels[level]
		for len(hashes) > 0 {
			// Complete subtrees from the largest to the smallest, as RFC 6962 splits a tree.
			k := 1 << (bits.Len(uint(len(hashes))) - 1)
			peaks = append(peaks, treeHash(hashes[:k]))
			hashes = hashes[k:]
		}
	}
	if len(peaks) == 0 {
		return emptyRoot()
	}
	root := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		root = nodeHash(peaks[i], root)
	}
	return root
}

// rootFromPath is the root that an audit path of RFC 6962, section 2.1.1, leads to.
func rootFromPath(leaf Hash, index, size uint64, path []Hash) (Hash, error) {
	if index >= size {
		return Hash{}, errors.New("the index is not below the size of the tree")
	}
	// PATH(m, D[n]) is defined by recursion from the root; its last hash is used first.
	if size == 1 {
		if len(path) != 0 {
			return Hash{}, errors.New("the inclusion proof is too long")
		}
		return leaf, nil
	}
	if len(path) == 0 {
		return Hash{}, errors.New("the inclusion proof is too short")
	}
	sibling, rest := path[len(path)-1], path[:len(path)-1]
	k := uint64(1) << (bits.Len64(size-1) - 1)
	if index < k {
		left, err := rootFromPath(leaf, index, k, rest)
		return nodeHash(left, sibling), err
	}
	right, err := rootFromPath(leaf, index-k, size-k, rest)
	return nodeHash(sibling, right), err
}
