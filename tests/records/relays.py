"""Runs `wardgate relay`, and tells where it listens and what went through."""

import json
import signal
import subprocess

import scene


class Relay:
    """A relay that runs until `stop`, which gives its counts."""

    def __init__(self, run, service, *arguments):
        self.process = subprocess.Popen(
            [scene.WARDGATE, "relay", service, "--listen", "127.0.0.1:0", "--key", str(run.key), "--json", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the relay did not start: {self.process.stderr.read()[-2000:]}")
        host, port = json.loads(line)["address"].rsplit(":", 1)
        self.address = (host, int(port))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            raise AssertionError(f"the relay ended with {self.process.returncode}: {err[-2000:]}")
        self.log = err
        return json.loads(out.splitlines()[-1])
