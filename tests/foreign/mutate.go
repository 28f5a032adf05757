package main

import (
	"fmt"
	"math/rand/v2"
)

// mutate changes one bit at a time of a tree that is accepted, and then removes one file at a
// time; each of these trees must be rejected. Everything happens in memory. Of a plain log, tiles
// of earlier sizes may be gone: only what its verdict needs is removed.
func mutate(files Files, number int, seed uint64, verify func(Files) (Verdict, error)) (string, error) {
	names, needed, memory, err := load(files, verify)
	if err != nil {
		return "", err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range number {
		name := names[random.IntN(len(names))]
		data := memory[name]
		place := random.IntN(len(data))
		bit := random.IntN(8)
		changed := append([]byte(nil), data...)
		changed[place] ^= 1 << bit
		memory[name] = changed
		if _, err := verify(memory); err == nil {
			return "", fmt.Errorf("seed %d, change %d: bit %d of byte %d of %s changed, and it was accepted",
				seed, round, bit, place, name)
		}
		memory[name] = data
	}
	removed := min(len(needed), number)
	for _, at := range random.Perm(len(needed))[:removed] {
		name := needed[at]
		data := memory[name]
		delete(memory, name)
		if _, err := verify(memory); err == nil {
			return "", fmt.Errorf("seed %d: %s was removed, and it was accepted", seed, name)
		}
		memory[name] = data
	}
	if _, err := verify(memory); err != nil {
		return "", fmt.Errorf("the tree as it was is no longer accepted: %w", err)
	}
	return fmt.Sprintf("%d changes of one bit in %d files and %d removals, all rejected, seed %d",
		number, len(names), removed, seed), nil
}

// load takes a tree into memory and finds the files that its verification reads, and those that
// it can not do without.
func load(files Files, verify func(Files) (Verdict, error)) (names, needed []string, memory Memory, err error) {
	traced := Traced{files, map[string]bool{}}
	verdict, err := verify(traced)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("without any change: %w", err)
	}
	paths, err := files.List()
	if err != nil {
		return nil, nil, nil, err
	}
	memory = Memory{}
	for _, path := range paths {
		data, err := files.Read(path, listedBytesMax)
		if err != nil {
			return nil, nil, nil, err
		}
		memory[path] = data
		if traced.seen[path] && len(data) > 0 {
			names = append(names, path)
		}
		if verdict.needed == nil || verdict.needed[path] {
			needed = append(needed, path)
		}
	}
	return names, needed, memory, nil
}
