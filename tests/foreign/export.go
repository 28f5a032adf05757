package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
)

const (
	manifestBytesMax = 1 << 28
	listedBytesMax   = 1 << 32
)

// Trust is what the auditor brings: keys that must all have signed, a policy, or both.
type Trust struct {
	keys   []Key
	policy *Policy
}

// Verdict is what was found of a log that was accepted.
type Verdict struct {
	checkpoint Checkpoint
	minimum    uint64
	signers    []Key
	files      int
	cosigned   string
	needed     map[string]bool // of a plain log: the files without which it is not accepted
}

func (v Verdict) String() string {
	entries := "no entries"
	if v.checkpoint.size > v.minimum {
		entries = fmt.Sprintf("entries %d to %d", v.minimum, v.checkpoint.size-1)
	}
	algorithms := make([]string, len(v.signers))
	for i, key := range v.signers {
		algorithms[i] = key.algorithm()
	}
	text := fmt.Sprintf("%s, %s of %d, root %s, signed with %s", v.checkpoint.origin, entries,
		v.checkpoint.size, v.checkpoint.root, strings.Join(algorithms, " and "))
	if v.files > 0 {
		text += fmt.Sprintf(", %d files as listed", v.files)
	}
	return text + v.cosigned
}

// signers returns who signed a checkpoint as its log; an error unless the trust is satisfied.
func (t Trust) signers(c Checkpoint) ([]Key, error) {
	var signers []Key
	for _, key := range t.keys {
		if key.name != c.origin {
			return nil, fmt.Errorf("the checkpoint is of %q, the key of %q", c.origin, key.name)
		}
		signed, err := c.signedBy(key)
		if err != nil {
			return nil, err
		}
		if !signed {
			return nil, fmt.Errorf("the checkpoint has no signature by %s", key)
		}
		signers = append(signers, key)
	}
	if t.policy != nil && len(t.policy.logs) > 0 {
		logs, err := t.policy.loggedBy(c)
		if err != nil {
			return nil, err
		}
		if len(signers) == 0 {
			signers = logs
		}
	}
	if len(signers) == 0 {
		return nil, errors.New("neither a key nor a log of the policy to check the checkpoint with")
	}
	return signers, nil
}

// verifyLedger checks a plain log directory: `checkpoint` and `tile/`. Other names are ignored.
func verifyLedger(files Files, trust Trust, minimum uint64) (Verdict, error) {
	checkpoint, signers, err := readCheckpoint(files, "checkpoint", trust)
	if err != nil {
		return Verdict{}, err
	}
	cosigned, err := readCosigned(files, trust, checkpoint, minimum)
	if err != nil {
		return Verdict{}, err
	}
	verdict := Verdict{checkpoint: checkpoint, minimum: minimum, signers: signers}
	log := Log{files: files, size: checkpoint.size, minimum: minimum}
	err = verifyTree(&verdict, &log, trust, cosigned, false)
	log.known["checkpoint"] = true
	verdict.needed = log.known
	return verdict, err
}

// verifyExport checks an export: the list of its files, then the log.
func verifyExport(files Files, trust Trust) (Verdict, error) {
	origin, minimum, count, err := verifyManifest(files, trust)
	if err != nil {
		return Verdict{}, fmt.Errorf("MANIFEST: %w", err)
	}
	checkpoint, signers, err := readCheckpoint(files, "checkpoint", trust)
	if err != nil {
		return Verdict{}, err
	}
	if checkpoint.origin != origin {
		return Verdict{}, errors.New("MANIFEST and checkpoint are of different logs")
	}
	if err := verifyOwnPolicy(files); err != nil {
		return Verdict{}, err
	}
	cosigned, err := readCosigned(files, trust, checkpoint, minimum)
	if err != nil {
		return Verdict{}, err
	}
	verdict := Verdict{checkpoint: checkpoint, minimum: minimum, signers: signers, files: count}
	log := Log{files: files, size: checkpoint.size, minimum: minimum}
	err = verifyTree(&verdict, &log, trust, cosigned, true)
	return verdict, err
}

