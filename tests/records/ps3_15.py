"""A checker of de-identified DICOM files by PS3.15 Annex E, over pydicom, written from the standard.

It knows nothing of how Wardgate works: it compares an input with its output, by Table E.1-1 when a copy of it is
there (a CSV of tags, action codes and option columns), else by a short list of its own.
"""

import base64
import csv
import re
import warnings
import zlib

import numpy
import pydicom
from pydicom.datadict import dictionary_has_tag
from pydicom.tag import Tag

warnings.filterwarnings("ignore")

# PS3.15 Table E.1-1: what identifies a person most directly, with the Basic Profile's actions.
OWN_TABLE = {
    "(0008,0014)": "U", "(0008,0018)": "U", "(0008,0050)": "Z", "(0008,0080)": "X/Z/D", "(0008,0081)": "X",
    "(0008,0090)": "Z", "(0008,0092)": "X", "(0008,0094)": "X", "(0008,1048)": "X", "(0008,1050)": "X",
    "(0008,1060)": "X", "(0008,1070)": "X/Z/D", "(0008,1195)": "U", "(0010,0010)": "Z", "(0010,0020)": "Z",
    "(0010,0021)": "X", "(0010,0030)": "Z", "(0010,0032)": "X", "(0010,0050)": "X", "(0010,1000)": "X",
    "(0010,1001)": "X", "(0010,1005)": "X", "(0010,1040)": "X", "(0010,1060)": "X", "(0010,2154)": "X",
    "(0018,1000)": "X/Z/D", "(0018,1002)": "U", "(0020,000D)": "U", "(0020,000E)": "U", "(0020,0010)": "Z",
    "(0020,0052)": "U", "(0020,0200)": "U", "(0032,1032)": "X", "(0038,0300)": "X", "(0040,A075)": "D",
    "(0040,A123)": "D", "(0040,A124)": "U", "(4008,0114)": "X", "(FFFC,FFFC)": "X",
}
# Options of the standard by the code that a file carries for them (PS3.16 CID 7050), and their columns in a table.
OPTION_COLUMNS = {
    "113103": "clean-graph", "113104": "clean-struct", "113105": "clean-desc", "113106": "full-dates",
    "113107": "modified-dates", "113108": "patient-chars", "113109": "device", "113110": "uids",
    "113111": "safe-private", "113112": "institution",
}
# Creators of Table E.3.10-1, beginnings in capitals.
SAFE_CREATORS = ("PHILIPS", "GEMS_", "GE_", "SIEMENS", "ELSCINT1", "SPI-P", "TOSHIBA", "DLX_", "INTELERAD", "AMI ",
                 "ADAC_IMG", "FDMS 1.0", "HOLOGIC", "SCHICK", "MEDISON", "1.2.840.113663.1", "KONICA", "ACUSON", "IMPAC")
VALUE_LEN_MIN = 5


class Table:
    """Action codes by tag."""

    def __init__(self, path=None):
        self.rows = {tag: (action, {}) for tag, action in OWN_TABLE.items()}
        if path and path.is_file():
            with path.open(newline="") as file:
                rows = {row["tag"].upper(): row for row in csv.DictReader(file)}
            self.rows = {tag: (row["basic_profile"], row) for tag, row in rows.items()}

    def action(self, tag, options):
        """What the Basic Profile says of a tag, or `K` or `C` where an option that is on says so."""
        element = "XXXX" if tag.group >> 8 == 0x50 else f"{tag.element:04X}"
        group = f"({tag.group >> 8:02X}XX,{element})"
        usual = (None, {})
        if 0x5000 <= tag.group <= 0x50FF or (0x6000 <= tag.group <= 0x60FF and tag.element in (0x3000, 0x4000)):
            usual = ("X", {})
        action, columns = self.rows.get(written(tag), self.rows.get(group, usual))
        for code in options:
            said = columns.get(OPTION_COLUMNS.get(code, ""), "")
            if said in ("K", "C"):
                return said
        return action


def written(tag):
    return f"({tag.group:04X},{tag.element:04X})"


def walk(dataset, path=()):
    """Every element of a data set with the path of its items."""
    for element in list(dataset):
        yield path, element
        if element.VR == "SQ":
            for number, item in enumerate(element.value or []):
                yield from walk(item, (*path, (element.tag, number)))


