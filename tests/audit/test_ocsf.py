"""OCSF events against what the schema, version 1.3.0, requires of their classes.

The tables below were written by hand from the class and object pages of schema.ocsf.io at 1.3.0:
attributes with the requirement "required", the activities of each class, and the "at least one
of" constraints of classes and objects.
"""

import json
import unittest

import proofs
import scene

# Of every event.
BASE = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
# Class: its category, what it requires more, its activities, and one of which it needs.
CLASSES = {
    0: (0, set(), {0, 99}, set()),
    3002: (3, {"user"}, {0, 1, 2, 3, 4, 5, 6, 99}, {"service", "dst_endpoint"}),
    3004: (3, {"entity"}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99}, set()),
    6002: (6, {"app"}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 99}, set()),
    6003: (6, {"actor", "api", "src_endpoint"}, {0, 1, 2, 3, 4, 99}, set()),
}
# Object: what it requires, and one of which it needs.
OBJECTS = {
    "metadata": ({"product", "version"}, set()),
    "product": ({"vendor_name"}, set()),
    "app": ({"vendor_name"}, set()),
    "api": ({"operation"}, set()),
    "actor": (set(), {"process", "user", "invoked_by", "session", "app_name", "app_uid"}),
    "user": (set(), {"account", "name", "uid"}),
    "entity": (set(), {"name", "uid", "device", "email", "group", "org", "policy", "user"}),
    "service": (set(), {"name", "uid"}),
    "src_endpoint": (set(), {"ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"}),
    "dst_endpoint": (set(), {"ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"}),
    "request": ({"uid"}, set()),
}
SEVERITIES = {0, 1, 2, 3, 4, 5, 6, 99}
STATUSES = {0, 1, 2, 99}


class Ocsf(unittest.TestCase):
    def rows(self):
        rows = scene.rows("ocsf-events.ndjson")
        self.assertEqual([row["unmapped"]["ledger"]["index"] for row in rows], sorted(scene.entries()))
        return rows

    def test_every_event_has_what_its_class_requires(self):
        classes = set()
        for row in self.rows():
            category, required, activities, one_of = CLASSES[row["class_uid"]]
            classes.add(row["class_uid"])
            self.assertLessEqual(BASE | required, row.keys(), row)
            self.assertEqual(row["category_uid"], category)
            self.assertIn(row["activity_id"], activities)
            self.assertEqual(row["type_uid"], row["class_uid"] * 100 + row["activity_id"])
            self.assertIn(row["severity_id"], SEVERITIES)
            self.assertIn(row["status_id"], STATUSES)
            self.assertTrue(not one_of or one_of & row.keys(), row)
            if row["activity_id"] == 99:
                self.assertTrue(row["activity_name"])
            self.objects(row)
        self.assertLessEqual({3004, 6002, 6003}, classes)

    def objects(self, value):
        for name, within in value.items():
            if isinstance(within, dict) and name != "unmapped":
                required, one_of = OBJECTS.get(name, (set(), set()))
                self.assertLessEqual(required, within.keys(), f"{name} of {value}")
                self.assertTrue(not one_of or one_of & within.keys(), f"{name} of {value}")
                self.objects(within)

    def test_types_are_those_of_the_schema(self):
        for row in self.rows():
            for name, value in row.items():
                self.assertIsNotNone(value, name)
                if name.endswith(("_id", "_uid")) or name == "time":
                    self.assertIs(type(value), int, name)
            self.assertEqual(row["metadata"]["version"], "1.3.0")
            self.assertEqual(row["metadata"]["sequence"], row["unmapped"]["ledger"]["index"])

    def test_every_row_can_be_proven_alone(self):
        entries = scene.entries()
        for row in self.rows():
            ledger = row["unmapped"]["ledger"] | {"entry": row["raw_data"]}
            proofs.check(self, ledger, entries[ledger["index"]], scene.checkpoint())

    def test_refusals_are_failures_and_calls_are_not(self):
        for row in self.rows():
            kind = json.loads(row["raw_data"])["type"]
            if kind in ("call.refused", "identity.refused"):
                self.assertEqual(row["status_id"], 2)
            if kind == "call.intent":
                self.assertEqual(row["status_id"], 1)


if __name__ == "__main__":
    unittest.main()
