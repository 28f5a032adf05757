"""The table of values: its columns, and every row by itself."""

import csv
import json
import unittest

import proofs
import scene

COLUMNS = (
    "index at id type version app key person system purpose patient data_class recipient region gate code status "
    "http_status record record_id call origin tree_size leaf_hash proof entry"
).split()


class Csv(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(scene.EXPORT / "audit" / "entries.csv", encoding="utf-8", newline="") as table:
            cls.reader = csv.DictReader(table, strict=True)
            cls.rows = list(cls.reader)

    def test_the_columns_are_the_documented_ones(self):
        self.assertEqual(self.reader.fieldnames, COLUMNS)

    def test_every_entry_has_a_row_that_can_be_proven_alone(self):
        entries = scene.entries()
        self.assertEqual([int(row["index"]) for row in self.rows], sorted(entries))
        for row in self.rows:
            proofs.check(self, row | {"proof": json.loads(row["proof"])}, entries[int(row["index"])], scene.checkpoint())

    def test_cells_say_what_the_entry_says(self):
        for row in self.rows:
            leaf = json.loads(row["entry"])
            self.assertEqual((row["at"], row["id"], row["type"]), (leaf["at"], leaf["id"], leaf["type"]))
            for name, value in leaf["data"].items():
                if name in row and isinstance(value, (str, int)):
                    self.assertEqual(row[name].removeprefix("'"), str(value))

    def test_an_outcome_is_shown_with_the_app_of_its_intent(self):
        apps = {row["id"]: row["app"] for row in self.rows if row["type"] == "call.intent"}
        outcomes = [row for row in self.rows if row["type"] == "call.outcome"]
        self.assertGreater(len(outcomes), 3)
        for row in outcomes:
            self.assertEqual(row["app"], apps[row["call"]])


if __name__ == "__main__":
    unittest.main()
