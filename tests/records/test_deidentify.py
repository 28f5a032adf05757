"""`$de-identify` of the running console, by `requests`, judged by `fhir.resources` and the ledger."""

import hashlib
import json
import unittest

from fhir.resources import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.parameters import Parameters

import scene
from nodes import Node
from test_fhir_records import DOCUMENT, LEFT, OBSERVATION, PATIENT

APPS = """
kind: App
id: research
name: Research export
acts: autonomously
operations: [data.deidentify]
---
kind: App
id: consents
name: Consent service
acts: autonomously
operations: [consent.read]
"""
FHIR, NDJSON = "application/fhir+json", "application/fhir+ndjson"
PATH = "/fhir/$de-identify"


def parameters(resources, policy="safe-harbor"):
    bundle = {"resourceType": "Bundle", "type": "collection",
              "entry": [{"resource": resource} for resource in resources]}
    return json.dumps({"resourceType": "Parameters", "parameter": [
        {"name": "identifiableData", "resource": bundle}, {"name": "policy", "valueString": policy}]})


def lines(resources):
    return "".join(json.dumps(resource) + "\n" for resource in resources)


def left(text):
    return [word for word in LEFT if word in text.lower()]


class DeIdentify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run = scene.Run()
        cls.addClassCleanup(run.close)
        cls.node = Node(run, APPS, ["research", "consents"])
        cls.addClassCleanup(cls.node.stop)
        cls.key = cls.node.keys["research"]

    def send(self, body, media_type, key=None, **query):
        return self.node.post(PATH, key or self.key, body.encode(), media_type, **query)

    def check_told(self, answer, resources):
        told = self.node.told("dataset.deidentified", output=hashlib.sha256(answer.content).hexdigest())
        self.assertEqual((told["app"], told["profile"]), ("research", "safe-harbor"))
        self.assertEqual((told["resources"], told["verified"]), (resources, resources))

    def test_a_bundle_validates_and_holds_nothing_of_the_patient(self):
        for path, name in [(PATH, "de-identifiedData"), ("/fhir/$deidentify", "deidentifiedData")]:
            answer = self.node.post(path, self.key, parameters([PATIENT, OBSERVATION, DOCUMENT]), FHIR)
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(left(answer.text), [])
            Parameters.model_validate(answer.json())
            [parameter] = answer.json()["parameter"]
            self.assertEqual(parameter["name"], name)
            Bundle.model_validate(parameter["resource"])
            patient, observation, _ = [entry["resource"] for entry in parameter["resource"]["entry"]]
            self.assertEqual(observation["subject"]["reference"], f"Patient/{patient['id']}")
            self.assertEqual(observation["valueQuantity"], OBSERVATION["valueQuantity"])
            self.check_told(answer, 3)

    def test_lines_come_back_in_their_order_and_join_with_bundles(self):
        resources = [OBSERVATION, DOCUMENT, PATIENT]
        answer = self.send(lines(resources), NDJSON, policy="safe-harbor")
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (200, NDJSON))
        self.assertEqual(left(answer.text), [])
        outputs = [json.loads(line) for line in answer.text.splitlines()]
        self.assertEqual([one["resourceType"] for one in outputs], [one["resourceType"] for one in resources])
        for output in outputs:
            get_fhir_model_class(output["resourceType"]).model_validate(output)
        again = self.send(parameters([PATIENT]), FHIR).json()["parameter"][0]["resource"]["entry"][0]["resource"]
        self.assertEqual((again["id"], again["name"]), (outputs[2]["id"], outputs[2]["name"]))

    def test_a_bad_line_refuses_all_by_its_number_alone(self):
        body = lines([PATIENT]) + '{"resourceType":"Patient","name":"Oriel Ashgrove\n' + lines([OBSERVATION])
        answer = self.send(body, NDJSON, policy="safe-harbor")
        self.assertEqual(answer.status_code, 422)
        OperationOutcome.model_validate(answer.json())
        [issue] = answer.json()["issue"]
        self.assertTrue(issue["diagnostics"].startswith("line 2"), issue)
        self.assertEqual(left(answer.text), [])
        self.node.told("dataset.refused", reasons="fhir.json", person="research")

    def test_who_may_not_and_what_is_unknown_is_refused(self):
        body = parameters([PATIENT])
        for key, status in [("wg_test_nobody", 401), (self.node.keys["consents"], 403)]:
            answer = self.send(body, FHIR, key=key)
            self.assertEqual((answer.status_code, answer.json()["resourceType"]), (status, "OperationOutcome"))
        answer = self.send(parameters([PATIENT], "ashgrove"), FHIR)
        self.assertEqual(answer.status_code, 422)
        self.assertIn("limited-data-set", answer.text)
        self.assertEqual(left(answer.text), [])
        urls = {"resourceType": "Parameters", "parameter": [
            {"name": "policy", "valueString": "safe-harbor"},
            {"name": "identifiableDataFileUrls", "resource": {"resourceType": "Parameters", "parameter": [
                {"name": "data", "part": [
                    {"name": "resourceType", "valueCode": "Patient"},
                    {"name": "resourceUrl", "valueUrl": "https://bulk.example.org/Patient.ndjson"}]}]}}]}
        answer = self.send(json.dumps(urls), FHIR)
        self.assertEqual((answer.status_code, answer.json()["issue"][0]["code"]), (400, "not-supported"))

    def test_the_statement_validates_and_names_the_definition(self):
        statement = self.node.get("/fhir/metadata").json()
        CapabilityStatement.model_validate(statement)
        operations = {one["name"]: one["definition"] for one in statement["rest"][0]["operation"]}
        self.assertEqual(operations["de-identify"], "http://hl7.org/fhir/us/darts/OperationDefinition/de-identify")

    def test_more_than_is_read_at_once_is_refused(self):
        # One byte more than the limit, in lines that are blank: nothing is read of it but its length.
        answer = self.send("\n" * (64 * 1024 * 1024 + 1), NDJSON, policy="safe-harbor")
        self.assertEqual(answer.status_code, 413)

    def test_public_samples_come_back_whole_and_in_order(self):
        corpora = scene.corpora()
        if corpora is None:
            self.skipTest("the samples are not here")
        for name in ("synthea/synthea_a.ndjson", "traps_a.ndjson"):
            body = (corpora / "fhir" / name).read_text()
            answer = self.send(body, NDJSON, policy="safe-harbor")
            self.assertEqual(answer.status_code, 200, answer.text[:2000])
            inputs = [json.loads(line) for line in body.splitlines() if line.strip()]
            outputs = [json.loads(line) for line in answer.text.splitlines()]
            self.assertEqual([one["resourceType"] for one in outputs], [one["resourceType"] for one in inputs])
            self.check_told(answer, len(inputs))

    @classmethod
    def tearDownClass(cls):
        # Whatever the tests sent: neither the log nor the ledger tells of the patient.
        found = left(cls.node.log() + "\n".join(cls.node.ledger()))
        if found:
            raise AssertionError(f"left in the log or the ledger: {found}")


if __name__ == "__main__":
    unittest.main()
