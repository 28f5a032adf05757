"""Verifies a tiled transparency log in a directory. Shares nothing with Wardgate.

Written from the public texts only: c2sp.org/tlog-tiles, c2sp.org/tlog-checkpoint,
c2sp.org/signed-note and RFC 6962. Needs the `cryptography` package for Ed25519.

    python verify.py DIRECTORY VKEY
"""

import base64
import hashlib
import pathlib
import sys


def fail(message):
    sys.exit("verify: " + message)


try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    fail("the Python package `cryptography` is missing; install it, or choose another Python")


def decode(text):
    """Standard base64 in its one canonical spelling."""
    try:
        blob = base64.b64decode(text, validate=True)
    except ValueError:
        fail("bad base64")
    if base64.b64encode(blob).decode() != text:
        fail("base64 is not canonical")
    return blob


def parse_vkey(vkey):
    name, key_id, blob = vkey.split("+", 2)
    blob = decode(blob)
    if len(blob) != 33 or blob[0] != 1:
        fail("not an Ed25519 verifier key")
    expected = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
    if expected.hex() != key_id:
        fail("the key id does not fit the key")
    return name, expected, Ed25519PublicKey.from_public_bytes(blob[1:])


def open_note(note, vkey):
    name, key_id, public = parse_vkey(vkey)
    try:
        note = note.decode("utf-8")
    except UnicodeDecodeError:
        fail("the note is not UTF-8")
    if any(ord(letter) < 0x20 and letter != "\n" for letter in note):
        fail("the note holds control characters")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        fail("not a signed note")
    text += "\n"
    signed = False
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not parts[1] or "+" in parts[1]:
            fail("a signature line does not read")
        blob = decode(parts[2])
        if len(blob) < 5:
            fail("a signature is too short")
        if parts[1] == name and blob[:4] == key_id:
            try:
                public.verify(blob[4:], text.encode())
            except InvalidSignature:
                fail("the signature does not fit the text")
            signed = True
    if not signed:
        fail("the note is not signed by the key")
    return name, text


def parse_checkpoint(text):
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        fail("not a checkpoint")
    origin, size, root = lines[:3]
    if not size.isascii() or not size.isdigit() or str(int(size)) != size:
        fail("the tree size does not read")
    root = decode(root)
    if len(root) != 32:
        fail("the root hash has a wrong length")
    return origin, int(size), root


def tile_path(kind, index, width):
    groups = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        groups.insert(0, "x%03d" % (index % 1000))
    return "tile/%s/%s%s" % (kind, "/".join(groups), "" if width == 256 else ".p/%d" % width)


def read_tile(directory, kind, index, width):
    for candidate in (width, 256):
        path = directory / tile_path(kind, index, candidate)
        if path.is_file():
            return path.read_bytes(), candidate
    fail("%s is missing" % tile_path(kind, index, width))


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def merkle_root(hashes):
    """MTH over subtrees of equal height, by the definition of RFC 6962 section 2.1."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node(merkle_root(hashes[:split]), merkle_root(hashes[split:]))


def check_level(directory, level, hashes):
    """Compares a level with its tiles and returns the hashes of the level above."""
    above = []
    for start in range(0, len(hashes), 256):
        expected = hashes[start : start + 256]
        data, _ = read_tile(directory, str(level), start // 256, len(expected))
        if len(data) % 32 or data[: 32 * len(expected)] != b"".join(expected):
            fail("tile %d of level %d does not fit what is below it" % (start // 256, level))
        if len(expected) == 256:
            above.append(merkle_root(expected))
    return above


def read_entries(directory, size):
    for start in range(0, size, 256):
        width = min(256, size - start)
        data, held = read_tile(directory, "entries", start // 256, width)
        position = 0
        for slot in range(held):
            length = int.from_bytes(data[position : position + 2], "big")
            entry = data[position + 2 : position + 2 + length]
            if len(data) < position + 2 or len(entry) != length:
                fail("entry %d is cut short" % (start + slot))
            position += 2 + length
            if slot < width:
                yield entry
        if position != len(data):
            fail("the bundle of entry %d is too long" % start)


def main():
    if len(sys.argv) != 3:
        fail("usage: verify.py DIRECTORY VKEY")
    directory = pathlib.Path(sys.argv[1])
    name, text = open_note((directory / "checkpoint").read_bytes(), sys.argv[2])
    origin, size, root = parse_checkpoint(text)
    if origin != name:
        fail("the checkpoint is of another log")
    leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in read_entries(directory, size)]
    level, hashes = 0, leaves
    while hashes:
        hashes = check_level(directory, level, hashes)
        level += 1
    if merkle_root(leaves) != root:
        fail("the entries do not make the signed root")
    print("ok: %d entries of %s" % (size, origin))


main()
