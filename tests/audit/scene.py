"""What the step prepared: the reference pages, and a real ledger with its export."""

import json
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
EXPORT = pathlib.Path(os.environ["WARDGATE_EXPORT"])


def examples():
    """One leaf a line: every kind with all members, then every kind with the required ones."""
    return (REFERENCE / "events.examples.ndjson").read_bytes().splitlines()


def bundles():
    """The entry bundles of the export in order, each as the index of its first entry and bytes."""
    found = []
    for path in (EXPORT / "tile" / "entries").rglob("*"):
        if path.is_file():
            name = path.relative_to(EXPORT / "tile" / "entries").as_posix().partition(".p/")[0]
            found.append((int(name.replace("x", "").replace("/", "")) * 256, path.read_bytes()))
    return sorted(found)


def entries():
    """Every entry with its index."""
    found = {}
    for index, data in bundles():
        while data:
            length = int.from_bytes(data[:2], "big")
            found[index], data = data[2:2 + length], data[2 + length:]
            index += 1
    return found


def leaves():
    return list(entries().values())


def checkpoint():
    """Origin, size and root of the export; who signed it is the verifiers' matter."""
    origin, size, root = (EXPORT / "checkpoint").read_text().split("\n")[:3]
    return origin, int(size), root


def rows(name):
    """The rows of a projection in JSON lines."""
    with open(EXPORT / "audit" / name, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
