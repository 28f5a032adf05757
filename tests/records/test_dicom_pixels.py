"""What the options for burned-in text and the rules by device do to pixels, judged by pydicom."""

import io
import unittest

import numpy
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

import dicom_traps
import scene
from dicom_traps import SC, burn, picture, save, tissue

SEED = 4177
SHAPE = (240, 480)


def coded(dataset, values, syntax, form, photometric, **options):
    """Puts frames into a data set as Pillow compresses them."""
    frames = values if values.ndim == 4 else values[None]
    codes = []
    for frame in frames:
        code = io.BytesIO()
        Image.fromarray(frame.squeeze().astype("u1")).save(code, form, **options)
        codes.append(code.getvalue())
    picture(dataset, values, 8)
    dataset.BitsStored, dataset.HighBit = 8, 7
    dataset.PhotometricInterpretation = photometric
    dataset.PixelData = encapsulate(codes)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return syntax


def made(folder, person):
    """Pictures with a name burned in, in four ways to compress them; and where the name stands."""
    text = f"{person.family}, {person.given} {person.mrn}"
    masks = {}
    for number, name in enumerate(["rle", "grey", "colour", "lossless", "cine"], 60):
        dataset = dicom_traps.base(person, SC, "OT", number)
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        ground = tissue(SEED + number, *SHAPE, 140)
        if name in ("colour", "lossless", "cine"):
            ground = numpy.stack([ground, ground * 0.8, ground * 0.6], -1)
        values, masks[name] = burn(ground, text, (14, 90), 16, 250)
        values = numpy.clip(values, 0, 255).astype("u1")
        if name == "rle":
            syntax = RLELossless
            picture(dataset, values, 8)
            dataset.BitsStored, dataset.HighBit = 8, 7
            dataset.file_meta = pydicom.dataset.FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset.compress(RLELossless, generate_instance_uid=False)
        elif name == "grey":
            syntax = coded(dataset, values, JPEGBaseline8Bit, "JPEG", "MONOCHROME2", quality=95)
        elif name == "colour":
            syntax = coded(dataset, values, JPEGBaseline8Bit, "JPEG", "YBR_FULL_422", quality=95)
            dataset.LossyImageCompression, dataset.LossyImageCompressionRatio = "01", "12"
        elif name == "lossless":
            syntax = coded(dataset, values, JPEG2000Lossless, "JPEG2000", "YBR_RCT", irreversible=False, no_jp2=True, mct=1)
        else:
            clean = ground.astype("u1")
            syntax = coded(dataset, numpy.stack([clean, values, clean]), JPEGBaseline8Bit, "JPEG", "YBR_FULL_422", quality=95)
        save(dataset, folder / f"{name}.dcm", syntax)
    return masks


