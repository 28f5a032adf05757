"""`$de-identify` of files that a server of bulk data holds, followed by `requests` as the guide's clients do."""

import hashlib
import http.server
import json
import threading
import time
import unittest

from fhir.resources import get_fhir_model_class
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.parameters import Parameters

import scene
from nodes import Node
from test_deidentify import APPS, FHIR, PATH, left, lines
from test_fhir_records import DOCUMENT, OBSERVATION, PATIENT

TOKEN = "invented-token-of-the-server"


class Bulk(http.server.ThreadingHTTPServer):
    """Serves files below /exports/ to whoever shows the token."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = {}
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server_port}/exports/"

    def stop(self):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self.send_error(401)
        if body is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+ndjson")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def order(*files):
    data = [{"name": "data", "part": [{"name": "resourceType", "valueCode": kind},
                                      {"name": "resourceUrl", "valueUrl": address}]} for kind, address in files]
    urls = {"resourceType": "Parameters", "parameter": [{"name": "format", "valueCode": "fhir+ndjson"}, *data]}
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "policy", "valueString": "HHS_SAFE_HARBOR_DETERMINISTIC_METHOD"},
        {"name": "identifiableDataFileUrls", "resource": urls}]}
    Parameters.model_validate(asked)
    return json.dumps(asked)


class DeIdentifyFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bulk = Bulk()
        cls.addClassCleanup(cls.bulk.stop)
        run = scene.Run()
        cls.addClassCleanup(run.close)
        token = run.place / "bulk.token"
        token.write_text(TOKEN + "\n")
        source = f"  file_sources:\n    - {{address: \"{cls.bulk.address}\", token_file: \"{token}\"}}\n"
        cls.node = Node(run, APPS, ["research", "consents"], source)
        cls.addClassCleanup(cls.node.stop)
        cls.session = cls.node.session
        cls.bearer = {"Authorization": f"Bearer {cls.node.keys['research']}"}

    def ask(self, *files):
        headers = {**self.bearer, "Content-Type": FHIR, "Prefer": "respond-async"}
        return self.session.post(self.node.console + PATH, data=order(*files), headers=headers, timeout=60)

    def end_of(self, address, accept="*/*"):
        for _ in range(600):
            answer = self.session.get(address, headers={**self.bearer, "Accept": accept}, timeout=60)
            if answer.status_code != 202:
                return answer
            self.assertTrue(answer.headers["X-Progress"])
            time.sleep(0.1)
        raise AssertionError("the request does not end")

    def drop(self, address):
        self.assertEqual(self.session.delete(address, headers=self.bearer, timeout=60).status_code, 202)

    def check_files(self, files):
        """Asks for the files, and gives what came of them by type."""
        self.bulk.files = {f"/exports/{kind}.ndjson": lines(resources).encode() for kind, resources in files.items()}
        asked = self.ask(*[(kind, f"{self.bulk.address}{kind}.ndjson") for kind in files])
        self.assertEqual(asked.status_code, 202, asked.text)
        address = asked.headers["Content-Location"]
        answer = self.end_of(address)
        self.assertEqual(answer.status_code, 200, answer.text)
        Parameters.model_validate(answer.json())
        [parameter] = answer.json()["parameter"]
        self.assertEqual(parameter["name"], "de-identifiedDataFileUrls")
        data = [{part["name"]: part for part in one["part"]} for one in parameter["resource"]["parameter"][1:]]
        manifest = self.end_of(address, "application/json").json()
        self.assertEqual([one["url"] for one in manifest["output"]], [one["resourceUrl"]["valueUrl"] for one in data])
        written = {}
        for one in data:
            kind = one["resourceType"]["valueCode"]
            file = self.session.get(one["resourceUrl"]["valueUrl"], headers=self.bearer, timeout=60)
            self.assertEqual((file.status_code, left(file.text)), (200, []))
            self.node.told("dataset.deidentified", output=hashlib.sha256(file.content).hexdigest())
            written[kind] = [json.loads(line) for line in file.text.splitlines()]
            self.assertEqual([resource["resourceType"] for resource in written[kind]], [kind] * len(files[kind]))
        self.drop(address)
        self.assertEqual(self.session.get(address, headers=self.bearer, timeout=60).status_code, 404)
        return written

    def test_files_come_back_clean_and_join(self):
        written = self.check_files({
            "Observation": [OBSERVATION] * 3, "DocumentReference": [DOCUMENT], "Patient": [PATIENT]})
        for resources in written.values():
            for resource in resources:
                get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        [patient] = written["Patient"]
        for observation in written["Observation"]:
            self.assertEqual(observation["subject"]["reference"], f"Patient/{patient['id']}")

    def test_what_does_not_come_is_told_by_its_number(self):
        self.bulk.files = {"/exports/Patient.ndjson": lines([PATIENT]).encode()}
        asked = self.ask(("Patient", f"{self.bulk.address}Patient.ndjson"), ("Group", f"{self.bulk.address}none"))
        answer = self.end_of(asked.headers["Content-Location"])
        self.assertEqual(answer.status_code, 502)
        OperationOutcome.model_validate(answer.json())
        self.assertIn("file 2", answer.json()["issue"][0]["diagnostics"])
        self.drop(asked.headers["Content-Location"])

    def test_no_other_server_is_asked(self):
        before = len(self.bulk.asked)
        root = self.bulk.address.removesuffix("exports/")
        for address in [root, f"{root}other", f"{root}exports/../other", f"{root}exports/..%2fother",
                        "https://example.org/Patient.ndjson"]:
            answer = self.ask(("Patient", address))
            self.assertEqual(answer.status_code, 422, answer.text)
        self.assertEqual(len(self.bulk.asked), before)

    def test_public_samples_come_back_by_type(self):
        corpora = scene.corpora()
        if corpora is None:
            self.skipTest("the samples are not here")
        files = {}
        for line in (corpora / "fhir" / "synthea" / "synthea_a.ndjson").read_text().splitlines():
            resource = json.loads(line)
            files.setdefault(resource["resourceType"], []).append(resource)
        self.assertGreater(len(files), 5)
        self.check_files(files)

    @classmethod
    def tearDownClass(cls):
        told = cls.node.log() + "\n".join(cls.node.ledger())
        if left(told) or TOKEN in told:
            raise AssertionError("something is left in the log or the ledger")


if __name__ == "__main__":
    unittest.main()
