"""Runs `wardgate serve` over a data directory of its own, for applications with keys."""

import json
import signal
import socket
import subprocess
import time

import requests

import scene


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """A node that serves until `stop`; `records` in YAML hold the applications that get keys.

    `console_settings` holds more lines of that section of the configuration.
    """

    def __init__(self, run, records, apps, console_settings=""):
        self.directory = run.place / "node"
        self.errors = run.place / "node.log"
        console = free_port()
        run.wardgate("init", "--dir", self.directory,
                     "--listen", f"127.0.0.1:{free_port()}", "--console", f"127.0.0.1:{console}")
        configuration = self.directory / "wardgate.yaml"
        configuration.write_text(configuration.read_text().replace("\nconsole:\n", f"\nconsole:\n{console_settings}", 1))
        file = run.place / "records.yaml"
        file.write_text(records)
        run.wardgate("apply", "-f", file, "--dir", self.directory)
        self.run = run
        self.keys = {app: self.make_key(app) for app in apps}
        self.console = f"https://localhost:{console}"
        self.session = requests.Session()
        # Certificates and proxies named by the environment would go before those of the node.
        self.session.trust_env = False
        self.session.verify = str(self.directory / "tls" / "ca.pem")
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [scene.WARDGATE, "serve", "--dir", str(self.directory), "--json"],
                stdout=subprocess.PIPE, stderr=errors, text=True,
            )
        if not self.process.stdout.readline():
            raise AssertionError(f"the node did not start: {self.log()}")

    def make_key(self, app):
        made = self.run.wardgate("key", "create", "--json", "--app", app, "--expires", "1d", "--dir", self.directory)
        return json.loads(made.stdout)["secret"]

    def get(self, path):
        """What the console answers to whoever asks."""
        return self.session.get(f"{self.console}{path}", timeout=60)

    def post(self, path, key, body, media_type, **parameters):
        """What the console answers to a body of a media type."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": media_type}
        return self.session.post(f"{self.console}{path}", data=body, params=parameters, timeout=60, headers=headers)

    def ledger(self):
        """Every published entry of the ledger as text."""
        told = self.run.wardgate("ledger", "tail", "--json", "--entries", "1000", "--dir", self.directory)
        return told.stdout.splitlines()

    def told(self, kind, **members):
        """What the ledger tells of an event with these members: entries are published a moment after they are durable."""
        for _ in range(60):
            events = [json.loads(line)["entry"] for line in self.ledger()]
            for event in events:
                if event["type"] == kind and members.items() <= event["data"].items():
                    return event["data"]
            time.sleep(0.5)
        raise AssertionError(f"the ledger has no such {kind}")

    def log(self):
        return self.errors.read_text()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=60)
        self.session.close()
