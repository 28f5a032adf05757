"""C-CDA through the real binary, read again by lxml.

Validity is shown by a check of our own rather than by the CDA schema, which no package that we use carries: the output has the elements of the
input in the same order with the same attributes, so that what was valid stays valid, and every value that is left
out says so by its nullFlavor.
"""

import base64
import unittest

from lxml import etree

from scene import Run, corpora

V3 = "{urn:hl7-org:v3}"
OWN = """<?xml version="1.0" encoding="{encoding}"?>
<!-- about Ottilie Trzebiatowski -->
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc">
<realmCode code="US"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.10.20.22.1.1" extension="2015-08-01"/><id root="1.2.3.771" extension="DOC771200"/>
<code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/><title>Summary</title><effectiveTime value="20240312"/>
<recordTarget><patientRole><id root="1.2.3.772" extension="48120677"/><addr><streetAddressLine>14 Quillfeather Lane</streetAddressLine></addr>
<telecom value="tel:(617)555-8842"/><patient><name><given>Ottilie</given><family>Trzebiatowski</family></name>
<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19710523"/></patient></patientRole></recordTarget>
<component><structuredBody><component><section><code code="30954-2" codeSystem="2.16.840.1.113883.6.1"/><title>Results</title>
<text><paragraph>Seen: <content ID="who">Ottilie</content> Trzebiatowski, potassium <content ID="k">4.1 mmol/L</content>.</paragraph></text>
<entry><observation classCode="OBS" moodCode="EVN"><id root="9a6d1bac-17d3-4195-89a4-1121bc809b4d"/>
<code code="2823-3" codeSystem="2.16.840.1.113883.6.1" displayName="Potassium"/><text><reference value="#k"/></text>
<statusCode code="completed"/><effectiveTime value="20240312"/><value xsi:type="PQ" value="4.1" unit="mmol/L"/></observation></entry>
</section></component></structuredBody></component></ClinicalDocument>
"""
SECRETS = ("ottilie", "trzebiatowski", "48120677", "quillfeather", "555-8842", "19710523", "doc771200", "9a6d1bac")


# Optional elements that are left out whole: signatures and pictures of people.
LEFT_OUT = ("signatureText", "thumbnail")


def elements(root):
    def left_out(element):
        above = [element, *element.iterancestors()]
        return any(etree.QName(one).localname in LEFT_OUT for one in above)

    return [element for element in root.iter() if isinstance(element.tag, str) and not left_out(element)]


class Documents(unittest.TestCase):
    def setUp(self):
        self.run = Run()
        self.addCleanup(self.run.close)

    def clean(self, name, data, expect=0):
        source, target = self.run.place / f"in-{name}", self.run.place / f"out-{name}"
        source.write_bytes(data)
        done = self.run.wardgate("deid", "ccda", source, target, "--key", self.run.key, expect=expect)
        return target.read_bytes() if expect == 0 else done

    def same_structure(self, source, output):
        before, after = etree.fromstring(source), etree.fromstring(output)
        self.assertEqual([element.tag for element in elements(before)], [element.tag for element in elements(after)])
        for old, new in zip(elements(before), elements(after)):
            gone = set(old.attrib) - set(new.attrib)
            if gone & {"value", "extension", "root", "code"}:
                self.assertIn("nullFlavor", new.attrib, new.tag)
            if "codeSystem" in old.attrib or old.tag in (V3 + "templateId", V3 + "typeId"):
                for name in ("code", "codeSystem", "root", "extension"):
                    self.assertEqual(old.get(name), new.get(name), old.tag)
            if old.get("{http://www.w3.org/2001/XMLSchema-instance}type") in ("PQ", "IVL_PQ", "INT", "REAL"):
                self.assertEqual((old.get("value"), old.get("unit")), (new.get("value"), new.get("unit")))
        anchors = {element.get("ID") for element in elements(after)}
        known = {element.get("ID") for element in elements(before)}
        for old, new in zip(elements(before), elements(after)):
            if (old.get("value") or "").startswith("#") and old.get("value")[1:] in known:
                self.assertIn(new.get("value")[1:], anchors)
        return after

    def test_a_foreign_reader_finds_the_same_structure_and_nobody(self):
        for encoding in ("UTF-8", "ISO-8859-1", "UTF-16"):
            source = OWN.replace("{encoding}", encoding).encode(encoding)
            output = self.clean(f"{encoding}.xml", source)
            after = self.same_structure(source, output)
            shown = output.decode().lower()
            for secret in SECRETS:
                self.assertNotIn(secret, shown)
            self.assertIn("4.1 mmol/l", "".join(after.itertext()).lower())

    def test_the_samples(self):
        place = corpora()
        if place is None:
            self.skipTest("no corpora here")
        for path in sorted((place / "ccda").glob("*.xml")):
            source = path.read_bytes()
            output = self.clean(path.name, source)
            after = self.same_structure(source, output)
            before = etree.fromstring(source)
            families = {(element.text or "").strip() for element in before.iter(V3 + "family")}
            left = {(element.text or "").strip() for element in after.iter(V3 + "family")}
            self.assertFalse((families & left) - {""}, path.name)
            for element in after.iter(V3 + "text"):
                if element.get("representation") == "B64" and (element.text or "").strip():
                    self.assertNotIn(b"Everyman", base64.b64decode(element.text))

    def test_bombs_and_strangers_are_refused(self):
        bomb = b'<!DOCTYPE a [<!ENTITY a "Trzebiatowski"><!ENTITY b "&a;&a;&a;">]><ClinicalDocument xmlns="urn:hl7-org:v3">&b;</ClinicalDocument>'
        for name, data in (("bomb.xml", bomb), ("html.xml", b"<html>Trzebiatowski</html>"), ("cut.xml", OWN.encode()[:600])):
            done = self.clean(name, data, expect=(1, 2, 3))
            self.assertNotIn("Trzebiatowski", done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