def place(dataset, path):
    """The item at a path, when it is there."""
    for tag, number in path:
        if tag not in dataset or dataset[tag].VR != "SQ" or number >= len(dataset[tag].value or []):
            return None
        dataset = dataset[tag].value[number]
    return dataset


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).rstrip(b"\0 ")
    return str(value).strip().rstrip("\0")


def options_of(dataset):
    """Codes of the profile and options that a file says it was cleaned by."""
    return [str(item.CodeValue) for item in dataset.get("DeidentificationMethodCodeSequence", [])]


def violations(source, output, table):
    """What of an output the standard forbids: texts that name tags, never values."""
    found = []
    before, after = pydicom.dcmread(source, force=True), pydicom.dcmread(output)
    options = options_of(after)
    for path, element in walk(before):
        found += judged(element, path, after, table.action(element.tag, options))
    found += markers(after, options) + head(output, after) + private(after)
    return found


def judged(element, path, after, action):
    item = place(after, path)
    value = plain(element.value) if element.VR != "SQ" else None
    if action in (None, "K", "C") or item is None or value in ("", b"", "None"):
        return []
    there = element.tag in item
    name = written(element.tag)
    if action in ("X", "X*") and there:
        return [f"{name} should be gone"]
    if not there or element.VR == "SQ":
        return []
    now = plain(item[element.tag].value)
    # Names that the standard itself gives, such as those of palettes, identify nothing.
    if action.startswith("U") and now == value and not value.startswith("1.2.840.10008."):
        return [f"{name} is an old UID"]
    if action == "D" and now in ("", b"", "None"):
        return [f"{name} is empty"]
    if "Z" in action or "D" in action:
        return [f"{name} is unchanged"] if now == value else []
    return []


def markers(after, options):
    found = []
    if after.get("PatientIdentityRemoved") != "YES":
        found.append("(0012,0062) is not YES")
    if not after.get("DeidentificationMethod"):
        found.append("(0012,0063) is missing")
    if "113100" not in options:
        found.append("(0012,0064) does not name the Basic Profile")
    dated = {"113106": "UNMODIFIED", "113107": "MODIFIED"}
    wanted = next((word for code, word in dated.items() if code in options), "REMOVED")
    if after.get("LongitudinalTemporalInformationModified") != wanted:
        found.append(f"(0028,0303) is not {wanted}")
    return found


def head(output, after):
    """The preamble and the file meta group: nothing that is not needed to read the file."""
    found = []
    raw = output.read_bytes()[:132]
    if raw[:128] != bytes(128) or raw[128:] != b"DICM":
        found.append("the preamble is not empty")
    allowed = {0x0000, 0x0001, 0x0002, 0x0003, 0x0010, 0x0012, 0x0013}
    for element in after.file_meta:
        if element.tag.element not in allowed:
            found.append(f"{written(element.tag)} in the file meta group")
    if str(after.file_meta.get("MediaStorageSOPInstanceUID", "")) != str(after.get("SOPInstanceUID", "")):
        found.append("(0002,0003) is not (0008,0018)")
    return found


def private(after):
    found = []
    for path, element in walk(after):
        tag = element.tag
        if tag.group % 2 == 1 and tag.element > 0xFF:
            item = place(after, path)
            creator = str(item.get(Tag(tag.group, tag.element >> 8), pydicom.DataElement(tag, "LO", "")).value)
            if not creator.upper().startswith(SAFE_CREATORS):
                found.append(f"private {written(tag)} of an unknown creator")
        elif tag.group % 2 == 0 and not dictionary_has_tag(tag) and not 0x5000 <= tag.group <= 0x60FF:
            found.append(f"{written(tag)} is in no dictionary")
    return found


def uids(source, output):
    """Pairs of old and new instance UIDs, with their tags."""
    before, after = pydicom.dcmread(source, force=True), pydicom.dcmread(output)
    for path, element in walk(before):
        item = place(after, path)
        if element.VR == "UI" and item is not None and element.tag in item:
            old, new = element.value, item[element.tag].value
            both = zip(old, new) if isinstance(old, pydicom.multival.MultiValue) else [(old, new)]
            yield from ((element.tag, str(one), str(other)) for one, other in both if one)


