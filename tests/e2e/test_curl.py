"""curl: uploads that wait for a go-ahead, uploads in chunks, zipped uploads, and bodies that are wrong."""

import gzip
import json
import subprocess
import unittest

from scene import NOTE, SCENE, ask, headers, seen


def curl(body, *more, path="/chat/completions", content_type="application/json"):
    command = ["curl", "--silent", "--show-error", "--cacert", SCENE["ca"], "--max-time", "30",
               "--write-out", "\n%{http_code}", "--data-binary", "@-",
               "--header", f"authorization: Bearer {SCENE['keys']['good']}",
               "--header", f"content-type: {content_type}"]
    for name, value in headers().items():
        command += ["--header", f"{name}: {value}"]
    done = subprocess.run([*command, *more, SCENE["base_url"] + path], input=body, capture_output=True, check=True)
    answer, status = done.stdout.rsplit(b"\n", 1)
    return int(status), json.loads(answer), done.stderr.decode()


class Curl(unittest.TestCase):
    def setUp(self):
        seen()
        self.body = json.dumps(ask()).encode()

    def answered(self, status, answer):
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["choices"][0]["message"]["content"], f"You said: {NOTE}")

    def refused(self, body, status, code, *more, **given):
        got, answer, _ = curl(body, *more, **given)
        self.assertEqual((got, answer["error"]["code"]), (status, code))
        self.assertTrue(answer["error"]["message"])
        self.assertEqual(seen(), [])

    def test_expect_100_continue(self):
        status, answer, trace = curl(self.body, "--verbose", "--header", "Expect: 100-continue")
        self.answered(status, answer)
        self.assertIn("100 Continue", trace)

    def test_chunked_upload(self):
        self.answered(*curl(self.body, "--header", "Transfer-Encoding: chunked")[:2])

    def test_zipped_upload(self):
        self.answered(*curl(gzip.compress(self.body), "--header", "Content-Encoding: gzip")[:2])

    def test_compressed_answer_is_optional(self):
        self.answered(*curl(self.body, "--compressed")[:2])

    def test_tls_1_3_and_http_1_1(self):
        _, _, trace = curl(self.body, "--verbose")
        self.assertIn("TLSv1.3", trace)

    def test_bodies_that_are_not_json(self):
        for body in [b"{", b'{"model": "ward-chat"} x', b'{"model": "a", "model": "b"}', b'{"model": "\xff"}',
                     b"[" * 10000, b""]:
            self.refused(body, 400, "request.invalid_json")

    def test_content_type_and_encoding(self):
        self.refused(self.body, 415, "request.content_type", content_type="text/plain")
        self.refused(self.body, 415, "request.content_encoding", "--header", "Content-Encoding: br")

    def test_a_huge_body(self):
        self.refused(b'{"model": "' + b"a" * (64 << 20) + b'"}', 413, "request.too_large")

    def test_a_zip_bomb(self):
        self.refused(gzip.compress(b" " * (256 << 20)), 413, "request.too_large", "--header", "Content-Encoding: gzip")

    def test_wrong_method(self):
        self.refused(self.body, 405, "request.method_not_allowed", "--request", "PUT")

    def test_headers_that_cannot_be_understood(self):
        self.refused(self.body, 400, "request.header_invalid", "--header", "wardgate-break-glass: now")


if __name__ == "__main__":
    unittest.main()