class Burned(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_of = scene.Run()
        cls.input = cls.run_of.place / "in"
        cls.input.mkdir()
        cls.person = dicom_traps.Person(SEED)
        cls.masks = made(cls.input, cls.person)

    @classmethod
    def tearDownClass(cls):
        cls.run_of.close()

    def cleaned(self, name, *options, expect=0):
        """The folder that a run writes, and its report."""
        out, report = self.run_of.place / name, self.run_of.place / f"{name}.json"
        self.run_of.wardgate("deid", "dicom", self.input, out, "--key", self.run_of.key, "--report", report, *options, expect=expect)
        return out, self.run_of.report(report)

    def test_compressed_text_is_refused_unless_decoding_is_wanted(self):
        out, report = self.cleaned("blank", expect=1)
        self.assertEqual({one["code"] for one in report["refused"]}, {"dicom.burned_in"})
        self.assertEqual(len(report["refused"]), len(self.masks))
        self.assertEqual(list(out.rglob("*.dcm")), [])

    def test_decoded_pixels_are_blank_where_text_was_and_the_same_elsewhere(self):
        out, report = self.cleaned("decoded", "--burned-in", "decode-and-blank")
        self.assertEqual(report["run"]["options"]["burned_in"], "decode-and-blank")
        self.assertEqual(report["operations"]["compressed pixels, decoded to be blanked"]["replaced"], len(self.masks))
        self.assertGreaterEqual(report["operations"]["areas of pixels: text found"]["removed"], len(self.masks))
        outputs = {path.stem: path for path in out.rglob("*.dcm")}
        for name, mask in self.masks.items():
            with self.subTest(name):
                source, output = pydicom.dcmread(self.input / f"{name}.dcm"), pydicom.dcmread(outputs[name])
                self.assertEqual(output.file_meta.TransferSyntaxUID, ExplicitVRLittleEndian)
                colour = output.SamplesPerPixel == 3
                self.assertEqual(output.PhotometricInterpretation, "RGB" if colour else "MONOCHROME2")
                self.assertEqual(output.ImageType[0], "DERIVED")
                self.assertIn("blanked", output.DerivationDescription)
                self.assertEqual(output.BurnedInAnnotation, "NO")
                if name in ("grey", "colour", "cine"):
                    self.assertEqual(output.LossyImageCompression, "01")
                if name == "colour":
                    self.assertEqual(output.LossyImageCompressionRatio, 12)
                before, after = pixel_array(source).astype(int), pixel_array(output).astype(int)
                self.assertEqual(before.shape, after.shape)
                frames = [1] if name == "cine" else [None]
                one, other = (before[1], after[1]) if frames == [1] else (before, after)
                self.assertTrue((other[mask] == 0).all(), "text is left")
                rows, columns = numpy.nonzero(mask)
                around = numpy.ones(mask.shape, bool)
                around[max(rows.min() - 40, 0):rows.max() + 40, max(columns.min() - 40, 0):columns.max() + 40] = False
                # Two decoders of lossy JPEG may differ by their rounding of colours.
                most = {"rle": 0, "lossless": 0, "grey": 2}.get(name, 6)
                self.assertLessEqual(numpy.abs(one[around] - other[around]).max(), most)

    def test_text_is_refused_when_that_is_wanted(self):
        native = self.run_of.place / "native"
        native.mkdir()
        dataset = dicom_traps.base(self.person, SC, "OT", 80)
        values, _ = burn(tissue(SEED, *SHAPE), self.person.family, (14, 90), 16, 4095)
        picture(dataset, values)
        save(dataset, native / "name.dcm")
        picture(dataset, tissue(SEED, *SHAPE))
        save(dataset, native / "plain.dcm")
        report = self.run_of.place / "refuse.json"
        self.run_of.wardgate("deid", "dicom", native, self.run_of.place / "refuse", "--key", self.run_of.key,
                             "--burned-in", "refuse", "--report", report, expect=(0, 1))
        refused = self.run_of.report(report)["refused"]
        self.assertEqual([(one["file"], one["code"]) for one in refused], [("name.dcm", "dicom.burned_in")])


class Devices(unittest.TestCase):
    """Rows of a hospital's own file."""

    ROWS = (
        "# Our own devices.\n"
        "-\tCR\t-\t-\tEXAMPLE IMAGING\tPlate 2\t480x240\tblank\t0,0,100%,10%;400,200,80,40\tour conformance tests\n"
        "-\tOT\t-\tSCREEN\tEXAMPLE\t-\t-\tkeep\t10%,20%,50%,60%\tour screens\n"
    )

    @classmethod
    def setUpClass(cls):
        cls.run_of = scene.Run()

    @classmethod
    def tearDownClass(cls):
        cls.run_of.close()

    def run_over(self, folder, rows, expect=0):
        devices = self.run_of.place / f"{folder.name}.tsv"
        devices.write_text(rows)
        out, report = self.run_of.place / f"{folder.name}-out", self.run_of.place / f"{folder.name}.json"
        done = self.run_of.wardgate("deid", "dicom", folder, out, "--key", self.run_of.key, "--devices", devices,
                                    "--report", report, expect=expect)
        return done, out, report

    def test_areas_are_blanked_and_kept_and_nothing_else_changes(self):
        folder = self.run_of.place / "devices"
        folder.mkdir()
        person = dicom_traps.Person(SEED)
        plate = dicom_traps.base(person, "1.2.840.10008.5.1.4.1.1.1", "CR", 1)
        plate.ManufacturerModelName, plate.BurnedInAnnotation = "Plate 2 HD", "YES"
        picture(plate, tissue(SEED, *SHAPE) + 300)
        save(plate, folder / "plate.dcm")
        screen = dicom_traps.base(person, SC, "OT", 2)
        screen.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
        values = tissue(SEED + 1, *SHAPE, 140) + 20
        picture(screen, numpy.stack([values, values, values / 2], -1), 8)
        screen.BitsStored, screen.HighBit = 8, 7
        save(screen, folder / "screen.dcm")
        _, out, report = self.run_over(folder, self.ROWS)
        operations = self.run_of.report(report)["operations"]
        self.assertEqual(operations["areas of pixels: rule"]["removed"], 2)
        self.assertIn("areas of pixels: outside of the picture", operations)
        self.assertRegex(self.run_of.report(report)["run"]["options"]["devices"], "^[0-9a-f]{64}$")
        gone = {"plate": numpy.zeros(SHAPE, bool), "screen": numpy.ones(SHAPE, bool)}
        gone["plate"][:24] = gone["plate"][200:240, 400:480] = True
        gone["screen"][48:48 + 144, 48:48 + 240] = False
        for path in out.rglob("*.dcm"):
            before = pydicom.dcmread(folder / path.name).pixel_array
            after = pydicom.dcmread(path).pixel_array
            mask = gone[path.stem]
            self.assertTrue((after[mask] == 0).all(), path.name)
            self.assertTrue((after[~mask] == before[~mask]).all(), path.name)

    def test_a_row_that_cannot_be_read_is_told_with_its_line(self):
        folder = self.run_of.place / "wrong"
        folder.mkdir()
        (folder / "a.dcm").write_bytes(b"")
        done, out, _ = self.run_over(folder, self.ROWS + "-\tCT\tblank\n", expect=(1, 2))
        self.assertIn("line 4", done.stderr)
        self.assertFalse(out.exists() and any(out.iterdir()))


if __name__ == "__main__":
    unittest.main()
