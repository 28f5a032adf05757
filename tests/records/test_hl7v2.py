"""HL7 v2 through the real binary, read again by hl7apy: the same structure, the facts kept, nobody left."""

import base64
import json
import unittest

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from scene import Run, corpora

OWN = (
    "MSH|^~\\&|LAB|ST HILDA HOSPITAL|EHR|WEST|20240312101500||ORU^R01|MSG00471|P|2.5\r"
    "PID|1||48120677^^^HILDA^MR||Trzebiatowski^Ottilie^Quenby||19710523|F|||14 Quillfeather Lane^^Ambleton^MA^02139||6175558842\r"
    "PV1|1|I|ICU^3^A||||4471^Vandersloot^Piet^^^Dr\r"
    "OBR|1|ORD772001|FIL992001|24323-8^Comprehensive metabolic panel^LN|||20240312093000\r"
    "OBX|1|NM|2160-0^Creatinine^LN||1.2|mg/dL|0.6-1.3|N|||F|||20240312093000\r"
    "OBX|2|TX|11502-2^Report^LN||Seen by Ottilie Trzebiatowski\\.br\\MRN \\X3438313230363737\\ is stable||||||F\r"
    "OBX|3|ED|11502-2^Letter^LN||HILDA^text^plain^Base64^{letter}||||||F\r"
    "ZPD|1|Trzebiatowski\r"
    "NTE|1|L|Daughter of Ottilie\r"
)
SECRETS = ("trzebiatowski", "ottilie", "quenby", "48120677", "quillfeather", "ambleton", "6175558842", "vandersloot",
           "ord772001", "fil992001", "hilda", "19710523")


def read(text):
    return parse_message(text.strip("\r\n"), validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)


def leaves(message):
    """Every leaf with its place, as hl7apy sees it."""
    for segment in message.children:
        for field in segment.children:
            for component in field.children or [field]:
                for leaf in component.children or [component]:
                    yield f"{segment.name}.{leaf.name}", leaf.to_er7()


def decoded(text):
    """The text itself and whatever base64 it holds."""
    out = [text]
    for part in text.replace("|", "^").replace("\r", "^").split("^"):
        try:
            out.append(base64.b64decode(part, validate=True).decode("latin-1"))
        except ValueError:
            pass
    return "\n".join(out).lower()


class Messages(unittest.TestCase):
    def setUp(self):
        self.run = Run()
        self.addCleanup(self.run.close)

    def clean(self, name, data):
        source, target, report = (self.run.place / f"{kind}-{name}" for kind in ("in", "out", "report"))
        source.write_bytes(data)
        self.run.wardgate("deid", "hl7v2", source, target, "--key", self.run.key, "--report", report)
        return target.read_bytes()

    def test_a_foreign_reader_finds_the_same_structure_and_nobody(self):
        letter = base64.b64encode(b"Letter about Ottilie Trzebiatowski. Potassium was 4.1 mmol/L.").decode()
        source = OWN.replace("{letter}", letter)
        output = self.clean("own.hl7", source.encode()).decode()
        before, after = read(source), read(output)
        names = [segment.name for segment in before.children if not segment.name.startswith("Z")]
        self.assertEqual(names, [segment.name for segment in after.children])
        kept = dict(leaves(after))
        for place, value in leaves(before):
            segment = place.split(".")[0]
            if segment in ("OBX", "OBR") and any(word in place for word in ("OBX_1", "OBX_6", "OBX_8", "OBX_11", "OBR_1")):
                self.assertIn(place, kept)
        for fact in ("2160-0^Creatinine^LN", "|1.2|mg/dL|0.6-1.3|N|", "24323-8^Comprehensive metabolic panel^LN", "ORU^R01"):
            self.assertIn(fact, output)
        shown = decoded(output)
        self.assertIn("4.1 mmol/l", shown)
        for secret in SECRETS:
            self.assertNotIn(secret, shown)

    def test_one_patient_is_one_patient_in_every_file(self):
        source = OWN.replace("{letter}", "")
        first = read(self.clean("one.hl7", source.encode()).decode())
        other = read(self.clean("two.hl7", source.replace("MSG00471", "MSG00472").encode()).decode())
        self.assertEqual(first.pid.to_er7(), other.pid.to_er7())
        self.assertNotEqual(first.msh.msh_10.to_er7(), other.msh.msh_10.to_er7())

    def test_the_traps(self):
        place = corpora()
        if place is None:
            self.skipTest("no corpora here")
        place = place / "hl7v2" / "traps"
        for record in json.loads((place / "planted.json").read_text()):
            source = (place / f"trap_{record['msg']:02}.hl7").read_bytes()
            output = self.clean(f"trap-{record['msg']}.hl7", source).decode()
            shown = decoded(output)
            for value in record["direct"] + record["dates"]:
                self.assertNotIn(value.lower(), shown)
            for value in record["keep"]:
                if value in source.decode():
                    self.assertIn(value, output)
            self.assertEqual(read(output).msh.msh_12.to_er7(), "2.5.1")

    def test_a_file_that_is_none_is_refused_and_nothing_is_written(self):
        source, target = self.run.place / "in.hl7", self.run.place / "out.hl7"
        source.write_bytes(b"MSH|^~\\&|LAB||||||ORU^R01|1|P|9.9\rPID|1||48120677||Trzebiatowski\r")
        done = self.run.wardgate("deid", "hl7v2", source, target, "--key", self.run.key, expect=(1, 2, 3))
        self.assertNotIn("Trzebiatowski", done.stderr + done.stdout)
        self.assertFalse(target.exists() and target.is_file() and b"Trzebiatowski" in target.read_bytes())


if __name__ == "__main__":
    unittest.main()
