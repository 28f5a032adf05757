package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"sort"
	"strings"
	"testing"
)

// A signer of notes, for tests.
type signer struct {
	name   string
	kind   byte
	ed     ed25519.PrivateKey
	ml     *mldsa.PrivateKey
	public []byte
}

func newSigner(name string, kind byte, seed byte) signer {
	s := signer{name: name, kind: kind}
	material := bytes.Repeat([]byte{seed}, 32)
	if kind == typeMLDSA44 {
		s.ml, _ = mldsa.NewPrivateKey(mldsa.MLDSA44(), material)
		s.public = s.ml.PublicKey().Bytes()
	} else {
		s.ed = ed25519.NewKeyFromSeed(material)
		s.public = s.ed.Public().(ed25519.PublicKey)
	}
	return s
}

func (s signer) key() string {
	data := append([]byte{s.kind}, s.public...)
	return fmt.Sprintf("%s+%08x+%s", s.name, keyID(s.name, data), base64.StdEncoding.EncodeToString(data))
}

func (s signer) verifier() Key {
	key, err := parseKey(s.key())
	if err != nil {
		panic(err)
	}
	return key
}

// line signs a note, or with a type that has a time, the checkpoint in it.
func (s signer) line(text string) string {
	id := binary.BigEndian.AppendUint32(nil, s.verifier().id)
	time := uint64(1800000000)
	switch s.kind {
	case typeEd25519:
		id = append(id, ed25519.Sign(s.ed, []byte(text))...)
	case typeCosignature:
		id = binary.BigEndian.AppendUint64(id, time)
		id = append(id, ed25519.Sign(s.ed, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", time, text))...)
	case typeMLDSA44:
		id = binary.BigEndian.AppendUint64(id, time)
		lines := strings.Split(text, "\n")
		size, _ := parseDecimal(lines[1])
		root, _ := parseHash(lines[2])
		message, _ := Checkpoint{origin: lines[0], size: size, root: root}.subtreeMessage(s.name, time)
		signature, _ := s.ml.Sign(nil, message, &mldsa.Options{})
		id = append(id, signature...)
	}
	return "— " + s.name + " " + base64.StdEncoding.EncodeToString(id) + "\n"
}

func sign(origin string, size uint64, root Hash, signers ...signer) []byte {
	return signText(fmt.Sprintf("%s\n%d\n%s\n", origin, size, root), signers...)
}

func signText(text string, signers ...signer) []byte {
	note := text + "\n"
	for _, s := range signers {
		note += s.line(text)
	}
	return []byte(note)
}

const origin = "hospital.example/log"

var (
	edSigner = newSigner(origin, typeEd25519, 1)
	mlSigner = newSigner(origin, typeMLDSA44, 2)
	both     = Trust{keys: []Key{edSigner.verifier(), mlSigner.verifier()}}
)

// makeLog writes a log of entries by the definition of a tile: MTH of ranges of leaves.
func makeLog(size uint64, minimum uint64) (Memory, []Hash) {
	var leaves []Hash
	files := Memory{}
	bundles := map[uint64][]byte{}
	for i := range size {
		entry := fmt.Appendf(nil, "entry %d", i)
		leaves = append(leaves, leafHash(entry))
		bundles[i/256] = binary.BigEndian.AppendUint16(bundles[i/256], uint16(len(entry)))
		bundles[i/256] = append(bundles[i/256], entry...)
	}
	for index, data := range bundles {
		if (index+1)*256 > minimum {
			files[bundleTile(index, int(min(256, size-index*256))).Path()] = data
		}
	}
	for level, span := 0, uint64(1); size/span > 0; level, span = level+1, span*256 {
		tiles := map[uint64][]byte{}
		for i := range size / span {
			hash := treeHash(leaves[i*span : (i+1)*span])
			tiles[i/256] = append(tiles[i/256], hash[:]...)
		}
		for index, data := range tiles {
			if (index+1)*256*span > minimum {
				files[hashTile(level, index, len(data)/32).Path()] = data
			}
		}
	}
	root := emptyRoot()
	if size > 0 {
		root = treeHash(leaves)
	}
	files["checkpoint"] = sign(origin, size, root, edSigner, mlSigner)
	return files, leaves
}

// asExport adds what an export has beside its log.
func asExport(files Memory, minimum uint64) {
	files["README.txt"] = []byte("read me\n")
	files["policy"] = []byte("log " + edSigner.key() + "\nlog " + mlSigner.key() + "\nquorum none\n")
	files["ledger.vkey"] = []byte(edSigner.key() + "\n" + mlSigner.key() + "\n")
	list(files, minimum)
}

func list(files Memory, minimum uint64) {
	delete(files, "MANIFEST")
	text := fmt.Sprintf("wardgate-export/v1\n%s\nminimum %d\n", origin, minimum)
	paths, _ := files.List()
	sort.Strings(paths)
	for _, path := range paths {
		text += fmt.Sprintf("%x  %s\n", sha256.Sum256(files[path]), path)
	}
	files["MANIFEST"] = signText(text, edSigner)
}

func TestLogsOfAllShapesAreAcceptedAndChangesRejected(t *testing.T) {
	for _, size := range []uint64{0, 1, 2, 255, 256, 257, 511, 512, 700, 66000} {
		files, leaves := makeLog(size, 0)
		if size > 3 {
			files["cosigned/3"] = sign(origin, 3, treeHash(leaves[:3]), edSigner, mlSigner)
		}
		ledger := func(files Files) (Verdict, error) { return verifyLedger(files, both, 0) }
		changes := 200
		if size > 1000 {
			changes = 20
		}
		if _, err := mutate(files, changes, size, ledger); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
		asExport(files, 0)
		export := func(files Files) (Verdict, error) { return verifyExport(files, both) }
		if _, err := mutate(files, changes, size, export); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

func TestPrunedLogsAreAccepted(t *testing.T) {
	for _, c := range [][2]uint64{{700, 1}, {700, 255}, {700, 256}, {700, 600}, {512, 512}, {700, 700}, {66000, 300}, {66000, 65536}, {66000, 65900}} {
		files, leaves := makeLog(c[0], c[1])
		files["cosigned/700"] = sign(origin, 700, treeHash(leaves[:min(700, len(leaves))]), edSigner, mlSigner)
		if c[0] < 700 {
			delete(files, "cosigned/700")
		}
		if c[1] >= 256 {
			if _, err := verifyLedger(files, both, 0); err == nil {
				t.Errorf("%v: accepted as a whole log", c)
			}
		}
		asExport(files, c[1])
		if _, err := verifyExport(files, both); err != nil {
			t.Errorf("%v: %v", c, err)
		}
		if _, err := mutate(files, 20, 1, func(f Files) (Verdict, error) { return verifyLedger(f, both, c[1]) }); err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestTilesBelowTheMinimumThatWereKeptAreChecked(t *testing.T) {
	whole, _ := makeLog(700, 0)
	files, _ := makeLog(700, 300)
	kept := []string{"tile/0/000", "tile/entries/000"}
	for _, path := range kept {
		files[path] = whole[path]
	}
	asExport(files, 300)
	if _, err := verifyExport(files, both); err != nil {
		t.Fatal(err)
	}
	for _, path := range kept {
		changed := append([]byte(nil), whole[path]...)
		changed[40] ^= 1
		files[path] = changed
		list(files, 300)
		if _, err := verifyExport(files, both); err == nil {
			t.Errorf("a changed %s was accepted", path)
		}
		files[path] = whole[path]
	}
}

// Whoever can sign the list can not make a tree that the checkpoint does not have.
func TestATreeIsRejectedThoughItsListIsSigned(t *testing.T) {
	for _, c := range [][2]string{
		{"tile/entries/001", "entry 300"}, {"tile/0/001", "entry 257"}, {"tile/1/000.p/2", "entry 256"},
		{"tile/0/002.p/188", "entry 513"}, {"checkpoint", "checkpoint"}, {"cosigned/256", "cosigned/256"},
		{"tile/entries/000.p/7", "tile/entries/000.p/7"}, {"tile/0/003", "tile/0/003"}, {"tile/x", "tile/x"},
	} {
		files, leaves := makeLog(700, 0)
		files["cosigned/256"] = sign(origin, 256, treeHash(leaves[:256]), edSigner, mlSigner)
		changed := append([]byte(nil), files[c[0]]...)
		switch c[0] {
		case "tile/entries/001":
			at := bytes.Index(changed, []byte("entry 300"))
			changed[at] ^= 1
		case "cosigned/256":
			changed = sign(origin, 256, treeHash(leaves[:255]), edSigner, mlSigner)
		case "tile/entries/000.p/7", "tile/0/003", "tile/x":
			changed = bytes.Repeat([]byte{0}, 32)
		default:
			changed[40] ^= 1
		}
		files[c[0]] = changed
		asExport(files, 0)
		_, err := verifyExport(files, both)
		if err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v", c[0], err)
		}
	}
}

func TestEarlierPartialTilesMayStay(t *testing.T) {
	files, _ := makeLog(700, 0)
	earlier, _ := makeLog(600, 0)
	for path, data := range earlier {
		if _, there := files[path]; !there {
			files[path] = data
		}
	}
	asExport(files, 0)
	if _, err := verifyExport(files, both); err != nil {
		t.Fatal(err)
	}
	// A log that has grown has the full tile in place of the partial one.
	grown, _ := makeLog(768, 0)
	grown["checkpoint"] = files["checkpoint"]
	grown["tile/1/000.p/2"] = files["tile/1/000.p/2"]
	if _, err := verifyLedger(grown, both, 0); err != nil {
		t.Fatal(err)
	}
}

func TestTheTrustThatIsBroughtDecides(t *testing.T) {
	files, leaves := makeLog(700, 0)
	witnesses := []signer{newSigner("w.example/1", typeCosignature, 5), newSigner("w.example/2", typeMLDSA44, 6), newSigner("w.example/3", typeCosignature, 7)}
	files["cosigned/500"] = sign(origin, 500, treeHash(leaves[:500]), edSigner, mlSigner, witnesses[0], witnesses[2])
	files["cosigned/600"] = sign(origin, 600, treeHash(leaves[:600]), edSigner, mlSigner, witnesses[1])
	asExport(files, 0)
	policyOf := func(text string) Trust {
		policy, err := parsePolicy("log " + edSigner.key() + "\nlog " + mlSigner.key() + "\nwitness a " + witnesses[0].key() +
			"\nwitness b " + witnesses[1].key() + "\nwitness c " + witnesses[2].key() + "\n" + text)
		if err != nil {
			t.Fatal(err)
		}
		return Trust{policy: &policy}
	}
	verdict, err := verifyExport(files, policyOf("group g 2 a b c\nquorum g\n"))
	if err != nil || !strings.Contains(verdict.String(), "quorum for the first 500 entries") {
		t.Fatal(verdict, err)
	}
	if verdict, err = verifyExport(files, policyOf("group g any a b c\nquorum g\n")); err != nil ||
		!strings.Contains(verdict.String(), "quorum for the first 600 entries") {
		t.Fatal(verdict, err)
	}
	if _, err := verifyExport(files, policyOf("group g all a b c\nquorum g\n")); err == nil {
		t.Error("a quorum that no checkpoint has")
	}
	stranger := newSigner(origin, typeEd25519, 99)
	if _, err := verifyExport(files, Trust{keys: []Key{stranger.verifier()}}); err == nil {
		t.Error("the key of another log")
	}
	if _, err := verifyExport(files, Trust{keys: []Key{mlSigner.verifier()}}); err == nil {
		t.Error("no key for the list")
	}
	if _, err := verifyExport(files, Trust{}); err == nil {
		t.Error("no trust at all")
	}
	files["checkpoint"] = sign(origin, 700, treeHash(leaves), edSigner)
	list(files, 0)
	if _, err := verifyExport(files, both); err == nil {
		t.Error("one signature of two is missing")
	}
}

// auditPath is PATH(m, D[n]) of RFC 6962, by its definition.
func auditPath(m uint64, leaves []Hash) []Hash {
	if len(leaves) <= 1 {
		return nil
	}
	k := uint64(1) << (bits.Len(uint(len(leaves)-1)) - 1)
	if m < k {
		return append(auditPath(m, leaves[:k]), treeHash(leaves[k:]))
	}
	return append(auditPath(m-k, leaves[k:]), treeHash(leaves[:k]))
}

func TestProofs(t *testing.T) {
	policy, _ := parsePolicy("log " + edSigner.key() + "\nlog " + mlSigner.key() + "\nquorum none\n")
	for _, size := range []uint64{1, 2, 3, 7, 8, 13, 300} {
		files, leaves := makeLog(size, 0)
		for index := range size {
			text := fmt.Sprintf("c2sp.org/tlog-proof@v1\nextra AAEC\nindex %d\n", index)
			for _, hash := range auditPath(index, leaves) {
				text += hash.String() + "\n"
			}
			text += "\n" + string(files["checkpoint"])
			entry := fmt.Appendf(nil, "entry %d", index)
			check := func(text string, entry []byte) error {
				proof, err := parseProof([]byte(text))
				if err != nil {
					return err
				}
				return proof.verify(entry, policy)
			}
			if err := check(text, entry); err != nil {
				t.Fatalf("%d of %d: %v", index, size, err)
			}
			if err := check(strings.Replace(text, "extra AAEC\n", "", 1), entry); err != nil {
				t.Fatal(err)
			}
			wrong := []string{
				strings.Replace(text, fmt.Sprintf("index %d", index), fmt.Sprintf("index %d", index+1), 1),
				strings.Replace(text, "index ", "index 0", 1),
				strings.Replace(text, "@v1", "@v2", 1),
				strings.Replace(text, "\n\n", "\n"+emptyRoot().String()+"\n\n", 1),
			}
			for _, text := range wrong {
				if check(text, entry) == nil {
					t.Errorf("%d of %d: accepted\n%s", index, size, text)
				}
			}
			if check(text, []byte("entry")) == nil {
				t.Error("another entry")
			}
		}
	}
}
