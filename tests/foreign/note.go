package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Signature types of c2sp.org/signed-note that this program checks.
const (
	typeEd25519       = 0x01
	typeCosignature   = 0x04 // Ed25519 with a time, c2sp.org/tlog-cosignature
	typeMLDSA44       = 0x06 // ML-DSA-44 with a time, c2sp.org/tlog-cosignature
	signaturesPerNote = 128
)

// strict refuses base64 whose last bits are not zero, so that one value has one spelling.
var strict = base64.StdEncoding.Strict()

func unbase64(text string) ([]byte, error) {
	// Go's decoder skips line ends inside the text; here they are never allowed.
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("line end inside base64")
	}
	return strict.DecodeString(text)
}

// Key is a verifier key: "<name>+<key id in hex>+<base64 of type and public key>".
type Key struct {
	name   string
	id     uint32
	kind   byte
	public []byte
}

func (k Key) String() string { return k.name + " (" + k.algorithm() + ")" }

func (k Key) algorithm() string {
	switch k.kind {
	case typeEd25519:
		return "Ed25519"
	case typeCosignature:
		return "Ed25519 cosignature"
	}
	return "ML-DSA-44"
}

func parseKey(text string) (Key, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return Key{}, errors.New("a verifier key has three parts with `+` between them")
	}
	name := parts[0]
	if !validKeyName(name) {
		return Key{}, errors.New("the name of the verifier key is not valid")
	}
	id, err := hex.DecodeString(parts[1])
	if err != nil || len(id) != 4 {
		return Key{}, errors.New("the id of the verifier key is not eight hexadecimal digits")
	}
	data, err := unbase64(parts[2])
	if err != nil || len(data) < 2 {
		return Key{}, errors.New("the key material of the verifier key is not base64")
	}
	key := Key{name: name, id: binary.BigEndian.Uint32(id), kind: data[0], public: data[1:]}
	length := map[byte]int{typeEd25519: 32, typeCosignature: 32, typeMLDSA44: 1312}[key.kind]
	if length == 0 {
		return Key{}, fmt.Errorf("verifier keys of type 0x%02x are not supported", key.kind)
	}
	if len(key.public) != length {
		return Key{}, fmt.Errorf("a public key of type 0x%02x has %d bytes", key.kind, length)
	}
	if keyID(name, data) != key.id {
		return Key{}, errors.New("the id of the verifier key does not fit its name and key")
	}
	return key, nil
}

func validKeyName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.Contains(name, "+") &&
		strings.IndexFunc(name, unicode.IsSpace) < 0
}

// keyID is SHA-256(name || 0x0A || type || public key)[:4].
func keyID(name string, typeAndKey []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), typeAndKey...))
	return binary.BigEndian.Uint32(sum[:4])
}

// Note is a signed note, its signatures not checked yet.
type Note struct {
	text       string // with its last newline
	signatures []Signature
}

// Signature is one signature line of a note.
type Signature struct {
	name string
	id   uint32
	data []byte
}

// parseNote splits a note into text and signatures; anything outside of the format is an error.
func parseNote(data []byte) (Note, error) {
	if !utf8.Valid(data) {
		return Note{}, errors.New("the note is not UTF-8")
	}
	for _, b := range data {
		if b < 0x20 && b != '\n' {
			return Note{}, errors.New("the note holds a control character")
		}
	}
	split := bytes.LastIndex(data, []byte("\n\n"))
	if split < 0 || !bytes.HasSuffix(data, []byte("\n")) {
		return Note{}, errors.New("the note has no signatures")
	}
	note := Note{text: string(data[:split+1])}
	lines := strings.Split(strings.TrimSuffix(string(data[split+2:]), "\n"), "\n")
	if len(lines) > signaturesPerNote {
		return Note{}, fmt.Errorf("the note has more than %d signatures", signaturesPerNote)
	}
	for _, line := range lines {
		signature, err := parseSignature(line)
		if err != nil {
			return Note{}, err
		}
		note.signatures = append(note.signatures, signature)
	}
	return note, nil
}

func parseSignature(line string) (Signature, error) {
	wrong := errors.New("the note has a signature line that is not well-formed")
	rest, found := strings.CutPrefix(line, "— ")
	name, encoded, split := strings.Cut(rest, " ")
	if !found || !split || !validKeyName(name) {
		return Signature{}, wrong
	}
	data, err := unbase64(encoded)
	if err != nil || len(data) < 5 {
		return Signature{}, wrong
	}
	return Signature{name, binary.BigEndian.Uint32(data[:4]), data[4:]}, nil
}

// signedBy tells whether a key signed the note. A signature that claims to be by the key and does
// not verify is an error. check decides by the key's type over what was signed.
func (n Note) signedBy(key Key, check func(key Key, signature []byte) bool) (bool, error) {
	signed := false
	for _, signature := range n.signatures {
		if signature.name != key.name || signature.id != key.id {
			continue
		}
		if !check(key, signature.data) {
			return false, fmt.Errorf("the signature by %s does not verify", key)
		}
		signed = true
	}
	return signed, nil
}
