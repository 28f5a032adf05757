package main

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The example of c2sp.org/tlog-checkpoint and the one of c2sp.org/tlog-cosignature.
const exampleCheckpoint = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`

func TestTheExampleCheckpointIsRead(t *testing.T) {
	checkpoint, err := parseCheckpoint([]byte(exampleCheckpoint))
	if err != nil {
		t.Fatal(err)
	}
	if checkpoint.origin != "example.com/behind-the-sofa" || checkpoint.size != 20852163 ||
		checkpoint.root.String() != "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=" {
		t.Fatal(checkpoint)
	}
	cosignature := checkpoint.note.signatures[1]
	time, rest, ok := timestamp(cosignature.data, 64)
	// The text gives this time in its example of a signed message.
	if !ok || len(rest) != 64 || cosignature.name != "witness.example.com/w1" || time != 1679315147 {
		t.Fatal(time, ok)
	}
}

func TestTheExampleNoteIsRead(t *testing.T) {
	note, err := parseNote([]byte("Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n" +
		"— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(note.text, "\n\ned è subito sera.\n") || note.signatures[0].id != 0x367ba04b {
		t.Fatal(note)
	}
}

func TestNotesOutsideOfTheFormatAreRefused(t *testing.T) {
	line := strings.SplitAfter(exampleCheckpoint, "\n")[4]
	for _, text := range []string{
		"",
		"text\n\n",
		"text\n" + line,
		"text\n\n" + strings.TrimSuffix(line, "\n"),
		"text\n\n" + strings.Replace(line, "— ", "- ", 1),
		"text\n\n" + strings.Replace(line, "— ", "—  ", 1),
		"text\n\n" + strings.Replace(line, "sofa Az", "so+fa Az", 1),
		"text\n\n" + strings.Replace(line, "sofa Az", "so\u2003fa Az", 1),
		"text\n\n" + strings.Replace(line, "YQ8=", "YQ9=", 1), // bits that no byte holds
		"te\rxt\n\n" + line,
		"te\xffxt\n\n" + line,
	} {
		if _, err := parseNote([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestCheckpointsOutsideOfTheFormatAreRefused(t *testing.T) {
	for _, change := range [][2]string{
		{"\n20852163\n", "\n020852163\n"},
		{"\n20852163\n", "\n+20852163\n"},
		{"\n20852163\n", "\n\n"},
		{"q2I=\n", "q2I\n"},
		{"q2I=\n", "q2J=\n"},
		{"example.com/behind-the-sofa\n2", "\n2"},
	} {
		text := strings.Replace(exampleCheckpoint, change[0], change[1], 1)
		if _, err := parseCheckpoint([]byte(text)); err == nil || text == exampleCheckpoint {
			t.Errorf("%q was read", text)
		}
	}
}

// c2sp.org/tlog-tiles: the path of index 1234067, and the tiles of trees of 70,000 and 256.
func TestTilesAreNamedAsTheTextSays(t *testing.T) {
	for tile, path := range map[Tile]string{
		hashTile(0, 1234067, 256): "tile/0/x001/x234/067",
		hashTile(0, 273, 112):     "tile/0/273.p/112",
		hashTile(2, 0, 1):         "tile/2/000.p/1",
		bundleTile(5, 256):        "tile/entries/005",
	} {
		if tile.Path() != path {
			t.Errorf("%s in place of %s", tile.Path(), path)
		}
		if parsed, ok := parseTile(path); !ok || parsed != tile {
			t.Errorf("%s is read as %v", path, parsed)
		}
	}
	for _, path := range []string{
		"tile/0/5", "tile/0/x5", "tile/0/x000/005", "tile/00/005", "tile/64/005", "tile/0/005.p/0",
		"tile/0/005.p/256", "tile/0/005.p/05", "tile/0/0x05", "tile/0/001/005", "tile/data/005",
	} {
		if _, ok := parseTile(path); ok {
			t.Errorf("%s was read", path)
		}
	}
	large := Log{size: 70000}
	for _, c := range []struct {
		level int
		index uint64
		width int
	}{{0, 272, 256}, {0, 273, 112}, {1, 0, 256}, {1, 1, 17}, {2, 0, 1}} {
		if width := large.width(c.level, c.index); width != c.width {
			t.Errorf("level %d, index %d: width %d", c.level, c.index, width)
		}
	}
	small := Log{size: 256}
	if small.width(0, 0) != 256 || small.width(1, 0) != 1 {
		t.Error("a tree of 256 entries")
	}
}

// The roots of the eight leaves that the tests of Certificate Transparency use everywhere.
func TestRootsAreThoseOfRFC6962(t *testing.T) {
	leaves := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var hashes []Hash
	for i, leaf := range leaves {
		data, _ := hex.DecodeString(leaf)
		hashes = append(hashes, leafHash(data))
		if root := treeHash(hashes); hex.EncodeToString(root[:]) != roots[i] {
			t.Errorf("size %d: %x", i+1, root)
		}
		if rootOf([][]Hash{hashes}) != treeHash(hashes) {
			t.Errorf("size %d by levels", i+1)
		}
	}
	if root := emptyRoot(); hex.EncodeToString(root[:]) != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Error("the empty tree")
	}
}

// The example of c2sp.org/tlog-policy with keys in place of <vkey>.
func TestTheExamplePolicyDecidesAsTheTextSays(t *testing.T) {
	log := newSigner("example.com/log", typeEd25519, 1)
	witnesses := map[string]signer{}
	text := "log " + log.key() + "\n# witnesses\n\t\n"
	for i, name := range []string{"X1", "X2", "X3", "Y1", "Y2", "Y3"} {
		kind := byte(typeCosignature)
		if i%2 == 1 {
			kind = typeMLDSA44
		}
		witnesses[name] = newSigner("witness.example/"+name, kind, byte(10+i))
		text += " witness\t" + name + " " + witnesses[name].key() + " https://witness.example/\n"
	}
	text += "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n" +
		"group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
	policy, err := parsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	for names, want := range map[string]bool{
		"": false, "X1": false, "X1 X2": false, "X1 X2 X3": false, "Y1": false, "X1 Y1 Y2 Y3": false,
		"X1 X2 Y1": true, "X1 X3 Y2": true, "X1 X2 X3 Y1 Y2 Y3": true,
	} {
		signers := []signer{log}
		for _, name := range strings.Fields(names) {
			signers = append(signers, witnesses[name])
		}
		checkpoint, err := parseCheckpoint(sign("example.com/log", 7, emptyRoot(), signers...))
		if err != nil {
			t.Fatal(err)
		}
		if witnessed, err := policy.witnessed(checkpoint); err != nil || witnessed != want {
			t.Errorf("%q: %v %v", names, witnessed, err)
		}
	}
	for _, wrong := range []string{
		strings.TrimSuffix(text, "quorum X-and-Y\n"),
		text + "quorum none\n",
		text + "group again all X1\n",
		text + "witness X9 " + witnesses["X1"].key() + "\n",
		text + "log " + log.key() + "\n",
		text + "mirror X9\n",
		strings.Replace(text, "group X-witnesses 2", "group X-witnesses 4", 1),
		strings.Replace(text, "group X-witnesses 2", "group X-witnesses 0", 1),
		strings.Replace(text, "all X-witnesses", "all none", 1),
		strings.Replace(text, "quorum X-and-Y", "quorum Z", 1),
		strings.Replace(text, "# witnesses", "# witn\ressess", 1),
		strings.TrimSuffix(text, "\n"),
	} {
		if _, err := parsePolicy(wrong); err == nil {
			t.Errorf("accepted:\n%s", wrong)
		}
	}
	if _, err := parsePolicy("quorum none\n"); err != nil {
		t.Error(err)
	}
}
