"""Leaf hashes and inclusion proofs, from RFC 9162 alone."""

import base64
import hashlib


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root(leaf, index, size, path):
    """The root that a path leads to from a leaf (RFC 9162, 2.1.3.2)."""
    first, second, found = index, size - 1, leaf
    for hash_ in path:
        if second == 0:
            raise ValueError("the path is too long")
        if first & 1 or first == second:
            found = hashlib.sha256(b"\1" + hash_ + found).digest()
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            found = hashlib.sha256(b"\1" + found + hash_).digest()
        first, second = first >> 1, second >> 1
    if second:
        raise ValueError("the path is too short")
    return found


def check(test, row, entry, checkpoint):
    """A row taken alone: its entry, hash and path against the checkpoint and the ledger."""
    origin, size, expected = checkpoint
    test.assertEqual((row["origin"], int(row["tree_size"])), (origin, size))
    test.assertEqual(row["entry"].encode(), entry)
    test.assertEqual(row["leaf_hash"], leaf_hash(entry).hex())
    path = [base64.b64decode(hash_, validate=True) for hash_ in row["proof"]]
    found = root(bytes.fromhex(row["leaf_hash"]), int(row["index"]), size, path)
    test.assertEqual(base64.b64encode(found).decode(), expected)
