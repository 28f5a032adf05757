"""People from a directory: the scim2-tester package checks the server against the RFCs, then people
come, change and go as Okta and Entra ID order it, and what that does to their calls."""

import json
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from scene import SCENE

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
CONFIGURATION = """
identity:
  scim_provider: hospital
  providers:
    - name: hospital
      issuer: "http://localhost:{nowhere}"
      client_id: wardgate
      client_secret_file: client-secret
      groups_claim: groups
      roles: {{ Ward Nurses: nurse, Ward Doctors: clinician }}
"""
DOCUMENTS = """
kind: Settings
consent_default: deny
---
kind: Vendor
id: acme
name: Acme Models
state: active
region: us-east
agreement: {{ kind: baa, effective: 2025-01-01, expires: 2099-01-01 }}
---
kind: System
id: night-chat
name: Night shift assistant
model: night-chat
vendor: acme
state: live
risk: limited
assessed_until: 2099-01-01
purposes: [HOPERAT]
data_classes: [general-text]
requires: {{ patient: false, person: true, mfa: 0 }}
upstreams:
  - {{ name: main, url: "http://{model}/v1", model: stand-in }}
---
kind: App
id: notes
name: Note assistant
acts: for_people
systems: [night-chat]
limits: {{ calls_per_minute: 100000, burst: 100000, concurrent: 16 }}
---
kind: App
id: directory
name: Directory of the hospital
acts: autonomously
operations: [scim.provision]
systems: [night-chat]
---
kind: App
id: reader
name: May read who is on file and nothing else
acts: autonomously
operations: [people.read]
systems: [night-chat]
---
kind: Flow
app: notes
system: night-chat
purpose: HOPERAT
data_class: general-text
recipient: acme
region: us-east
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Node:
    """A node of its own, so that the directory changes nobody of other tests."""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory()
        self.dir = Path(self.home.name, "data")
        gate, console, nowhere = free_port(), free_port(), free_port()
        self.run("init", "--listen", f"127.0.0.1:{gate}", "--console", f"127.0.0.1:{console}")
        self.dir.joinpath("client-secret").write_text("an invented secret\n")
        with self.dir.joinpath("wardgate.yaml").open("a") as file:
            file.write(CONFIGURATION.format(nowhere=nowhere))
        self.declare(DOCUMENTS.format(model=SCENE["model"]))
        self.gate, self.console = f"https://localhost:{gate}", f"https://localhost:{console}"
        self.process = subprocess.Popen([SCENE["program"], "serve", "--dir", self.dir],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in (gate, console):
            self.wait(port)
        self.trust = ssl.create_default_context(cafile=self.dir / "tls" / "ca.pem")

    def run(self, *arguments):
        done = subprocess.run([SCENE["program"], *arguments, "--dir", self.dir], check=True, capture_output=True)
        return done.stdout

    def declare(self, text):
        documents = Path(self.home.name, "documents.yaml")
        documents.write_text(text)
        self.run("apply", "-f", str(documents))

    def wait(self, port):
        while self.process.poll() is None:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the server ended")

    def key(self, app, *more):
        return json.loads(self.run("key", "create", "--json", "--app", app, "--expires", "1d", *more))["secret"]

    def ask(self, method, address, key, body=None, **headers):
        request = urllib.request.Request(address, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("authorization", f"Bearer {key}")
        request.add_header("content-type", "application/json" if address.startswith(self.gate) else "application/scim+json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, context=self.trust) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def scim(self, method, path, body=None, key=None, **headers):
        return self.ask(method, f"{self.console}/scim/v2{path}", key or self.directory, body, **headers)

    def call(self, key):
        body = {"model": "night-chat", "messages": [{"role": "user", "content": "How many beds are free?"}]}
        status, answer = self.ask("POST", f"{self.gate}/v1/chat/completions", key, body, wardgate_purpose="HOPERAT")
        return status, answer.get("error", {}).get("code")

    def roles(self, person):
        """What the records say: the roles and the state of a person."""
        with closing(sqlite3.connect(f"file:{self.dir}/store/records.db?mode=ro", uri=True)) as store:
            found = store.execute("SELECT body FROM records WHERE kind = 'person' AND id = ?", [person]).fetchone()
        record = json.loads(found[0])
        return record.get("roles", []), record["state"]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.home.cleanup()


class Scim(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(cls.node.stop)
        cls.node.directory, cls.node.reader = cls.node.key("directory"), cls.node.key("reader")
        # The node looks for changes by other processes five times a second.
        time.sleep(1)

    def user(self, name, **more):
        status, user = self.node.scim("POST", "/Users", {
            "schemas": [USER], "userName": f"{name}@hospital.example", "externalId": f"00u-{name}",
            "name": {"givenName": "Kay", "familyName": "Invented"}, "active": True, **more})
        self.assertEqual(status, 201, user)
        return user

    def patch(self, path, *operations):
        return self.node.scim("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def group(self, name, *members):
        status, group = self.node.scim("POST", "/Groups", {
            "schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]})
        self.assertEqual(status, 201, group)
        return group["id"]

    def test_the_server_keeps_the_rfcs(self):
        with httpx2.Client(base_url=f"{self.node.console}/scim/v2", verify=self.node.trust,
                           headers={"authorization": f"Bearer {self.node.directory}"}) as http:
            results = check_server(SyncSCIMClient(http))
        wrong = [(result.title, result.reason) for result in results
                 if result.status in (Status.ERROR, Status.CRITICAL, Status.DEVIATION)]
        # Whether a person may act is always told: it stays as it is when the directory takes it back.
        # The type of a member is always told, too, also when the directory did not state it.
        self.assertEqual([(title, "active" in reason, "type='User'" in reason) for title, reason in wrong], [
            ("check_remove_attribute", True, False), ("check_add_attribute", False, True),
            ("check_replace_attribute", False, True)])
        self.assertGreater(sum(result.status == Status.SUCCESS for result in results), 50)

    def test_a_person_is_made_found_and_told_apart(self):
        made = self.user("kay.first")
        self.assertEqual(made["id"], "kay.first")
        for query in ["userName eq \"KAY.First@hospital.example\"", "externalId eq \"00u-kay.first\"",
                      "id eq \"kay.first\""]:
            status, found = self.node.scim("GET", "/Users?filter=" + urllib.request.quote(query))
            self.assertEqual((status, [user["id"] for user in found["Resources"]]), (200, ["kay.first"]), query)
        status, found = self.node.scim("GET", "/Users?filter=" + urllib.request.quote("userName eq \"nobody\""))
        self.assertEqual((status, found["totalResults"]), (200, 0))
        status, refused = self.node.scim("POST", "/Users", {"schemas": [USER], "userName": "kay.first@hospital.example"})
        self.assertEqual((status, refused["scimType"]), (409, "uniqueness"))
        status, refused = self.node.scim("GET", "/Users?filter=" + urllib.request.quote("userName sw \"k\""))
        self.assertEqual((status, refused["scimType"]), (400, "invalidFilter"))

    def test_whoever_is_deactivated_makes_no_further_call(self):
        for name, off, on in [
            ("okta", {"op": "replace", "value": {"active": False}}, {"op": "replace", "value": {"active": True}}),
            ("entra", {"op": "Replace", "path": "active", "value": "False"},
             {"op": "Replace", "path": "active", "value": "True"}),
        ]:
            with self.subTest(name):
                person = self.user(f"kay.{name}")["id"]
                self.node.declare(f"kind: Person\nid: {person}\nroles: [clinician]\nmfa: 2\n"
                                  "trainings: [{ course: phi-basics, expires: 2099-01-01 }]\n")
                key = self.node.key("notes", "--person", person)
                self.until(key, 200)
                status, user = self.patch(f"/Users/{person}", off)
                self.assertEqual((status, user["active"]), (200, False))
                # No waiting: the very next call.
                self.assertEqual(self.node.call(key), (403, "person.suspended"))
                self.patch(f"/Users/{person}", on)
                self.assertEqual(self.node.call(key)[0], 200)
                self.assertEqual(self.node.scim("DELETE", f"/Users/{person}")[0], 204)
                self.assertEqual(self.node.call(key), (403, "person.suspended"))
                self.assertEqual(self.node.scim("GET", f"/Users/{person}")[0], 404)

    def until(self, key, status):
        """A key that another process made is known to the node soon."""
        for _ in range(100):
            if self.node.call(key)[0] == status:
                return
            time.sleep(0.1)
        self.fail(f"the key is not taken: {self.node.call(key)}")

    def test_groups_give_the_roles_that_the_operator_mapped(self):
        person = self.user("kay.groups")["id"]
        nurses, doctors = self.group("Ward Nurses", person), self.group("Ward Doctors")
        choir = self.group("administrator", person)
        self.assertEqual(self.node.roles(person), (["nurse"], "active"))
        member = [{"value": person}]
        self.assertIn(self.patch(f"/Groups/{doctors}", {"op": "add", "path": "members", "value": member})[0], (200, 204))
        self.assertEqual(sorted(self.node.roles(person)[0]), ["clinician", "nurse"])
        self.patch(f"/Groups/{nurses}", {"op": "remove", "path": f"members[value eq \"{person}\"]"})
        self.assertEqual(self.node.roles(person)[0], ["clinician"])
        self.patch(f"/Groups/{doctors}", {"op": "Remove", "path": "members", "value": member})
        self.assertEqual(self.node.roles(person)[0], [])
        for group in (nurses, doctors, choir):
            self.assertEqual(self.node.scim("DELETE", f"/Groups/{group}")[0], 204)

    def test_a_directory_grants_nothing_by_attributes(self):
        person = self.user("kay.greedy", roles=[{"value": "administrator"}], mfa=3, break_glass=True)["id"]
        self.assertEqual(self.node.roles(person), ([], "active"))

    def test_a_change_that_was_not_seen_is_not_overwritten(self):
        user = self.user("kay.version")
        path, version = f"/Users/{user['id']}", user["meta"]["version"]
        self.assertEqual(self.patch(path, {"op": "replace", "path": "displayName", "value": "Nurse Kay"})[0], 200)
        body = {"schemas": [USER], "userName": user["userName"], "displayName": "Doctor Kay"}
        self.assertEqual(self.node.scim("PUT", path, body, if_match=version)[0], 412)

    def test_others_provision_nobody(self):
        for key, status in [(self.node.reader, 403), ("wg_live_invented", 401)]:
            answered, body = self.node.scim("GET", "/Users", key=key)
            self.assertEqual((answered, body["schemas"]), (status, ["urn:ietf:params:scim:api:messages:2.0:Error"]))
