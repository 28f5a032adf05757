package main

import (
	"crypto/ed25519"
	"crypto/mldsa"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const checkpointBytesMax = 1 << 20

// Checkpoint is a tree head (c2sp.org/tlog-checkpoint) with its note.
type Checkpoint struct {
	note   Note
	origin string
	size   uint64
	root   Hash
}

func parseCheckpoint(data []byte) (Checkpoint, error) {
	note, err := parseNote(data)
	if err != nil {
		return Checkpoint{}, err
	}
	lines := strings.Split(strings.TrimSuffix(note.text, "\n"), "\n")
	if len(lines) < 3 {
		return Checkpoint{}, errors.New("a checkpoint has at least three lines")
	}
	for _, line := range lines {
		if line == "" {
			return Checkpoint{}, errors.New("the checkpoint has an empty line")
		}
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the size of the checkpoint is %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the root of the checkpoint is %w", err)
	}
	return Checkpoint{note, lines[0], size, root}, nil
}

// signedBy tells whether a key signed or cosigned the checkpoint.
func (c Checkpoint) signedBy(key Key) (bool, error) { return c.note.signedBy(key, c.check) }

func (c Checkpoint) check(key Key, signature []byte) bool {
	switch key.kind {
	case typeEd25519:
		return ed25519.Verify(key.public, []byte(c.note.text), signature)
	case typeCosignature:
		time, rest, ok := timestamp(signature, ed25519.SignatureSize)
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, c.note.text)
		return ok && ed25519.Verify(key.public, []byte(message), rest)
	case typeMLDSA44:
		time, rest, ok := timestamp(signature, mldsa.MLDSA44().SignatureSize())
		message, err := c.subtreeMessage(key.name, time)
		if !ok || err != nil {
			return false
		}
		public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), key.public)
		return err == nil && mldsa.Verify(public, message, rest, nil) == nil
	}
	return false
}

// timestamp splits a timestamped_signature into its time and the signature of the given length.
func timestamp(data []byte, length int) (uint64, []byte, bool) {
	if len(data) != 8+length {
		return 0, nil, false
	}
	time := binary.BigEndian.Uint64(data)
	return time, data[8:], time < 1<<63
}

// subtreeMessage is the cosigned_message structure of c2sp.org/tlog-cosignature for a checkpoint.
func (c Checkpoint) subtreeMessage(cosigner string, time uint64) ([]byte, error) {
	if len(cosigner) == 0 || len(cosigner) > 255 || len(c.origin) == 0 || len(c.origin) > 255 {
		return nil, errors.New("a name is longer than 255 bytes")
	}
	message := []byte("subtree/v1\n\x00")
	message = append(message, byte(len(cosigner)))
	message = append(message, cosigner...)
	message = binary.BigEndian.AppendUint64(message, time)
	message = append(message, byte(len(c.origin)))
	message = append(message, c.origin...)
	message = binary.BigEndian.AppendUint64(message, 0)
	message = binary.BigEndian.AppendUint64(message, c.size)
	return append(message, c.root[:]...), nil
}

// parseDecimal reads an ASCII decimal without leading zeros.
func parseDecimal(text string) (uint64, error) {
	number, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(number, 10) != text {
		return 0, errors.New("not a decimal number")
	}
	return number, nil
}

func parseHash(text string) (Hash, error) {
	data, err := unbase64(text)
	if err != nil || len(data) != len(Hash{}) {
		return Hash{}, errors.New("not the base64 of a SHA-256 hash")
	}
	return Hash(data), nil
}

func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }
