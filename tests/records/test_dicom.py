"""DICOM files that `wardgate deid dicom` wrote, judged by pydicom and a PS3.15 checker of our own."""

import collections
import unittest

import numpy
import pydicom

import dicom_traps
import ps3_15
import scene

SEEDS = (1143, 2287)


def table():
    shared = scene.corpora()
    return ps3_15.Table(shared / "dicom" / "ps3_15_e1_1.csv" if shared else None)


class Folder:
    """A folder of files, cleaned twice into two others."""

    def __init__(self, run, name, fill):
        self.input = run.place / name
        self.input.mkdir()
        self.made = fill(self.input)
        self.before = {path.name: path.read_bytes() for path in self.files(self.input)}
        self.output, self.again = run.place / f"{name}-out", run.place / f"{name}-again"
        for out in (self.output, self.again):
            report = run.place / f"{out.name}.json"
            run.wardgate("deid", "dicom", self.input, out, "--key", run.key, "--report", report, expect=(0, 1))
        self.report = report.read_text()
        self.refused = {str(one["file"]): one["code"] for one in run.report(report)["refused"]}

    @staticmethod
    def files(folder):
        return sorted(path for path in folder.rglob("*") if path.is_file())

    def pairs(self):
        outputs = {path.name: path for path in self.files(self.output)}
        return [(path, outputs[path.name]) for path in self.files(self.input) if path.name in outputs]


class Judged:
    """What holds for every folder; the classes below say which files it has."""

    folder: Folder
    run_of: scene.Run

    @classmethod
    def tearDownClass(cls):
        cls.run_of.close()

    def test_each_file_is_cleaned_or_refused_with_a_reason(self):
        cleaned = {source.name for source, _ in self.folder.pairs()}
        for path in self.folder.files(self.folder.input):
            self.assertTrue((path.name in cleaned) != (path.name in self.folder.refused), path.name)
        self.assertTrue(all(code.startswith("dicom.") for code in self.folder.refused.values()), self.folder.refused)

    def test_originals_are_untouched(self):
        for path in self.folder.files(self.folder.input):
            self.assertEqual(path.read_bytes(), self.folder.before[path.name], path.name)

    def test_the_profile_holds(self):
        for source, output in self.folder.pairs():
            with self.subTest(source.name):
                self.assertEqual(ps3_15.violations(source, output, table()), [])

    def test_nothing_that_identifies_is_left(self):
        for source, output in self.folder.pairs():
            with self.subTest(source.name):
                self.assertEqual(ps3_15.leaks(output, self.identifying(source)), [])
        self.assertEqual([value for value in self.planted() if value.lower() in self.folder.report.lower()], [])

    def test_standard_elements_stay(self):
        counts = [ps3_15.kept(*pair, table()) for pair in self.folder.pairs()]
        total, same = map(sum, zip(*counts))
        self.assertGreaterEqual(same, 0.95 * total, f"{same} of {total}")

    def test_uids_follow_one_map_and_runs_agree(self):
        map_of = {}
        for source, output in self.folder.pairs():
            for tag, old, new in ps3_15.uids(source, output):
                if old != new:
                    self.assertEqual(map_of.setdefault(old, new), new, f"{source.name} {tag}")
                self.assertLessEqual(len(new), 64)
        self.assertEqual(len(set(map_of.values())), len(map_of))
        for first in self.folder.files(self.folder.output):
            self.assertEqual(first.read_bytes(), (self.folder.again / first.relative_to(self.folder.output)).read_bytes())

    def identifying(self, source):
        return ps3_15.identifying(source)

    def planted(self):
        return []


class Traps(Judged):
    """Files of an invented person, with identifiers in hard places, and files that are broken."""

    seed: int

    @classmethod
    def setUpClass(cls):
        cls.run_of = scene.Run()
        cls.folder = Folder(cls.run_of, "traps", cls.fill)
        cls.person, cls.burned = cls.folder.made

    @classmethod
    def fill(cls, folder):
        made = dicom_traps.traps(folder, cls.seed)
        dicom_traps.broken(folder, folder / "film.dcm")
        return made

    def identifying(self, source):
        return self.person.values()

    def planted(self):
        return self.person.values()

    def test_only_what_must_be_is_refused(self):
        bad = {"empty.dcm", "letter.txt", "cut.dcm", "zeros.dcm", "head.dcm"}
        self.assertEqual(set(self.folder.refused), bad | {"packed.dcm"})
        self.assertEqual(self.folder.refused["packed.dcm"], "dicom.burned_in")

    def test_burned_in_text_is_gone_and_other_pixels_are_the_same(self):
        for source, output in self.folder.pairs():
            before, after = pydicom.dcmread(source), pydicom.dcmread(output)
            mask = self.burned.get(source.stem)
            if mask is None:
                if source.name != "label.dcm":
                    self.assertIn(ps3_15.pixels(source, output), (None, 0.0), source.name)
                continue
            one, other = before.pixel_array, after.pixel_array
            if source.stem == "cine":
                one, other = one[1], other[1]
            changed = one != other
            changed = changed.any(axis=-1) if changed.ndim == 3 else changed
            self.assertGreater(changed[mask].mean(), 0.99, f"{source.name}: text is left")
            rows, columns = numpy.nonzero(mask)
            around = numpy.ones_like(mask)
            around[max(rows.min() - 40, 0):rows.max() + 40, max(columns.min() - 80, 0):columns.max() + 80] = False
            if source.stem == "screen":
                # The head of a screen goes in its whole width, with tissue that touches it.
                around[: rows.max() + 60] = False
            self.assertFalse(changed[around].any(), f"{source.name}: changed far from the text")

    def test_one_patient_moves_by_one_shift(self):
        dates = collections.Counter(str(pydicom.dcmread(output).get("StudyDate", "")) for _, output in self.folder.pairs())
        self.assertEqual(len(dates), 1, dates)
        self.assertNotIn("20230614", dates)

    def test_transfer_syntaxes_stay(self):
        for source, output in self.folder.pairs():
            before, after = pydicom.dcmread(source), pydicom.dcmread(output)
            if source.name != "label.dcm":
                self.assertEqual(before.file_meta.TransferSyntaxUID, after.file_meta.TransferSyntaxUID, source.name)


class FirstTraps(Traps, unittest.TestCase):
    seed = SEEDS[0]


class SecondTraps(Traps, unittest.TestCase):
    seed = SEEDS[1]


class PublicFiles(Judged, unittest.TestCase):
    """The public samples, when they are there."""

    @classmethod
    def setUpClass(cls):
        shared = scene.corpora()
        if shared is None:
            raise unittest.SkipTest("the public corpora are not there")
        cls.run_of = scene.Run()
        cls.folder = Folder(cls.run_of, "public", lambda folder: cls.fill(folder, shared))

    @staticmethod
    def fill(folder, shared):
        for path in sorted((shared / "dicom").rglob("*.dcm")):
            # Names without digits, which the runner would replace.
            name = "".join(chr(ord("a") + int(one)) if one.isdigit() else one for one in path.stem)
            (folder / f"{path.parent.name}-{name}.dcm").write_bytes(path.read_bytes())

    def test_few_are_refused(self):
        self.assertLessEqual(len(self.folder.refused), 3, self.folder.refused)

    def test_pixels_are_the_same_unless_text_was_blanked(self):
        for source, output in self.folder.pairs():
            share = ps3_15.pixels(source, output)
            self.assertTrue(share in (None, 0.0) or "burned" in source.name, f"{source.name}: {share}")


if __name__ == "__main__":
    unittest.main()
