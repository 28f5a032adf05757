"""Client certificates: curl calls a gate that asks for them, made by the `cryptography` package."""

import datetime
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest

from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import ECKey
from scene import SCENE, seen

# curl ends with it when the other side breaks a connection off.
BROKEN_OFF = 56
CALL = json.dumps({"model": "night-chat", "messages": [{"role": "user", "content": "How many beds are free?"}]})


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Authority:
    """A certificate authority of the hospital, and the certificates that it gave out."""

    def __init__(self, home):
        self.home = home
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Invented hospital")])
        ca = self.begin(self.name, self.key).add_extension(x509.BasicConstraints(True, 0), critical=True)
        self.file = self.write("ca.pem", ca.sign(self.key, hashes.SHA256()))

    def begin(self, subject, key):
        day = datetime.timedelta(days=1)
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - day).not_valid_after(now + day))

    def write(self, name, certificate):
        file = self.home / name
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def give(self, name):
        """Gives a certificate to an application; its thumbprint. The files carry its name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.UniformResourceIdentifier(f"spiffe://hospital.example/{name}")]
        certificate = (self.begin(subject, key)
                       .add_extension(x509.SubjectAlternativeName(names), critical=False)
                       .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
                       .sign(self.key, hashes.SHA256()))
        self.write(f"{name}.pem", certificate)
        (self.home / f"{name}.key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return certificate.fingerprint(hashes.SHA256()).hex()


def documents(thumbprint, keys):
    """Two applications: one by the thumbprint of its certificate and by keys, one by a name in it."""
    flows = "".join(f"""
---
kind: Flow
app: {app}
system: night-chat
purpose: HOPERAT
data_class: general-text
recipient: acme
region: us-east
""" for app in ["beds", "meals"])
    return f"""
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
requires: {{ patient: false, person: false, mfa: 0 }}
upstreams:
  - {{ name: main, url: "http://{SCENE['model']}/v1", model: stand-in }}
---
kind: App
id: beds
name: Counts beds
acts: autonomously
systems: [night-chat]
clients:
  keys: '{json.dumps(keys)}'
  certificates: ["sha256:{thumbprint}"]
---
kind: App
id: meals
name: Plans meals
acts: autonomously
systems: [night-chat]
clients:
  certificates: ["URI:spiffe://hospital.example/meals"]
{flows}"""


class Certificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="wardgate-certificates-")
        cls.addClassCleanup(folder.cleanup)
        cls.home = pathlib.Path(folder.name)
        cls.data = cls.home / "data"
        cls.gate, console = free_port(), free_port()
        cls.console = f"https://localhost:{console}"
        cls.wardgate("init", "--listen", f"127.0.0.1:{cls.gate}", "--console", f"127.0.0.1:{console}")
        authority = Authority(cls.home)
        thumbprint = authority.give("beds")
        authority.give("meals")
        authority.give("unknown")
        cls.key = ECKey.generate_key("P-384", {"kid": "one"})
        records = cls.home / "apps.yaml"
        records.write_text(documents(thumbprint, {"keys": [cls.key.as_dict(private=False)]}))
        cls.wardgate("apply", "-f", str(records))
        settings = cls.data / "wardgate.yaml"
        settings.write_text(settings.read_text().replace("gate:\n", f"gate:\n  client_ca: {authority.file}\n", 1))
        server = subprocess.Popen([SCENE["program"], "serve", "--dir", cls.data],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.terminate)
        while True:
            try:
                socket.create_connection(("127.0.0.1", cls.gate)).close()
                return
            except ConnectionRefusedError:
                if server.poll() is not None:
                    raise RuntimeError("the gate ended") from None
                time.sleep(0.1)

    @classmethod
    def wardgate(cls, *command):
        done = subprocess.run([SCENE["program"], *command, "--dir", cls.data], check=True, capture_output=True)
        return done.stdout

    def setUp(self):
        seen()

    def curl(self, certificate=None, bearer=None):
        command = ["curl", "--silent", "--show-error", "--cacert", self.data / "tls" / "ca.pem", "--max-time", "30",
                   "--write-out", "\n%{http_code}", "--data-binary", CALL, "--header", "wardgate-purpose: HOPERAT",
                   "--header", "content-type: application/json"]
        if certificate:
            command += ["--cert", self.home / f"{certificate}.pem", "--key", self.home / f"{certificate}.key"]
        if bearer:
            command += ["--header", f"authorization: Bearer {bearer}"]
        address = f"https://localhost:{self.gate}/v1/chat/completions"
        done = subprocess.run([*command, address], capture_output=True, env={**os.environ, "LC_ALL": "C"})
        if done.returncode:
            return done.returncode, done.stderr.decode()
        answer, status = done.stdout.rsplit(b"\n", 1)
        return int(status), json.loads(answer)

    def answered(self, **presented):
        status, answer = self.curl(**presented)
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["choices"][0]["message"]["content"], "You said: How many beds are free?")
        self.assertEqual(len(seen()), 1)

    def refused(self, status, code, **presented):
        got, answer = self.curl(**presented)
        self.assertEqual((got, answer["error"]["code"]), (status, code))
        self.assertEqual(seen(), [])

    def token(self):
        proof = PrivateKeyJWT(f"{self.console}/oauth/token", alg="ES384", headers={"kid": "one"},
                              claims={"exp": int(time.time()) + 240})
        with OAuth2Client("beds", self.key, token_endpoint_auth_method=proof,
                          verify=str(self.data / "tls" / "ca.pem")) as client:
            granted = client.fetch_token(f"{self.console}/oauth/token", grant_type="client_credentials",
                                         scope="wardgate/call")
        return granted["access_token"]

    def key_of(self, app):
        return json.loads(self.wardgate("key", "create", "--json", "--app", app, "--expires", "1d"))["secret"]

    def test_an_application_is_known_by_its_certificate_alone(self):
        for certificate in ["beds", "meals"]:
            self.answered(certificate=certificate)
        self.refused(401, "identity.key_missing", certificate="unknown")

    def test_without_a_certificate_nothing_connects(self):
        status, said = self.curl()
        self.assertEqual(status, BROKEN_OFF, said)
        self.assertIn("certificate required", said)
        self.assertEqual(seen(), [])

    def test_the_certificate_of_another_application_is_refused_beside_a_key(self):
        key = self.key_of("meals")
        # The node looks for changes by other processes five times a second.
        time.sleep(1)
        self.answered(certificate="meals", bearer=key)
        self.answered(certificate="unknown", bearer=key)
        self.refused(403, "identity.certificate_other", certificate="beds", bearer=key)

    def test_a_bound_token_is_worth_nothing_without_its_certificate(self):
        token = self.token()
        self.answered(certificate="beds", bearer=token)
        for certificate in ["meals", "unknown"]:
            self.refused(401, "identity.token_invalid", certificate=certificate, bearer=token)
