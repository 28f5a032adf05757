package main

import (
	"errors"
	"fmt"
	"strings"
)

const proofBytesMax = checkpointBytesMax + 1<<20

// Proof is a c2sp.org/tlog-proof: an entry's place in a signed tree.
type Proof struct {
	index      uint64
	path       []Hash
	checkpoint Checkpoint
}

func parseProof(data []byte) (Proof, error) {
	var proof Proof
	head, rest, found := strings.Cut(string(data), "\n\n")
	if !found {
		return proof, errors.New("the proof has no checkpoint")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return proof, errors.New("the first line is not that of a proof")
	}
	lines = lines[1:]
	if len(lines) > 0 {
		if extra, found := strings.CutPrefix(lines[0], "extra "); found {
			if _, err := unbase64(extra); err != nil {
				return proof, errors.New("the extra data is not base64")
			}
			lines = lines[1:]
		}
	}
	if len(lines) == 0 {
		return proof, errors.New("the proof has no index")
	}
	index, found := strings.CutPrefix(lines[0], "index ")
	if !found {
		return proof, errors.New("the proof has no index")
	}
	var err error
	if proof.index, err = parseDecimal(index); err != nil {
		return proof, fmt.Errorf("the index is %w", err)
	}
	for _, line := range lines[1:] {
		hash, err := parseHash(line)
		if err != nil {
			return proof, fmt.Errorf("a line of the inclusion proof is %w", err)
		}
		if proof.path = append(proof.path, hash); len(proof.path) > 63 {
			return proof, errors.New("the inclusion proof is too long")
		}
	}
	proof.checkpoint, err = parseCheckpoint([]byte(rest))
	return proof, err
}

// verify checks that the entry is where the proof says, in a tree that the policy accepts.
func (p Proof) verify(entry []byte, policy Policy) error {
	if _, err := policy.loggedBy(p.checkpoint); err != nil {
		return err
	}
	witnessed, err := policy.witnessed(p.checkpoint)
	if err != nil {
		return err
	}
	if !witnessed {
		return errors.New("the quorum of the policy has not cosigned the checkpoint")
	}
	root, err := rootFromPath(leafHash(entry), p.index, p.checkpoint.size, p.path)
	if err != nil {
		return err
	}
	if root != p.checkpoint.root {
		return fmt.Errorf("entry %d: the proof does not lead to the root of the checkpoint", p.index)
	}
	return nil
}
