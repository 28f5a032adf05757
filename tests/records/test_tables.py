"""Anonymised tables, judged by pandas and pyarrow: k, l and t are reckoned anew from what was written."""

import random
import unittest

import pandas
import pyarrow
import pyarrow.feather
import pyarrow.parquet

import scene

QUASI = ["age", "zip", "sex"]
DIAGNOSES = ["asthma", "flu", "gout", "migraine", "ulcer"]


def people(rows=400, seed=7):
    """An invented ward."""
    chance = random.Random(seed)
    return pandas.DataFrame(
        {
            "mrn": [f"WG-{row:06}" for row in range(rows)],
            "age": [chance.randint(18, 89) for _ in range(rows)],
            "zip": [f"{chance.randint(1000, 1060):05}" for _ in range(rows)],
            "sex": [chance.choice(["female", "male"]) for _ in range(rows)],
            "diagnosis": [chance.choice(DIAGNOSES) for _ in range(rows)],
        }
    )


def read(path):
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pandas()
    if path.suffix == ".arrow":
        with pyarrow.memory_map(str(path)) as source:
            return pyarrow.ipc.open_file(source).read_all().to_pandas()
    return pandas.read_csv(path, dtype=str, keep_default_na=False)


def smallest_class(table, quasi):
    return table.groupby(quasi, dropna=False, observed=True).size().min()


def farthest_class(table, quasi, sensitive, whole):
    """The t of t-closeness by equal distance, against the table as it came."""
    shares = whole[sensitive].value_counts(normalize=True)
    classes = table.groupby(quasi, observed=True)[sensitive]
    return max(
        (rows.value_counts(normalize=True).reindex(shares.index, fill_value=0) - shares).abs().sum() / 2
        for _, rows in classes
    )


class Tables(unittest.TestCase):
    def setUp(self):
        self.run_of = scene.Run()
        self.place = self.run_of.place
        self.addCleanup(self.run_of.close)

    def anonymise(self, source, output, *more, quasi=QUASI, k=5, expect=0):
        return self.run_of.wardgate(
            "anonymize", source, output, "--quasi", ",".join(quasi), "--k", k, *more, expect=expect
        )

    def test_every_method_and_format_keeps_k(self):
        table = people()
        sources = {
            ".csv": lambda path: table.to_csv(path, index=False),
            ".parquet": lambda path: table.to_parquet(path, index=False),
            ".arrow": lambda path: pyarrow.feather.write_feather(table, str(path), compression="uncompressed"),
        }
        for ending, write in sources.items():
            source = self.place / f"people{ending}"
            write(source)
            for method in ["exact", "local", "multidimensional"]:
                with self.subTest(ending=ending, method=method):
                    output = self.place / f"{method}{ending}"
                    self.anonymise(
                        source, output, "--sensitive", "diagnosis", "--suppression", "0.05", "--method", method
                    )
                    found = read(output)
                    self.assertGreaterEqual(smallest_class(found, QUASI), 5)
                    self.assertGreaterEqual(len(found), 380)
                    self.assertNotIn("mrn", found.columns)
                    self.assertLessEqual(set(found["diagnosis"]), set(DIAGNOSES))
                    self.assertNotIn(b"WG-", output.read_bytes())

    def test_sensitive_values_stay_diverse_and_close(self):
        table = people()
        source = self.place / "people.csv"
        table.to_csv(source, index=False)
        for method in ["exact", "local", "multidimensional"]:
            with self.subTest(method=method):
                output = self.place / f"diverse-{method}.csv"
                self.anonymise(source, output, "--sensitive", "diagnosis", "--l", 3, "--t", 0.3, "--method", method)
                found = read(output)
                classes = found.groupby(QUASI, observed=True)["diagnosis"]
                self.assertGreaterEqual(classes.size().min(), 5)
                self.assertGreaterEqual(classes.nunique().min(), 3)
                self.assertLessEqual(farthest_class(found, QUASI, "diagnosis", table), 0.3 + 1e-9)

    def test_what_can_not_be_reached_writes_nothing(self):
        source, output = self.place / "people.csv", self.place / "out.csv"
        people(rows=20).to_csv(source, index=False)
        self.anonymise(source, output, k=21, expect=(1, 2, 3, 4))
        self.assertFalse(output.exists())

    def test_a_ragged_row_is_told_by_its_number_only(self):
        source, output = self.place / "people.csv", self.place / "out.csv"
        source.write_text("age,zip,sex\n41,01234,male\nOkafor\n")
        done = self.anonymise(source, output, k=1, expect=(1, 2, 3, 4))
        self.assertIn("row 2", done.stderr)
        self.assertNotIn("Okafor", done.stderr)
        self.assertFalse(output.exists())

    def test_adult_is_recoded_as_finely_as_promised(self):
        corpora = scene.corpora()
        if corpora is None:
            self.skipTest("no table Adult is at hand")
        source = corpora / "tables" / "adult.csv"
        hierarchies = corpora / "tables" / "hierarchies"
        whole = pandas.read_csv(source, sep=";", dtype=str)
        quasi = list(whole.columns)
        # By column: how many leaves each value of each level covers.
        covers = {}
        for name in quasi:
            levels = pandas.read_csv(hierarchies / f"adult_hierarchy_{name}.csv", sep=";", header=None, dtype=str)
            known = {}
            for level in levels.columns[::-1]:
                known |= levels[level].value_counts().to_dict()
            covers[name] = (known, len(levels))
        for method, suppression, least in [("exact", 0.05, 0.7303), ("local", 0, 0.82), ("multidimensional", 0, 0.85)]:
            with self.subTest(method=method):
                output = self.place / f"{method}.csv"
                self.anonymise(
                    source, output, "--hierarchies", hierarchies, "--suppression", suppression, "--method", method,
                    quasi=quasi,
                )
                found = read(output)
                if len(found.columns) == 1:
                    found = pandas.read_csv(output, sep=";", dtype=str)
                self.assertGreaterEqual(smallest_class(found, quasi), 5)
                kept = sum(
                    (1 - (found[name].map(known) - 1) / (domain - 1)).sum() for name, (known, domain) in covers.items()
                )
                self.assertGreaterEqual(kept / (len(whole) * len(quasi)), least)


if __name__ == "__main__":
    unittest.main()
