"""Consents over FHIR with the clients that hospitals use: `fhirclient` and `fhir.resources`."""

import glob
import json
import os
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import openai
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.consent import Consent as Checked
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.provenance import Provenance
from fhirclient import client as smart
from fhirclient import server as fhir_server
from fhirclient.models.consent import Consent
from scene import SCENE, ask, client, seen, trust

BASE = f"{SCENE['console']}/fhir"
PATIENT = "Patient/okafor"


def consent(status="active", **more):
    """A consent that any FHIR server takes."""
    return {
        "resourceType": "Consent",
        "status": status,
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                              "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": PATIENT},
        "dateTime": "2026-03-01",
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
        "provision": {"type": "permit"},
        **more,
    }


def send(method, path, body=None, key="consents", **headers):
    """One request by hand; status, headers and JSON of the answer."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}{path}", data=data, method=method)
    if key:
        request.add_header("Authorization", f"Bearer {SCENE['keys'].get(key, key)}")
    if data is not None:
        request.add_header("Content-Type", "application/fhir+json")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, context=trust()) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, error.headers, json.loads(text) if text else None


def connect():
    """The SMART client of its makers, with nothing but the address and the token."""
    made = smart.FHIRClient(settings={"app_id": "consent-desk", "api_base": BASE})
    # Certificates named by the environment would go before the one of the gate.
    made.server.session.trust_env = False
    made.server.session.verify = SCENE["ca"]
    made.server.session.headers["Authorization"] = f"Bearer {SCENE['keys']['consents']}"
    return made.server


class FhirClient(unittest.TestCase):
    def test_create_read_search_withdraw_history(self):
        server = connect()
        created = Consent(consent()).create(server)
        ident = created["id"]
        read = Consent.read(ident, server)
        self.assertEqual((read.status, read.meta.versionId), ("active", "1"))
        found = Consent.where({"patient": PATIENT, "status": "active"}).perform_resources(server)
        self.assertIn(ident, [one.id for one in found])

        call = {**ask("How is he?")}
        seen()
        client(patient=PATIENT).chat.completions.create(**call)
        self.assertEqual(len(seen()), 1)

        read.status = "inactive"
        read.update(server)
        began = time.monotonic()
        with self.assertRaises(openai.PermissionDeniedError):
            client(patient=PATIENT).chat.completions.create(**call)
        print(f"withdrawn by FHIR, refused {time.monotonic() - began:.3f} s later")
        with self.assertRaises(openai.PermissionDeniedError):
            client(patient=PATIENT).chat.completions.create(**call, stream=True)
        self.assertEqual(seen(), [])

        history = Bundle.model_validate(server.request_json(f"Consent/{ident}/_history"))
        self.assertEqual([entry.resource.status for entry in history.entry], ["inactive", "active"])
        with self.assertRaises(fhir_server.FHIRNotFoundException):
            Consent.read("nobody-has-this", server)

    def test_a_withdrawal_reaches_connections_that_stay_open(self):
        status, headers, made = send("POST", "/Consent", consent())
        self.assertEqual(status, 201)
        clients = [client(patient=PATIENT) for _ in range(4)]
        for one in clients:
            one.chat.completions.create(**ask("How is he?"))
        status, _, _ = send("PUT", f"/Consent/{made['id']}", {**made, "status": "inactive"},
                            If_Match=headers["ETag"])
        self.assertEqual(status, 200)
        seen()
        for one in clients:
            with self.assertRaises(openai.PermissionDeniedError):
                one.chat.completions.create(**ask("How is he?"))
        self.assertEqual(seen(), [])


class Versions(unittest.TestCase):
    def test_of_two_updates_of_one_version_the_second_is_refused(self):
        status, headers, made = send("POST", "/Consent", consent("draft"))
        self.assertEqual((status, headers["ETag"]), (201, 'W/"1"'))
        self.assertTrue(headers["Location"].endswith(f"/fhir/Consent/{made['id']}/_history/1"))
        Checked.model_validate(made)
        path = f"/Consent/{made['id']}"
        first, headers, _ = send("PUT", path, {**made, "status": "proposed"}, If_Match='W/"1"')
        second, _, outcome = send("PUT", path, {**made, "status": "rejected"}, If_Match='W/"1"')
        self.assertEqual((first, headers["ETag"], second), (200, 'W/"2"', 412))
        OperationOutcome.model_validate(outcome)
        status, _, old = send("GET", f"{path}/_history/1")
        self.assertEqual((status, old["status"]), (200, "draft"))
        status, _, outcome = send("DELETE", path)
        self.assertEqual(status, 405)
        self.assertIn("inactive", outcome["issue"][0]["diagnostics"])

    def test_provenance_says_who_when_and_how(self):
        _, _, made = send("POST", "/Consent", consent("draft"))
        status, _, found = send("GET", f"/Provenance?target=Consent/{made['id']}")
        self.assertEqual((status, found["total"]), (200, 1))
        provenance = found["entry"][0]["resource"]
        Provenance.model_validate(provenance)
        self.assertEqual(provenance["agent"][0]["who"]["identifier"]["value"], "consent-desk")
        status, _, same = send("GET", f"/Provenance/{provenance['id']}")
        self.assertEqual((status, same), (200, provenance))

    def test_metadata_is_what_is_served(self):
        status, _, statement = send("GET", "/metadata", key=None)
        self.assertEqual(status, 200)
        CapabilityStatement.model_validate(statement)
        self.assertEqual(statement["fhirVersion"], "4.0.1")


class Bundles(unittest.TestCase):
    def bundle(self, kind, *consents):
        entries = [{"resource": one, "request": {"method": "POST", "url": "Consent"}} for one in consents]
        return {"resourceType": "Bundle", "type": kind, "entry": entries}

    def count(self):
        _, _, found = send("GET", f"/Consent?patient={PATIENT}&_count=100")
        return len(found.get("entry", []))

    def test_a_transaction_is_whole_or_nothing_and_a_batch_is_not(self):
        bad = consent("draft", patient={"reference": "Patient/nobody"})
        before = self.count()
        status, _, outcome = send("POST", "", self.bundle("transaction", consent("draft"), bad))
        self.assertEqual(status, 422)
        self.assertEqual(outcome["issue"][0]["expression"], ["Bundle.entry[1].resource"])
        self.assertEqual(self.count(), before)
        status, _, answer = send("POST", "", self.bundle("batch", consent("draft"), bad))
        self.assertEqual(status, 200)
        Bundle.model_validate(answer)
        self.assertEqual([entry["response"]["status"][:3] for entry in answer["entry"]], ["201", "422"])
        self.assertEqual(self.count(), before + 1)

    def test_the_official_examples_are_taken_or_refused_with_reasons(self):
        files = sorted(glob.glob(os.path.join(os.environ.get("WARDGATE_FHIR_EXAMPLES", ""), "consent-example*.json")))
        if not files:
            self.skipTest("the official examples are not on this machine")
        for file in files:
            example = json.load(open(file))
            example["patient"] = {"reference": PATIENT}
            with self.subTest(os.path.basename(file)):
                status, _, answer = send("POST", "/Consent", {**example, "status": "draft"})
                self.assertEqual(status, 201, answer)
                Checked.model_validate(answer)
                expected = {**example, "status": "draft", "id": answer["id"]}
                answer["meta"].pop("versionId"), answer["meta"].pop("lastUpdated")
                answer = {name: value for name, value in answer.items() if value != {}}
                self.assertEqual(answer, expected)


class Refused(unittest.TestCase):
    def test_without_a_grant_nothing_is_told(self):
        _, _, made = send("POST", "/Consent", consent("draft"))
        for path in [f"/Consent/{made['id']}", "/Consent/guess", f"/Consent?patient={PATIENT}",
                     "/Consent?patient=Patient/nobody", "/Provenance?target=Consent/guess"]:
            # A key that acts for a person is for calls to systems: here it is nobody's.
            for key, expected in [(None, 401), ("wg_test_nobody", 401), ("good", 401), ("no-grant", 403)]:
                status, _, outcome = send("GET", path, key=key)
                self.assertEqual((status, outcome["resourceType"]), (expected, "OperationOutcome"), path)
        told = [send("GET", path, key="no-grant")[2] for path in [f"/Consent/{made['id']}", "/Consent/guess"]]
        self.assertEqual(told[0], told[1])

    def test_what_is_sent_is_never_repeated(self):
        for body in [b"{", b'{"resourceType":"Castellanos"}', json.dumps(consent("castellanos")).encode(),
                     b'{"status":"active","status":"castellanos"}']:
            status, _, outcome = send("POST", "/Consent", body)
            self.assertEqual((status // 100, outcome["resourceType"]), (4, "OperationOutcome"))
            self.assertNotIn("castellanos", json.dumps(outcome).lower())
        status, _, _ = send("POST", "/Consent", consent(), Content_Type="text/xml")
        self.assertEqual(status, 415)
        status, _, _ = send("GET", "/Consent", Accept="application/fhir+xml")
        self.assertEqual(status, 406)

    def test_a_script_in_a_narrative_comes_back_as_data(self):
        div = '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></div>'
        _, _, made = send("POST", "/Consent", consent("draft", text={"status": "generated", "div": div}))
        _, headers, read = send("GET", f"/Consent/{made['id']}")
        self.assertEqual(read["text"]["div"], div)
        self.assertTrue(headers["Content-Type"].startswith("application/fhir+json"))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
