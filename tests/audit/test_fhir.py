"""AuditEvents against the FHIR model of another library, and against the profiles they claim."""

import copy
import json
import unittest

from fhir.resources.R4B.auditevent import AuditEvent

import profiles
import proofs
import scene


def told(resource):
    """The extension of the ledger as a row."""
    (ledger,) = [each for each in resource["extension"] if each["url"] == "urn:wardgate:ledger-entry"]
    row = {"proof": []}
    for part in ledger["extension"]:
        name = part["url"].replace("-", "_")
        if name == "proof":
            row["proof"].append(part["valueString"])
        else:
            row[name] = part["valueString"]
    return row


class Fhir(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = scene.rows("fhir-auditevents.ndjson")

    def test_a_foreign_library_takes_every_resource(self):
        for resource in self.resources:
            again = json.loads(AuditEvent.model_validate(resource).model_dump_json())
            self.assertEqual(again["id"], resource["id"])
            self.assertEqual(len(again["agent"]), len(resource["agent"]))

    def test_the_foreign_library_refuses_what_is_no_audit_event(self):
        for name in ("agent", "recorded", "source", "type"):
            damaged = copy.deepcopy(self.resources[0])
            del damaged[name]
            with self.assertRaises(ValueError):
                AuditEvent.model_validate(damaged)

    def test_every_resource_holds_to_the_profiles_it_claims(self):
        claimed = set()
        for resource in self.resources:
            self.assertEqual(profiles.faults(resource), [], resource["id"])
            claimed |= {each.removeprefix(profiles.BASE) for each in resource.get("meta", {}).get("profile", [])}
        wanted = {
            "PrivacyDisclosure.Source", "AuthZconsent", "PatientRead", "PatientCreate", "PatientDelete", "Create",
        }
        self.assertLessEqual(wanted, claimed)

    def test_the_checker_sees_what_is_missing(self):
        for resource in self.resources:
            if "meta" not in resource:
                continue
            for name in ("type", "action", "outcome", "subtype"):
                damaged = copy.deepcopy(resource)
                damaged[name] = {"system": "s", "code": "c"} if name == "type" else [] if name == "subtype" else "X"
                self.assertTrue(profiles.faults(damaged), f"{name} of {resource['id']}")
            for at in range(min(2, len(resource["agent"]))):
                damaged = copy.deepcopy(resource)
                del damaged["agent"][at]
                self.assertTrue(profiles.faults(damaged), f"agent {at} of {resource['id']}")

    def test_every_resource_can_be_proven_alone(self):
        entries = scene.entries()
        for resource in self.resources:
            row = told(resource)
            proofs.check(self, row, entries[int(row["index"])], scene.checkpoint())
        self.assertEqual({int(told(resource)["index"]) for resource in self.resources}, set(entries))

    def test_no_two_resources_share_an_id(self):
        ids = [resource["id"] for resource in self.resources]
        self.assertEqual(len(ids), len(set(ids)))


if __name__ == "__main__":
    unittest.main()
