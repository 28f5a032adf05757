"""Invented DICOM files with identifiers of invented people in the places where tools forget them."""

import datetime
import io
import random
import zlib

import numpy
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit,
    RLELossless,
)

FAMILY = ["Quillfeather", "Brzezinowski", "Oduyemi", "Vandersloot", "Kalliopoulou", "Thistlewood", "Marrowfield", "Zubizarreta"]
GIVEN = ["Ottoline", "Perpetua", "Thaddeus", "Ignatius", "Wilhelmina", "Cornelius", "Araminta", "Leopoldine"]
STREETS = ["Hollow Tarn Lane", "Candlewick Row", "Merrowdown Rise", "Saltersgate Wynd"]
CT, MR, US, SC = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7"
ROOT = "1.2.826.0.1.3680043.10.543"


class Person:
    """Somebody who does not exist, by a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        pick = self.random.choice
        self.family, self.given = pick(FAMILY), pick(GIVEN)
        self.doctor = pick([name for name in FAMILY if name != self.family])
        self.mrn = f"MR{self.random.randrange(10**6, 10**7)}"
        self.accession = f"ACC{self.random.randrange(10**7, 10**8)}"
        self.phone = f"555-01{self.random.randrange(10, 100)}-{self.random.randrange(1000, 10000)}"
        self.street = f"{self.random.randrange(10, 99)} {pick(STREETS)}"
        born = datetime.date(1935, 1, 1) + datetime.timedelta(days=self.random.randrange(20000))
        self.born = born.strftime("%Y%m%d")
        self.study = f"{ROOT}.{self.random.randrange(10**6)}.{self.born}"
        self.tagged = self.random.randrange(10**6)

    def values(self):
        """What must not be in any output."""
        return [self.family, self.given, self.doctor, self.mrn, self.accession, self.phone, self.street, self.born, self.study]

    def sentence(self):
        return f"{self.given} {self.family} ({self.mrn}), born {self.born}, was seen by Dr. {self.doctor}; call {self.phone}."


def base(person, sop_class, modality, number):
    """The usual data set of an object of a study."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = f"{ROOT}.7.{person.tagged}.{number}"
    dataset.StudyInstanceUID = person.study
    dataset.SeriesInstanceUID = f"{person.study}.{number // 10}"
    dataset.FrameOfReferenceUID = f"{person.study}.9"
    dataset.StudyDate, dataset.StudyTime = "20230614", "101530"
    dataset.Modality, dataset.Manufacturer = modality, "Example Imaging"
    dataset.AccessionNumber, dataset.PatientID = person.accession, person.mrn
    dataset.PatientName = f"{person.family}^{person.given}"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientAge = person.born, "F", "091Y"
    dataset.PatientAddress, dataset.PatientTelephoneNumbers = person.street, person.phone
    dataset.ReferringPhysicianName = f"{person.doctor}^Ada"
    dataset.InstitutionName = "Alder Grove Clinic"
    dataset.StudyDescription = f"CT ABDOMEN {person.family}"
    dataset.PatientComments = person.sentence()
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "17", "2", str(number)
    dataset.KVP, dataset.SliceThickness = "120", "2.5"
    return dataset


def picture(dataset, values, bits=16, photometric="MONOCHROME2"):
    """Puts native pixels into a data set; values have rows, columns and, for colours, three samples."""
    colour = values.ndim - (values.shape[-1] != 3) >= 3 or (values.ndim == 3 and values.shape[-1] == 3)
    frames = values.shape[0] if values.ndim == 4 or (values.ndim == 3 and not colour) else 1
    shape = values.shape[-3:-1] if colour else values.shape[-2:]
    dataset.Rows, dataset.Columns = shape
    if frames > 1:
        dataset.NumberOfFrames = str(frames)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = (3, "RGB") if colour else (1, photometric)
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, min(bits, 12), min(bits, 12) - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = values.astype("<u2" if bits == 16 else "u1").tobytes()
    dataset["PixelData"].VR = "OW" if bits == 16 else "OB"


