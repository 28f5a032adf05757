package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	tileWidth = 256
	// A full bundle of the largest entries, each with its two bytes of length.
	bundleBytesMax = tileWidth * (2 + 65535)
	tileBytesMax   = tileWidth * 32
)

// Tile names a tile of the Merkle tree or, with level `entries`, a bundle of entries.
type Tile struct {
	level string // decimal, or "entries"
	index uint64
	width int // 256 when full
}

func hashTile(level int, index uint64, width int) Tile {
	return Tile{strconv.Itoa(level), index, width}
}

func bundleTile(index uint64, width int) Tile { return Tile{"entries", index, width} }

func (t Tile) full() Tile { return Tile{t.level, t.index, tileWidth} }

// Path is the place of a tile below the log's prefix, as c2sp.org/tlog-tiles sets it.
func (t Tile) Path() string {
	name := fmt.Sprintf("%03d", t.index%1000)
	for rest := t.index / 1000; rest > 0; rest /= 1000 {
		name = fmt.Sprintf("x%03d/%s", rest%1000, name)
	}
	path := "tile/" + t.level + "/" + name
	if t.width < tileWidth {
		path += ".p/" + strconv.Itoa(t.width)
	}
	return path
}

// parseTile reads the path of a tile; false when it is not exactly the path of one.
func parseTile(path string) (Tile, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	level, rest, split := strings.Cut(rest, "/")
	if !ok || !split {
		return Tile{}, false
	}
	tile := Tile{level: level, width: tileWidth}
	name, width, partial := strings.Cut(rest, ".p/")
	if partial {
		number, err := parseDecimal(width)
		if err != nil || number < 1 || number >= tileWidth {
			return Tile{}, false
		}
		tile.width = int(number)
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(name, "x", ""), "/", "")
	index, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return Tile{}, false
	}
	tile.index = index
	if level != "entries" {
		number, err := parseDecimal(level)
		if err != nil || number > 63 {
			return Tile{}, false
		}
	}
	// One tile has one path: what is spelled in another way is not a tile.
	return tile, tile.Path() == path
}

// Log checks the tiles of a log against each other and against a root.
type Log struct {
	files   Files
	size    uint64
	minimum uint64
	levels  [][]Hash // of each level the hashes of the tile that is not finished
	known   map[string]bool
}

// verify reads every entry from the minimum index on and every tile of the tree. It returns the
// roots of the wanted sizes, none of which is below the minimum.
func (l *Log) verify(root Hash, wanted map[uint64]bool) (map[uint64]Hash, error) {
	l.known = map[string]bool{}
	if l.minimum > l.size {
		return nil, errors.New("the minimum index is larger than the tree")
	}
	roots := map[uint64]Hash{}
	start := l.minimum / tileWidth * tileWidth
	if err := l.startAt(start); err != nil {
		return nil, err
	}
	if wanted[start] {
		roots[start] = rootOf(l.levels)
	}
	for index := start / tileWidth; index*tileWidth < l.size; index++ {
		if err := l.bundle(index, wanted, roots); err != nil {
			return nil, err
		}
	}
	for level := 1; level < len(l.levels); level++ {
		if len(l.levels[level]) > 0 {
			if err := l.compare(level, l.size>>(8*(level+1)), l.levels[level]); err != nil {
				return nil, err
			}
		}
	}
	if computed := rootOf(l.levels); computed != root {
		return nil, fmt.Errorf("the tiles give root %s, the checkpoint says %s", computed, root)
	}
	return roots, nil
}

// startAt takes the hashes of all subtrees before a start, a multiple of 256, from upper tiles.
func (l *Log) startAt(start uint64) error {
	l.levels = [][]Hash{nil}
	for level := 1; start>>(8*level) > 0; level++ {
		l.levels = append(l.levels, nil)
		wide := int(start >> (8 * level) % tileWidth)
		if wide == 0 {
			continue
		}
		hashes, err := l.hashes(level, start>>(8*(level+1)))
		if err != nil {
			return err
		}
		l.levels[level] = append([]Hash(nil), hashes[:wide]...)
	}
	return nil
}

