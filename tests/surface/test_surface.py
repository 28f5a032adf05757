"""What the node shows to the network, judged by the tools of others."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from browser import Person

SCENE = json.loads(pathlib.Path(os.environ["WARDGATE_SURFACE"]).read_text())


def enrolled(person):
    """The browser of a person who enrols by a link that the host makes."""
    command = [SCENE["wardgate"], "admin", "link", person, "--json", "--dir", SCENE["dir"]]
    made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    browser = Person(SCENE["origin"], SCENE["ca"])
    browser.enrol(json.loads(made.stdout)["link"])
    return browser


TOOLS = pathlib.Path(sys.executable).parent
HEADERS = {
    "content-security-policy": "frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "publickey-credentials-get=(self)",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


class Tls(unittest.TestCase):
    """sslyze over both endpoints."""

    def test_no_weak_finding(self):
        for name in ("gate", "console"):
            with self.subTest(name), tempfile.NamedTemporaryFile(suffix=".json") as file:
                done = subprocess.run(
                    [
                        TOOLS / "sslyze",
                        "--quiet",
                        "--mozilla_config",
                        "modern",
                        "--certinfo_ca_file",
                        SCENE["ca"],
                        "--json_out",
                        file.name,
                        SCENE[name],
                    ],
                    check=False,
                    capture_output=True,
                    text=True,
                    timeout=120,
                )
                self.assertEqual(faults(done.stdout), [], done.stdout)
                scan = json.loads(pathlib.Path(file.name).read_text())["server_scan_results"][0]
                self.assertEqual(scan["scan_status"], "COMPLETED")
                self.judge(scan["scan_result"])

    def judge(self, result):
        for old in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2"):
            accepted = result[f"{old}_cipher_suites"]["result"]["accepted_cipher_suites"]
            self.assertEqual(accepted, [], old)
        suites = result["tls_1_3_cipher_suites"]["result"]["accepted_cipher_suites"]
        names = {suite["cipher_suite"]["name"] for suite in suites}
        self.assertTrue(names)
        self.assertLessEqual(
            names,
            {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"},
        )
        self.assertFalse(result["heartbleed"]["result"]["is_vulnerable_to_heartbleed"])
        self.assertFalse(result["openssl_ccs_injection"]["result"]["is_vulnerable_to_ccs_injection"])
        self.assertFalse(result["tls_compression"]["result"]["supports_compression"])
        renegotiation = result["session_renegotiation"]["result"]
        self.assertFalse(renegotiation["is_vulnerable_to_client_renegotiation_dos"])
        robot = result["robot"]["result"]["robot_result"]
        self.assertTrue(robot.startswith("NOT_VULNERABLE"), robot)
        curves = {curve["name"] for curve in result["elliptic_curves"]["result"]["supported_curves"]}
        self.assertLessEqual(curves, {"X25519", "secp256r1", "prime256v1", "secp384r1"})


def faults(said):
    """What Mozilla's strictest configuration finds, but the age and the authority of a certificate
    that was made for development: in a hospital both come from its own authority."""
    found = [line.strip() for line in said.splitlines() if line.strip().startswith("* ")]
    own = ("* maximum_certificate_lifespan", "* certificate_path_validation")
    return [line for line in found if not line.startswith(own)]


class Headers(unittest.TestCase):
    """Headers and cookies of pages, of the interface, and of what is not there."""

    def test_every_answer_carries_them(self):
        stranger = Person(SCENE["origin"], SCENE["ca"])
        paths = ("/", "/sign-in", "/people", "/api/me", "/api/openapi.json", "/nowhere", "/metrics")
        for path in paths:
            answer = stranger.send("GET", path)
            for name, value in HEADERS.items():
                self.assertIn(value, answer.headers.get(name, ""), f"{path} {name}")
            self.assertNotIn("server", answer.headers)
            self.assertIsNone(answer.headers.get("access-control-allow-origin"))

    def test_cookies_are_bound_to_the_host(self):
        person = enrolled("d.doorkeeper")
        self.assertIn("__Host-wardgate", person.cookies)
        self.assertTrue(person.set_cookies)
        for cookie in person.set_cookies:
            self.judge(cookie)

    def judge(self, cookie):
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        self.assertTrue(cookie.startswith("__Host-"), cookie)
        self.assertLessEqual({"secure", "httponly", "path=/", "samesite=lax"}, flags)
        self.assertFalse([flag for flag in flags if flag.startswith("domain")])


class Interface(unittest.TestCase):
    """schemathesis over the OpenAPI document, as one who may much and as a stranger."""

    def run_schemathesis(self, *arguments, checks):
        command = [
            TOOLS / "schemathesis",
            "run",
            SCENE["origin"] + "/api/openapi.json",
            "--tls-verify",
            SCENE["ca"],
            "--checks",
            checks,
            "--max-examples",
            "12",
            "--seed",
            "1",
            "--phases",
            "examples,coverage,fuzzing",
            "--suppress-health-check",
            "all",
            "--no-color",
            *arguments,
        ]
        # It keeps notes of what it found where it is run.
        with tempfile.TemporaryDirectory() as notes:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=300, check=False, cwd=notes
            )
        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:])
        return done.stdout

    def test_no_server_error_for_one_who_may_much(self):
        enrolled("a.second")
        person = enrolled("s.lead")
        token = person.command_line()
        checks = "not_a_server_error,response_schema_conformance,content_type_conformance,ignored_auth"
        # What would end the session itself, or put others out, is asked elsewhere.
        said = self.run_schemathesis(
            "--header",
            f"Authorization: Bearer {token}",
            "--exclude-path-regex",
            "^/api/me/session|^/api/login",
            checks=checks,
        )
        self.assertIn("Tested", said.replace("tested", "Tested"))

    def test_a_stranger_gets_nothing(self):
        document = json.loads(Person(SCENE["origin"], SCENE["ca"]).send("GET", "/api/openapi.json").text)
        routes = 0
        for path, item in document["paths"].items():
            for method, route in item.items():
                if not route.get("security"):
                    continue
                routes += 1
                stranger = Person(SCENE["origin"], SCENE["ca"])
                filled = path.replace("{", "").replace("}", "")
                head = {"Content-Type": "application/json"}
                answer = stranger.send(method.upper(), filled, "{}", head)
                self.assertEqual(answer.status, 401, f"{method} {path}")
        self.assertGreater(routes, 15)
        self.run_schemathesis(checks="not_a_server_error")

    def test_a_low_role_is_kept_out(self):
        person = enrolled("c.clerk")
        token = person.command_line()
        document = json.loads(person.send("GET", "/api/openapi.json").text)
        for path, item in document["paths"].items():
            for method, route in item.items():
                if not route.get("security") or "`account.own`" in route.get("description", ""):
                    continue
                program = Person(SCENE["origin"], SCENE["ca"])
                filled = path.replace("{", "").replace("}", "")
                head = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
                answer = program.send(method.upper(), filled, "{}", head)
                self.assertEqual(answer.status, 403, f"{method} {path} {answer.text}")


if __name__ == "__main__":
    unittest.main()
