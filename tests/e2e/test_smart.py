"""SMART Backend Services: the Authlib package gets tokens with keys that it signs with itself, and the
OpenAI package calls the gate with them. Nothing here was written for Wardgate but the addresses."""

import json
import subprocess
import tempfile
import time
import unittest
import uuid

import httpx2
from authlib.integrations.httpx_client import OAuth2Client, OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, RSAKey
from openai import APIStatusError, DefaultHttpxClient, OpenAI

from scene import SCENE, seen, trust

SCOPE = "wardgate/call system/Consent.rs"


class Service:
    """A backend service with a key of its own, registered by its public half."""

    def __init__(self, key, alg):
        self.id = f"service-{uuid.uuid4().hex[:8]}"
        self.alg = alg
        self.key = key
        public = json.dumps({"keys": [key.as_dict(private=False)]})
        documents = f"""
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
id: {self.id}
name: Backend service
acts: autonomously
systems: [night-chat]
operations: [consent.read]
clients:
  keys: '{public}'
---
kind: Flow
app: {self.id}
system: night-chat
purpose: HOPERAT
data_class: general-text
recipient: acme
region: us-east
"""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(documents)
            file.flush()
            subprocess.run([SCENE["program"], "apply", "--dir", SCENE["data"], "-f", file.name],
                           check=True, capture_output=True)
        # The node looks for changes by other processes five times a second.
        time.sleep(1)

    def client(self, **claims):
        discovery = httpx2.get(f"{SCENE['console']}/.well-known/smart-configuration", verify=trust()).json()
        self.endpoint = discovery["token_endpoint"]
        proof = PrivateKeyJWT(self.endpoint, alg=self.alg, headers={"kid": "one"},
                              claims={"exp": int(time.time()) + 240, **claims})
        return OAuth2Client(self.id, self.key, token_endpoint_auth_method=proof, verify=trust())

    def token(self, scope=SCOPE, **claims):
        with self.client(**claims) as client:
            return client.fetch_token(f"{SCENE['console']}/oauth/token", grant_type="client_credentials",
                                      scope=scope)


def openai(token, **headers):
    return OpenAI(base_url=SCENE["base_url"], api_key=token, max_retries=0, timeout=30,
                  default_headers={"wardgate-purpose": "HOPERAT", **headers},
                  http_client=DefaultHttpxClient(verify=trust()))


def ask(client):
    answer = client.chat.completions.create(
        model="night-chat", messages=[{"role": "user", "content": "How many beds are free?"}])
    return answer.choices[0].message.content


class Smart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        named = {"kid": "one"}
        cls.services = [Service(RSAKey.generate_key(2048, named), "RS384"),
                        Service(ECKey.generate_key("P-384", named), "ES384")]

    def test_a_token_for_either_algorithm_calls_the_gate(self):
        for service in self.services:
            seen()
            token = service.token()
            self.assertEqual(token["scope"], "system/Consent.rs wardgate/call")
            self.assertEqual(token["expires_in"], 300)
            self.assertEqual(ask(openai(token["access_token"])), "You said: How many beds are free?")
            self.assertEqual(len(seen()), 1)

    def test_a_proof_is_used_once(self):
        claims = {"jti": uuid.uuid4().hex}
        self.services[0].token(**claims)
        with self.assertRaises(OAuthError) as refused:
            self.services[0].token(**claims)
        self.assertEqual(refused.exception.error, "invalid_client")

    def test_scopes_are_never_more_than_was_granted(self):
        self.assertEqual(self.services[1].token("system/Consent.cruds")["scope"], "system/Consent.rs")
        with self.assertRaises(OAuthError) as refused:
            self.services[1].token("system/Patient.rs")
        self.assertEqual(refused.exception.error, "invalid_scope")

    def test_a_token_is_not_widened_by_a_header(self):
        seen()
        token = self.services[0].token()["access_token"]
        narrowed = self.services[0].token("wardgate/call wardgate/purpose:HOPERAT")["access_token"]
        for bearer, headers, code in [
            (token[:-2], {}, "identity.token_invalid"),
            (narrowed, {"wardgate-purpose": "TREAT"}, "scope.purpose"),
            (token, {"wardgate-on-behalf-of": token}, "identity.on_behalf_of_invalid"),
        ]:
            with self.assertRaises(APIStatusError) as refused:
                ask(openai(bearer, **headers))
            self.assertEqual(refused.exception.body["code"], code)
        self.assertEqual(seen(), [])
