"""FHIR as another library reads it: outputs validate, nothing of a patient is left, references resolve."""

import base64
import json
import unittest

from fhir.resources import get_fhir_model_class
from fhir.resources.R4B import get_fhir_model_class as get_r4b_model_class

import scene

PATIENT = {
    "resourceType": "Patient", "id": "ashgrove-1", "gender": "female", "birthDate": "1974-04-09",
    "identifier": [{"system": "urn:oid:1.2.3", "value": "MR5570921"}],
    "name": [{"family": "Ashgrove", "given": ["Oriel"]}],
    "telecom": [{"system": "phone", "value": "(555) 314-8822"}],
    "address": [{"line": ["77 Mulberry Walk"], "city": "Netherby Cross", "state": "VT", "postalCode": "05701"}],
    "photo": [{"contentType": "image/png", "data": base64.b64encode(b"face of Ashgrove").decode()}],
}
OBSERVATION = {
    "resourceType": "Observation", "id": "o-MR5570921", "status": "final",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Oriel Ashgrove</p></div>'},
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "Body weight"}]},
    "subject": {"reference": "Patient/ashgrove-1", "display": "Oriel Ashgrove"},
    "effectiveDateTime": "2024-03-12T10:11:12+01:00",
    "valueQuantity": {"value": 61.5, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    "note": [{"text": "Ashgrove, Oriel called from 555-314-8822"}],
}
DOCUMENT = {
    "resourceType": "DocumentReference", "id": "d-1", "status": "current",
    "subject": {"reference": "Patient/ashgrove-1"},
    "content": [{"attachment": {
        "contentType": "text/plain", "title": "Ashgrove.txt",
        "data": base64.b64encode(b"Dear colleague, Oriel Ashgrove (MR5570921) is well.").decode(),
    }}],
}
LEFT = ["ashgrove", "oriel", "mr5570921", "314-8822", "mulberry", "netherby", "1974-04-09"]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


class FhirRecords(unittest.TestCase):
    def deidentified(self, resources, *arguments):
        run = scene.Run()
        self.addCleanup(run.close)
        source, target = run.place / "in.ndjson", run.place / "out.ndjson"
        source.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
        run.wardgate("deid", "fhir", source, target, "--key", run.key, *arguments)
        return lines(target)

    def test_outputs_validate_and_hold_nothing_of_the_patient(self):
        outputs = self.deidentified([PATIENT, OBSERVATION, DOCUMENT])
        for output in outputs:
            for model in (get_fhir_model_class, get_r4b_model_class):
                model(output["resourceType"]).model_validate(output)
        data = outputs[2]["content"][0]["attachment"]["data"]
        text = (json.dumps(outputs) + base64.b64decode(data).decode()).lower()
        self.assertEqual([left for left in LEFT if left in text], [])
        self.assertEqual(outputs[1]["valueQuantity"], OBSERVATION["valueQuantity"])
        self.assertEqual(outputs[1]["code"], OBSERVATION["code"])
        self.assertEqual(outputs[1]["subject"]["reference"], "Patient/" + outputs[0]["id"])

    def test_public_samples_still_validate_where_they_did(self):
        corpora = scene.corpora()
        if corpora is None:
            self.skipTest("the samples are not here")
        for name in ("r4_examples_a.ndjson", "synthea/synthea_a.ndjson", "traps_a.ndjson"):
            inputs = lines(corpora / "fhir" / name)
            outputs = self.deidentified(inputs)
            self.assertEqual(len(inputs), len(outputs))
            broken = 0
            for before, after in zip(inputs, outputs):
                self.assertEqual(before["resourceType"], after["resourceType"])
                model = get_r4b_model_class(before["resourceType"]) if known(before) else None
                if model is None or not valid(model, before):
                    continue
                broken += not valid(model, after)
            # Elements that must hold bytes, such as a query in an AuditEvent, have nothing to put in their place.
            self.assertLessEqual(broken, len(inputs) // 100, name)


def known(resource):
    try:
        get_r4b_model_class(resource["resourceType"])
        return True
    except (LookupError, ImportError, AttributeError):
        return False


def valid(model, resource):
    try:
        model.model_validate(resource)
        return True
    except ValueError:
        return False


if __name__ == "__main__":
    unittest.main()