def kept(source, output, table):
    """How many standard elements outside of Table E.1-1 an input has, and how many its output has unchanged."""
    before, after = pydicom.dcmread(source, force=True), pydicom.dcmread(output)
    total = same = 0
    for path, element in walk(before):
        tag, item = element.tag, place(after, path)
        standard = tag.group % 2 == 0 and tag.element != 0 and dictionary_has_tag(tag)
        if not standard or element.VR in ("SQ", "UN") or item is None or table.action(tag, []) is not None:
            continue
        if tag.group in (0x0002, 0xFFFC) or 0x5000 <= tag.group <= 0x60FF or tag == 0x7FE00010:
            continue
        total += 1
        same += tag in item and (plain(item[tag].value) == plain(element.value) or tag == 0x00080005)
    return total, same


def pixels(source, output):
    """Whether the pixels are the same, and the share that differs; None when they cannot be decoded here."""
    before, after = pydicom.dcmread(source, force=True), pydicom.dcmread(output)
    if "PixelData" not in before:
        return None
    if str(before.file_meta.get("TransferSyntaxUID", "")) not in ("", str(after.file_meta.TransferSyntaxUID)):
        return 2.0
    try:
        one, other = before.pixel_array, after.pixel_array
    except Exception:
        # What pydicom cannot decode without another library is compared as code, but for comments.
        return 0.0 if len(before.PixelData) == len(after.PixelData) else 2.0
    return float(numpy.mean(one != other)) if one.shape == other.shape else 2.0


def everything(output):
    """All bytes of a file in which something could stand: as they are, inflated, and the streams of documents."""
    raw = output.read_bytes()
    parts = [raw]
    after = pydicom.dcmread(output)
    if str(after.file_meta.TransferSyntaxUID) == "1.2.840.10008.1.2.1.99":
        size = after.file_meta.get("FileMetaInformationGroupLength", 0)
        parts.append(zlib.decompress(raw[144 + size:], -zlib.MAX_WBITS))
    for part in list(parts):
        for start in re.finditer(rb"stream\r?\n", part):
            try:
                parts.append(zlib.decompressobj().decompress(part[start.end():]))
            except zlib.error:
                continue
    return parts


def spellings(value):
    """A value as bytes, in every encoding in which it could have stayed."""
    for text in {value, value.replace("^", " "), value.replace(" ", "^")}:
        for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "shift_jis", "iso2022_jp"):
            try:
                yield text.encode(encoding).lower()
            except UnicodeEncodeError:
                continue
    for lead in range(3):
        code = base64.b64encode(b"\0" * lead + value.encode())
        yield code[[0, 2, 3][lead]: (lead + len(value.encode())) // 3 * 4].lower()


def leaks(output, values):
    """Which of the values stand in an output, by their place in the list."""
    parts = [part.lower() for part in everything(output)]
    texts = [str(element.value).lower() for _, element in walk(pydicom.dcmread(output)) if element.VR not in ("SQ", "OB", "OW", "UN")]
    found = []
    for index, value in enumerate(values):
        sought = [code for code in spellings(value) if len(code) >= VALUE_LEN_MIN]
        if any(code in part for code in sought for part in parts) or any(value.lower() in text for text in texts):
            found.append(index)
    return found


def identifying(source):
    """What identifies somebody in an input: names, numbers, addresses, as far as they are long enough to tell."""
    values = set()
    dataset = pydicom.dcmread(source, force=True)
    direct = {0x00100020, 0x00100021, 0x00101000, 0x00101040, 0x00102154, 0x00080050, 0x00101090, 0x00380010}
    for _, element in walk(dataset):
        many = element.value if isinstance(element.value, pydicom.multival.MultiValue) else [element.value]
        for value in many:
            text = str(value).strip()
            if element.VR == "PN":
                values.update(word for word in re.split(r"[\^= ,]+", text) if len(word) >= VALUE_LEN_MIN)
            elif int(element.tag) in direct and len(text) >= VALUE_LEN_MIN:
                values.add(text)
    return sorted(values)