// bundle checks one bundle of entries against its tile and adds its hashes to the tree.
func (l *Log) bundle(index uint64, wanted map[uint64]bool, roots map[uint64]Hash) error {
	first := index * tileWidth
	width := l.width(0, index)
	data, found, err := l.read(bundleTile(index, width), bundleBytesMax)
	if err != nil {
		return fmt.Errorf("entry %d: %w", first, err)
	}
	entries, err := splitBundle(data, found)
	if err != nil {
		return fmt.Errorf("entry %d: %s: %w", first+uint64(len(entries)), bundleTile(index, width).Path(), err)
	}
	hashes, err := l.hashes(0, index)
	if err != nil {
		return fmt.Errorf("entry %d: %w", first, err)
	}
	for i, entry := range entries[:width] {
		hash := leafHash(entry)
		if hash != hashes[i] {
			return fmt.Errorf("entry %d does not match its hash in %s", first+uint64(i), hashTile(0, index, width).Path())
		}
		if err := l.add(0, hash, first); err != nil {
			return err
		}
		if size := first + uint64(i) + 1; wanted[size] {
			roots[size] = rootOf(l.levels)
		}
	}
	return nil
}

// add appends a hash at a level; a finished tile is compared, and its hash goes one level up.
func (l *Log) add(level int, hash Hash, first uint64) error {
	if level == len(l.levels) {
		l.levels = append(l.levels, nil)
	}
	l.levels[level] = append(l.levels[level], hash)
	if len(l.levels[level]) < tileWidth {
		return nil
	}
	hashes := l.levels[level]
	l.levels[level] = nil
	if level > 0 {
		if err := l.compare(level, first>>(8*(level+1)), hashes); err != nil {
			return err
		}
	}
	return l.add(level+1, treeHash(hashes), first)
}

// compare checks a tile above level 0 against the hashes computed from the tiles below.
func (l *Log) compare(level int, index uint64, computed []Hash) error {
	stored, err := l.hashes(level, index)
	if err != nil {
		return err
	}
	for i, hash := range computed {
		if stored[i] != hash {
			span := uint64(1) << (8 * level)
			first := (index*tileWidth + uint64(i)) * span
			return fmt.Errorf("entry %d: the hash of entries %d to %d in %s does not match them",
				first, first, first+span-1, hashTile(level, index, len(computed)).Path())
		}
	}
	return nil
}

// width is how many hashes a tile of the tree has.
func (l *Log) width(level int, index uint64) int {
	return int(min(tileWidth, l.size>>(8*level)-index*tileWidth))
}

// hashes reads the hashes that a tile of the tree holds.
func (l *Log) hashes(level int, index uint64) ([]Hash, error) {
	width := l.width(level, index)
	tile := hashTile(level, index, width)
	data, found, err := l.read(tile, tileBytesMax)
	if err != nil {
		return nil, err
	}
	hashes, err := splitTile(data)
	if err == nil && len(hashes) != found {
		err = fmt.Errorf("it holds %d hashes in place of %d", len(hashes), found)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tile.Path(), err)
	}
	return hashes[:width], nil
}

// read reads a tile and tells its width: a partial tile may have been replaced by the full one of
// a log that grew.
func (l *Log) read(tile Tile, limit int64) ([]byte, int, error) {
	data, err := l.files.Read(tile.Path(), limit)
	if err == nil {
		l.known[tile.Path()] = true
		return data, tile.width, nil
	}
	if tile.width < tileWidth && missing(err) {
		if data, err := l.files.Read(tile.full().Path(), limit); err == nil {
			return data, tileWidth, nil
		}
	}
	if missing(err) {
		return nil, 0, fmt.Errorf("%s is missing", tile.Path())
	}
	return nil, 0, err
}

