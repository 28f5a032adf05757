"""A person at the console without a browser: enrols, signs in and lets a command line in."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import ssl
import struct
import time
import urllib.parse


class Person:
    """One person's browser: cookies, forms, and the origin that a browser states."""

    def __init__(self, origin, ca):
        self.origin = origin
        self.host = urllib.parse.urlsplit(origin)
        self.tls = ssl.create_default_context(cafile=ca)
        self.cookies = {}
        self.set_cookies = []

    def send(self, method, path, body=None, head=None):
        """Sends one request; the answer with its whole body."""
        connection = http.client.HTTPSConnection(
            self.host.hostname, self.host.port, context=self.tls, timeout=30
        )
        head = dict(head or {})
        if self.cookies:
            head["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body=body, headers=head)
        answer = connection.getresponse()
        answer.text = answer.read().decode("utf-8", "replace")
        connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self.set_cookies.append(cookie)
            name, value = cookie.split(";", 1)[0].split("=", 1)
            self.cookies[name] = value
        return answer

    def post(self, path, **fields):
        """Sends a form as a browser does from a page of the console."""
        head = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
        }
        return self.send("POST", path, urllib.parse.urlencode(fields), head)

    def enrol(self, link):
        """Sets up a password and a one-time code by a link, which signs in."""
        path = urllib.parse.urlsplit(link).path
        password = "seven grey herons counted slowly"
        page = self.post(f"{path}/password", password=password, again=password)
        challenge = re.search(r'name="challenge" value="([^"]+)"', page.text)
        spelled = re.search(r'<code class="secret"[^>]*>([^<]+)<', page.text)
        assert challenge and spelled, page.text
        secret = spelled.group(1).replace(" ", "")
        done = self.post(f"{path}/totp", challenge=challenge.group(1), code=one_time_code(secret))
        assert done.status in (200, 303), done.text

    def command_line(self):
        """A token as `wardgate login` gets it."""
        json_head = {"Content-Type": "application/json"}
        stranger = Person(self.origin, None)
        stranger.tls = self.tls
        begun = stranger.send("POST", "/api/login", json.dumps({"about": "a check"}), json_head)
        codes = json.loads(begun.text)
        said = self.post("/command-line", code=codes["user_code"], answer="yes")
        assert said.status == 200, said.text
        body = json.dumps({"device_code": codes["device_code"]})
        answer = stranger.send("POST", "/api/login/token", body, json_head)
        assert answer.status == 201, answer.text
        return json.loads(answer.text)["token"]


def one_time_code(secret):
    """RFC 6238 with the usual numbers: SHA-1, six digits, 30 seconds."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