// verifyTree checks all tiles, the earlier checkpoints against them, and the quorum.
func verifyTree(verdict *Verdict, log *Log, trust Trust, earlier []Earlier, strictly bool) error {
	wanted := map[uint64]bool{}
	for _, one := range earlier {
		wanted[one.checkpoint.size] = true
	}
	roots, err := log.verify(verdict.checkpoint.root, wanted)
	if err != nil {
		return err
	}
	paths, err := log.files.List()
	if err != nil {
		return err
	}
	if err := log.others(paths, strictly); err != nil {
		return err
	}
	for _, one := range earlier {
		if roots[one.checkpoint.size] != one.checkpoint.root {
			return fmt.Errorf("%s: its root is not that of the first %d entries", one.path, one.checkpoint.size)
		}
	}
	return verdict.quorum(trust, earlier)
}

// quorum finds the largest size that the policy's quorum cosigned.
func (v *Verdict) quorum(trust Trust, earlier []Earlier) error {
	if trust.policy == nil || trust.policy.quorum == quorumNone {
		return nil
	}
	found, size := false, uint64(0)
	for _, one := range append(earlier, Earlier{"checkpoint", v.checkpoint}) {
		witnessed, err := trust.policy.witnessed(one.checkpoint)
		if err != nil {
			return fmt.Errorf("%s: %w", one.path, err)
		}
		if witnessed && (!found || one.checkpoint.size > size) {
			found, size = true, one.checkpoint.size
		}
	}
	if !found {
		return errors.New("the quorum of the policy has cosigned no checkpoint")
	}
	v.cosigned = fmt.Sprintf(", quorum for the first %d entries", size)
	return nil
}

func readCheckpoint(files Files, name string, trust Trust) (Checkpoint, []Key, error) {
	data, err := files.Read(name, checkpointBytesMax)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	checkpoint, err := parseCheckpoint(data)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	signers, err := trust.signers(checkpoint)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	return checkpoint, signers, nil
}

// Earlier is a checkpoint kept under its size, with cosignatures or a timestamp.
type Earlier struct {
	path       string
	checkpoint Checkpoint
}

// readCosigned reads `cosigned/<size>` and `tsa/<size>.checkpoint`. Those below the minimum index
// have a root that can no longer be computed; they are left out.
func readCosigned(files Files, trust Trust, now Checkpoint, minimum uint64) ([]Earlier, error) {
	paths, err := files.List()
	if err != nil {
		return nil, err
	}
	var all []Earlier
	for _, path := range paths {
		name, cosigned := strings.CutPrefix(path, "cosigned/")
		if !cosigned {
			stamped := false
			if name, stamped = strings.CutPrefix(path, "tsa/"); !stamped {
				continue
			}
			if name, stamped = strings.CutSuffix(name, ".checkpoint"); !stamped {
				continue
			}
		}
		size, err := parseDecimal(name)
		if err != nil {
			return nil, fmt.Errorf("%s: the name is %w", path, err)
		}
		checkpoint, _, err := readCheckpoint(files, path, trust)
		if err != nil {
			return nil, err
		}
		if checkpoint.size != size || checkpoint.origin != now.origin || size > now.size {
			return nil, fmt.Errorf("%s: it is of another size or log", path)
		}
		if size >= minimum {
			all = append(all, Earlier{path, checkpoint})
		}
	}
	return all, nil
}