func splitTile(data []byte) ([]Hash, error) {
	if len(data) == 0 || len(data)%32 != 0 || len(data) > tileBytesMax {
		return nil, fmt.Errorf("it has %d bytes, which is no tile", len(data))
	}
	hashes := make([]Hash, len(data)/32)
	for i := range hashes {
		hashes[i] = Hash(data[i*32:])
	}
	return hashes, nil
}

// splitBundle cuts a bundle into its entries. With an error come the entries before the fault.
func splitBundle(data []byte, width int) ([][]byte, error) {
	var entries [][]byte
	for len(entries) < width {
		if len(data) < 2 {
			return entries, errors.New("the bundle ends before the entry")
		}
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			return entries, errors.New("the bundle ends within the entry")
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if len(data) > 0 {
		return entries, errors.New("the bundle goes on after its last entry")
	}
	return entries, nil
}

// others checks the tiles that the tree of this size does not need: earlier partial tiles, and
// tiles below the minimum index that were kept. With strictly, nothing else may lie below `tile`.
func (l *Log) others(paths []string, strictly bool) error {
	for _, path := range paths {
		if !strings.HasPrefix(path, "tile/") || l.known[path] {
			continue
		}
		tile, ok := parseTile(path)
		if !ok || !l.inTree(tile) {
			if strictly {
				return fmt.Errorf("%s is not part of the tree", path)
			}
			continue
		}
		var err error
		if tile.width < tileWidth {
			err = l.earlier(tile)
		} else {
			err = l.kept(tile)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// level is the level as a number; bundles lie at level 0.
func (t Tile) depth() int {
	number, _ := strconv.Atoi(t.level) // "entries" gives 0
	return number
}

// inTree tells whether all that a tile holds lies within the tree.
func (l *Log) inTree(tile Tile) bool {
	hashes := l.size >> (8 * tile.depth())
	return tile.index <= hashes/tileWidth && tile.index*tileWidth+uint64(tile.width) <= hashes
}

// earlier checks that a partial tile of a smaller tree is the beginning of the one of this tree.
func (l *Log) earlier(tile Tile) error {
	now := Tile{tile.level, tile.index, l.width(tile.depth(), tile.index)}
	known := l.known[now.Path()]
	whole, _, err := l.read(now, bundleBytesMax)
	l.known[now.Path()] = known
	if err != nil {
		return fmt.Errorf("nothing to compare it with: %w", err)
	}
	part, err := l.files.Read(tile.Path(), bundleBytesMax)
	if err != nil {
		return err
	}
	if tile.level != "entries" && len(part) != tile.width*32 {
		return fmt.Errorf("it has %d bytes, which is not its width", len(part))
	}
	if !bytes.HasPrefix(whole, part) {
		return errors.New("it differs from the later tile")
	}
	if tile.level == "entries" {
		if _, err := splitBundle(part, tile.width); err != nil {
			return err
		}
	}
	return nil
}

// kept checks a full tile below the minimum index against the tile above it.
func (l *Log) kept(tile Tile) error {
	data, err := l.files.Read(tile.Path(), bundleBytesMax)
	if err != nil {
		return err
	}
	var hashes []Hash
	if tile.level == "entries" {
		entries, err := splitBundle(data, tileWidth)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			hashes = append(hashes, leafHash(entry))
		}
	} else if hashes, err = splitTile(data); err != nil {
		return err
	}
	if len(hashes) != tileWidth {
		return errors.New("it is not a full tile")
	}
	upper := hashTile(tile.depth()+1, tile.index/tileWidth, l.width(tile.depth()+1, tile.index/tileWidth))
	known := l.known[upper.Path()]
	above, err := l.hashes(tile.depth()+1, tile.index/tileWidth)
	l.known[upper.Path()] = known
	if err != nil {
		return fmt.Errorf("nothing to check it with: %w", err)
	}
	if treeHash(hashes) != above[tile.index%tileWidth] {
		return errors.New("it does not match the tile above")
	}
	return nil
}
