"""Every element of the standard's dictionary, once with a harmless value and once with a person's name."""

import pathlib
import unittest

import pydicom
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import dicom_traps
import ps3_15
import scene

# Groups of commands, file meta, directories and pixels, and what a file can not be without.
LEFT_OUT = {0x0000, 0x0002, 0x0004, 0x7FE0, 0xFFFA, 0xFFFC, 0xFFFE}
OF_THE_OBJECT = {0x00080005, 0x00080016, 0x00080018, 0x00080060}
HARMLESS = {
    "AE": "STATION", "AS": "045Y", "CS": "AXIAL", "DA": "20230614", "DS": "1.5", "DT": "20230614101530", "IS": "7",
    "LO": "contrast", "LT": "liver is normal", "PN": "Anybody^Ann", "SH": "axial", "ST": "no effusion", "TM": "101530",
    "UC": "helical", "UI": "1.2.840.10008.5.1.4.1.1.2", "UR": "urn:any", "UT": "kidneys normal", "FL": 1.5, "FD": 2.5,
    "SL": 5, "SS": 5, "UL": 5, "US": 5, "SV": 5, "UV": 5, "OB": b"\1\2", "OW": b"\1\2", "OF": b"\0\0\x80?", "OD": bytes(8),
    "OL": b"\1\0\0\0", "OV": b"\1" + bytes(7), "UN": b"\1\2", "AT": 0x00100010,
}
ELEMENTS_PER_FILE = 40
KEPT_MIN = 0.95


def elements():
    """Tags and kinds of value."""
    for tag, (vr, *_) in sorted(DicomDictionary.items()):
        if tag >> 16 not in LEFT_OUT and tag & 0xFFFF and tag not in OF_THE_OBJECT and vr != "NONE":
            yield tag, vr.split(" or ")[0]


def planted(person):
    """A value with the person's name for each kind that can hold one."""
    name, sentence = f"{person.given} {person.family}", person.sentence()
    values = dict.fromkeys(("LO", "SH", "UC"), person.family) | dict.fromkeys(("LT", "ST", "UT"), sentence)
    raw = (name + " " * (len(name) % 2)).encode()
    return HARMLESS | values | {"PN": f"{person.family}^{person.given}", "OB": raw, "UN": raw}


def fill(folder, person, values, item):
    """Writes files that together have all elements."""
    every = list(elements())
    for number, start in enumerate(range(0, len(every), ELEMENTS_PER_FILE)):
        dataset = dicom_traps.base(person, dicom_traps.CT, "CT", number + 1)
        for tag, vr in every[start:start + ELEMENTS_PER_FILE]:
            if tag not in dataset and tag != 0x00420011:
                dataset.add_new(tag, vr, Sequence([item]) if vr == "SQ" else values[vr])
        dicom_traps.save(dataset, folder / f"object{chr(97 + number // 26)}{chr(97 + number % 26)}.dcm")


class Dictionary(unittest.TestCase):
    def setUp(self):
        self.scene = scene.Run()
        self.addCleanup(self.scene.close)
        shared = scene.corpora()
        self.table = ps3_15.Table(shared / "dicom" / "ps3_15_e1_1.csv" if shared else None)
        self.person = dicom_traps.Person(3391)

    def cleaned(self, values, meaning):
        """Pairs of input and output, and the codes of what was refused."""
        folder, output = self.scene.place / "all", self.scene.place / "all-out"
        folder.mkdir()
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-62000", "SRT", meaning
        fill(folder, self.person, values, item)
        report = self.scene.place / "all.json"
        self.scene.wardgate("deid", "dicom", folder, output, "--key", self.scene.key, "--report", report, expect=(0, 1))
        refused = {one["code"] for one in self.scene.report(report)["refused"]}
        pairs = [(path, output / path.name) for path in sorted(folder.iterdir())]
        return [pair for pair in pairs if pair[1].exists()], refused, len(pairs)

    def test_what_the_profile_does_not_name_is_kept(self):
        pairs, refused, count = self.cleaned(HARMLESS, "Liver")
        self.assertEqual((refused, len(pairs)), (set(), count))
        asked = kept = 0
        for source, output in pairs:
            self.assertEqual(ps3_15.violations(source, output, self.table), [], source.name)
            before, after = pydicom.dcmread(source), pydicom.dcmread(output)
            options = ps3_15.options_of(after)
            for element in before:
                if self.table.action(element.tag, options) is None and element.VR not in ("PN", "DA", "DT"):
                    asked += 1
                    kept += element.tag in after and after[element.tag].value == element.value
        self.assertGreater(asked, 2_000)
        self.assertGreaterEqual(kept / asked, KEPT_MIN)

    def test_a_name_in_any_element_goes_or_the_file_is_refused(self):
        pairs, refused, count = self.cleaned(planted(self.person), f"{self.person.given} {self.person.family}")
        self.assertLessEqual(refused, {"dataset.residue"})
        self.assertGreaterEqual(len(pairs) / count, 0.95)
        for source, output in pairs:
            self.assertEqual(ps3_15.violations(source, output, self.table), [], source.name)
            raw = pathlib.Path(output).read_bytes().upper()
            for value in self.person.values():
                self.assertNotIn(value.upper().encode(), raw, source.name)


if __name__ == "__main__":
    unittest.main()