// verifyManifest checks the signed list of files and every file on it.
func verifyManifest(files Files, trust Trust) (origin string, minimum uint64, count int, err error) {
	data, err := files.Read("MANIFEST", manifestBytesMax)
	if err != nil {
		return "", 0, 0, err
	}
	note, err := parseNote(data)
	if err != nil {
		return "", 0, 0, err
	}
	lines := strings.Split(strings.TrimSuffix(note.text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != "wardgate-export/v1" {
		return "", 0, 0, errors.New("it does not begin as that of an export")
	}
	origin = lines[1]
	if err := manifestSigned(note, origin, trust); err != nil {
		return "", 0, 0, err
	}
	number, found := strings.CutPrefix(lines[2], "minimum ")
	if minimum, err = parseDecimal(number); err != nil || !found {
		return "", 0, 0, errors.New("the third line does not give the minimum index")
	}
	return origin, minimum, len(lines) - 3, verifyListed(files, lines[3:])
}

// manifestSigned checks the Ed25519 signature of the list: by every such key that was given.
func manifestSigned(note Note, origin string, trust Trust) error {
	keys := trust.keys
	if trust.policy != nil {
		for _, key := range trust.policy.logs {
			if key.name == origin {
				keys = append(keys[:len(keys):len(keys)], key)
			}
		}
	}
	signed := false
	for _, key := range keys {
		if key.kind != typeEd25519 {
			continue
		}
		ok, err := note.signedBy(key, func(key Key, signature []byte) bool {
			return ed25519.Verify(key.public, []byte(note.text), signature)
		})
		if err != nil {
			return err
		}
		if !ok || key.name != origin {
			return fmt.Errorf("it has no signature by %s", key)
		}
		signed = true
	}
	if !signed {
		return fmt.Errorf("no Ed25519 key of %q was given to check it with", origin)
	}
	return nil
}

// verifyListed checks that exactly the listed files are there, each with its hash.
func verifyListed(files Files, lines []string) error {
	present, err := files.List()
	if err != nil {
		return err
	}
	listed := map[string]bool{"MANIFEST": true}
	last := ""
	for _, line := range lines {
		digest, name, found := strings.Cut(line, "  ")
		want, err := hex.DecodeString(digest)
		if !found || err != nil || len(want) != sha256.Size || strings.ToLower(digest) != digest {
			return errors.New("it has a line that is not a hash and a path")
		}
		if name == "MANIFEST" || name <= last || !plainPath(name) {
			return errors.New("its paths are not plain, in order and each there once")
		}
		last = name
		data, err := files.Read(name, listedBytesMax)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(data); string(sum[:]) != string(want) {
			return fmt.Errorf("%s%s has changed", damaged(name), name)
		}
		listed[name] = true
	}
	for _, name := range present {
		if !listed[name] {
			return fmt.Errorf("%s is not listed", name)
		}
	}
	return nil
}

// damaged names the first entry that a changed tile holds.
func damaged(name string) string {
	tile, ok := parseTile(name)
	if !ok {
		return ""
	}
	span := tile.index << (8 * (tile.depth() + 1))
	return fmt.Sprintf("the tile from entry %d on, ", span)
}

// plainPath tells whether a path is relative and stays inside.
func plainPath(name string) bool {
	return name != "" && path.Clean(name) == name && !path.IsAbs(name) &&
		name != ".." && !strings.HasPrefix(name, "../") && !strings.Contains(name, "\\")
}

// verifyOwnPolicy checks the form of the export's own policy and keys, which are not trusted.
func verifyOwnPolicy(files Files) error {
	data, err := files.Read("policy", checkpointBytesMax)
	if err != nil {
		return err
	}
	if _, err := parsePolicy(string(data)); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if data, err = files.Read("ledger.vkey", checkpointBytesMax); err != nil {
		return err
	}
	if _, err := parseKeys(string(data)); err != nil {
		return fmt.Errorf("ledger.vkey: %w", err)
	}
	return nil
}

// parseKeys reads verifier keys, one a line.
func parseKeys(text string) ([]Key, error) {
	var keys []Key
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		key, err := parseKey(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	sort.SliceStable(keys, func(a, b int) bool { return keys[a].kind < keys[b].kind })
	return keys, nil
}