def tissue(seed, rows=96, columns=128, most=1800):
    """A round body with soft parts and grain."""
    made = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[-1:1:rows * 1j, -1:1:columns * 1j]
    body = (x**2 + y**2 < 0.7) * (0.5 + 0.2 * numpy.sin(5 * x) * numpy.cos(4 * y))
    return numpy.clip(body * most + made.normal(0, most / 60, (rows, columns)), 0, most)


def burn(values, text, at, size, value):
    """Writes a text into one picture."""
    mask = Image.new("L", values.shape[1::-1])
    font = ImageFont.load_default(size) if size else ImageFont.load_default_imagefont()
    ImageDraw.Draw(mask).text(at, text, fill=255, font=font)
    share = numpy.asarray(mask)[..., None] / 255 if values.ndim == 3 else numpy.asarray(mask) / 255
    return values * (1 - share) + numpy.asarray(value) * share, numpy.asarray(mask) > 127


def save(dataset, path, syntax=ExplicitVRLittleEndian, preamble=b"\0" * 128, behind=b"", head=None):
    """Writes a data set as a file of a transfer syntax, with something in the preamble and behind its end."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = syntax, f"{ROOT}.1"
    for name, value in (head or {}).items():
        setattr(meta, name, value)
    dataset.file_meta, dataset.preamble = meta, preamble
    if syntax == ExplicitVRBigEndian and "PixelData" in dataset and dataset.BitsAllocated == 16:
        dataset.PixelData = numpy.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    raw = io.BytesIO()
    pydicom.dcmwrite(raw, dataset, enforce_file_format=True)
    path.write_bytes(raw.getvalue() + behind)


def traps(folder, seed):
    """Writes the files of one person, and returns the person and where text was burned in."""
    person = Person(seed)
    burned = {}
    structures(person, folder, seed)
    encodings(person, folder, seed)
    documents(person, folder)
    pictures(person, folder, seed, burned)
    return person, burned


def structures(person, folder, seed):
    """Sequences, private blocks, unknown elements, padding, preamble, file meta."""
    dataset = base(person, CT, "CT", 1)
    picture(dataset, tissue(seed))
    request = Dataset()
    request.RequestedProcedureDescription = f"abdomen for {person.family}"
    request.ScheduledProcedureStepDescription = person.sentence()
    inner = Dataset()
    inner.PersonName, inner.InstitutionAddress = f"{person.doctor}^Ada", person.street
    request.add_new(0x00401101, "SQ", Sequence([inner]))
    dataset.RequestAttributesSequence = Sequence([request])
    other = Dataset()
    other.PatientID, other.TypeOfPatientID = person.mrn, "TEXT"
    dataset.OtherPatientIDsSequence = Sequence([other])
    original = Dataset()
    modified = Dataset()
    modified.PatientName = f"{person.family}^{person.given}"
    original.ModifiedAttributesSequence = Sequence([modified])
    dataset.OriginalAttributesSequence = Sequence([original])
    block = dataset.private_block(0x0019, f"ACME {person.family}", create=True)
    block.add_new(0x01, "LO", person.mrn)
    block.add_new(0x02, "OB", person.sentence().encode("utf-16-le") + b"\0" * (len(person.sentence()) % 2))
    item = Dataset()
    item.PatientName = f"{person.family}^{person.given}"
    block.add_new(0x03, "SQ", Sequence([item]))
    code = f"{person.family}^{person.given}".encode()
    code += b" " * (len(code) % 2)
    sequence = (b"\xfe\xff\x00\xe0\xff\xff\xff\xff\x10\x00\x10\x00" + len(code).to_bytes(4, "little") + code
                + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0")
    dataset.add_new(0x00121F99, "LO", person.sentence()[:60])
    dataset.add_new(0xFFFCFFFC, "OB", person.sentence().encode() + b"\0" * (len(person.sentence()) % 2))
    note = person.sentence().encode()[:128]
    save(dataset, folder / "structures.dcm", preamble=note + b"\0" * (128 - len(note)), behind=person.mrn.encode())
    unknown = b"\x08\0\x12\x21UN\0\0" + len(sequence).to_bytes(4, "little") + sequence
    raw = (folder / "structures.dcm").read_bytes()
    (folder / "unknown.dcm").write_bytes(raw.replace(b"\x10\0\x10\0PN", unknown + b"\x10\0\x10\0PN", 1))
    private = {"SourceApplicationEntityTitle": person.family[:16], "PrivateInformationCreatorUID": f"{ROOT}.2",
               "PrivateInformation": person.sentence().encode() + b"\0" * (len(person.sentence()) % 2)}
    save(dataset, folder / "meta.dcm", head=private)


def encodings(person, folder, seed):
    """The same study in every native encoding, and names in other scripts."""
    syntaxes = [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
    for number, syntax in enumerate(syntaxes, 2):
        dataset = base(person, MR, "MR", number)
        picture(dataset, tissue(seed + number))
        save(dataset, folder / f"encoding-{'ibd'[number - 2]}.dcm", syntax)
    names = {"ISO_IR 100": f"{person.family}^Zoë", "ISO_IR 192": f"{person.family}^{person.given}=山田^太郎=やまだ^たろう",
             "\\ISO 2022 IR 87": f"{person.family}^{person.given}=山田^太郎"}
    for number, (charset, name) in enumerate(names.items(), 10):
        dataset = base(person, CT, "CT", number)
        dataset.SpecificCharacterSet = charset.split("\\")
        dataset.PatientName = name
        dataset.ImageComments = f"Bild von {name.split('=')[0]}"
        picture(dataset, tissue(seed + number))
        save(dataset, folder / f"script-{'abc'[number - 10]}.dcm")


def documents(person, folder):
    """Reports, documents and waveforms."""
    report = base(person, "1.2.840.10008.5.1.4.1.1.88.22", "SR", 30)
    report.ContentDate, report.ValueType, report.ContinuityOfContent = "20230614", "CONTAINER", "SEPARATE"
    text, name, nested = Dataset(), Dataset(), Dataset()
    text.RelationshipType, text.ValueType, text.TextValue = "CONTAINS", "TEXT", person.sentence()
    name.RelationshipType, name.ValueType, name.PersonName = "HAS OBS CONTEXT", "PNAME", f"{person.doctor}^Ada"
    nested.RelationshipType, nested.ValueType, nested.ContinuityOfContent = "CONTAINS", "CONTAINER", "SEPARATE"
    nested.ContentSequence = Sequence([text])
    report.ContentSequence = Sequence([nested, name])
    save(report, folder / "report.dcm")
    stream = zlib.compress(f"BT /F1 12 Tf 72 700 Td ({person.sentence()}) Tj ET".replace("(MR", "[MR").replace("),", "],").encode())
    parts = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
             b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
             b"<</Length %d/Filter/FlateDecode>>stream\n" % len(stream) + stream + b"\nendstream",
             b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", f"<</Author({person.given} {person.family})>>".encode()]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj" % number + part + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    body += b"xref\n0 7\n0000000000 65535 f \n" + table + b"trailer<</Size 7/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF" % body.rfind(b"endobj\n", 0) 
    pdf = base(person, "1.2.840.10008.5.1.4.1.1.104.1", "DOC", 31)
    pdf.DocumentTitle, pdf.MIMETypeOfEncapsulatedDocument = f"letter about {person.family}", "application/pdf"
    pdf.EncapsulatedDocument = body + b"\0" * (len(body) % 2)
    save(pdf, folder / "letter.dcm")
    ecg = base(person, "1.2.840.10008.5.1.4.1.1.9.1.1", "ECG", 32)
    note = Dataset()
    note.UnformattedTextValue, note.AnnotationGroupNumber = person.sentence(), 0
    ecg.WaveformAnnotationSequence = Sequence([note])
    save(ecg, folder / "ecg.dcm")
    overlay = base(person, CT, "CT", 33)
    picture(overlay, tissue(33))
    _, mask = burn(numpy.zeros((96, 128)), person.family, (4, 20), 0, 1)
    for group in (0x6000, 0x6004):
        overlay.add_new((group, 0x0010), "US", 96)
        overlay.add_new((group, 0x0011), "US", 128)
        overlay.add_new((group, 0x0022), "LO", person.family)
        overlay.add_new((group, 0x0040), "CS", "G")
        overlay.add_new((group, 0x0050), "SS", [1, 1])
        overlay.add_new((group, 0x0100), "US", 1)
        overlay.add_new((group, 0x0102), "US", 0)
        overlay.add_new((group, 0x1500), "LO", person.mrn)
        overlay.add_new((group, 0x3000), "OW", numpy.packbits(mask, bitorder="little").tobytes())
        overlay.add_new((group, 0x4000), "LT", person.sentence())
    overlay.add_new((0x5000, 0x2500), "LO", person.family)
    overlay.add_new((0x5000, 0x3000), "OW", person.sentence().encode() + b"\0" * (len(person.sentence()) % 2))
    save(overlay, folder / "overlay.dcm")


def pictures(person, folder, seed, burned):
    """Text in pixels: sizes, grounds, colours, frames, and compressed pictures."""
    at = lambda: (person.random.randrange(4, 20), person.random.randrange(4, 150))
    text = f"{person.family}, {person.given} {person.mrn}"
    for number, size in enumerate([0, 10, 12, 16, 24], 40):
        shape = (200, 640)
        dataset = base(person, SC, "OT", number)
        values, burned[f"burned-{'abcde'[number - 40]}"] = burn(tissue(seed + number, *shape), text, at(), size, 4095)
        picture(dataset, values)
        save(dataset, folder / f"burned-{'abcde'[number - 40]}.dcm")
    screen = base(person, US, "US", 50)
    values, burned["screen"] = burn(numpy.repeat(tissue(seed, 240, 480, 140)[..., None], 3, 2), text, (8, 6), 14, (250, 220, 40))
    picture(screen, values, 8)
    save(screen, folder / "screen.dcm")
    film = base(person, "1.2.840.10008.5.1.4.1.1.1", "CR", 51)
    values, burned["film"] = burn(4095 - tissue(seed, 300, 400), text, (10, 270), 16, 0)
    picture(film, values, photometric="MONOCHROME1")
    save(film, folder / "film.dcm")
    cine = base(person, SC, "XA", 52)
    written, burned["cine"] = burn(tissue(seed, 200, 480), text, (12, 100), 13, 4095)
    picture(cine, numpy.stack([tissue(seed, 200, 480), written, tissue(seed, 200, 480)]))
    save(cine, folder / "cine.dcm")
    packed = base(person, SC, "OT", 53)
    picture(packed, written)
    packed.file_meta = FileMetaDataset()
    packed.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    packed.compress(RLELossless, generate_instance_uid=False)
    save(packed, folder / "packed.dcm", RLELossless)
    coded = base(person, SC, "OT", 54)
    picture(coded, tissue(seed, 96, 128, 200), 8)
    code = io.BytesIO()
    Image.fromarray(tissue(seed, 96, 128, 200).astype("u1")).save(code, "JPEG", comment=person.sentence().encode())
    coded.PixelData = encapsulate([code.getvalue()])
    coded["PixelData"].VR = "OB"
    coded["PixelData"].is_undefined_length = True
    save(coded, folder / "coded.dcm", JPEGBaseline8Bit)


def broken(folder, good):
    """Files that cannot be cleaned."""
    raw = good.read_bytes()
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "letter.txt").write_text("Dear colleague, nothing here is DICOM.\n")
    (folder / "cut.dcm").write_bytes(raw[: len(raw) * 2 // 3])
    (folder / "zeros.dcm").write_bytes(bytes(4096))
    (folder / "head.dcm").write_bytes(raw[:200])
    (folder / "label.dcm").write_bytes(raw.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0", 1))
