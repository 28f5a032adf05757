"""The real binary over records: runs `wardgate`, gives places for its output, finds the corpora."""

import json
import os
import pathlib
import subprocess
import tempfile

WARDGATE = os.environ["WARDGATE"]
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def corpora():
    """The folder of public corpora, or None for whoever has only the project."""
    named = os.environ.get("WARDGATE_SHARED")
    place = pathlib.Path(named) if named else ROOT.parent / "shared"
    return place / "corpora" if (place / "corpora").is_dir() else None


class Run:
    """One run of the binary in a folder of its own, with a project key."""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory()
        self.place = pathlib.Path(self.home.name)
        self.key = self.place / "project.key"
        self.key.write_bytes(bytes(range(32)))
        self.key.chmod(0o600)

    def wardgate(self, *arguments, expect=0):
        """What a command writes; its exit code must be one that was expected."""
        done = subprocess.run([WARDGATE, *map(str, arguments)], capture_output=True, text=True, timeout=600)
        expected = expect if isinstance(expect, tuple) else (expect,)
        if done.returncode not in expected:
            raise AssertionError(f"wardgate {arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done

    def report(self, path):
        return json.loads(pathlib.Path(path).read_text())

    def close(self):
        self.home.cleanup()
