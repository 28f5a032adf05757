"""DICOM over DIMSE: pynetdicom stores through the relay at another pynetdicom, in several syntaxes."""

import threading
import unittest

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RawDataStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification

import relays
import scene

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian]


def raw_data(syntax):
    """An object without pixels, of a patient."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = RawDataStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = syntax
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid()
    data.SeriesInstanceUID = generate_uid()
    data.PatientName = "Lindqvist^Maria"
    data.PatientID = "4471902"
    data.StudyDate = "20240312"
    data.Modality = "OT"
    data.InstanceNumber = 7
    data.ContentDate = "20240312"
    data.ContentTime = "101500"
    return data


class Receiver:
    """A storage SCP that keeps what it receives, and answers with one status."""

    def __init__(self, contexts, status=0x0000):
        self.received = []
        self.lock = threading.Lock()
        entity = AE(ae_title="ARCHIVE")
        for abstract, syntaxes in contexts:
            entity.add_supported_context(abstract, syntaxes)
        handlers = [(evt.EVT_C_STORE, self.store)]
        self.status = status
        self.server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.address = self.server.socket.getsockname()

    def store(self, event):
        data = event.dataset
        data.file_meta = event.file_meta
        with self.lock:
            self.received.append((data, event.context.transfer_syntax))
        return self.status

    def close(self):
        self.server.shutdown()


class RelayDicom(unittest.TestCase):
    def setUp(self):
        self.run_ = scene.Run()

    def tearDown(self):
        self.run_.close()

    def relay_to(self, receiver, *arguments):
        host, port = receiver.address
        return relays.Relay(self.run_, "dicom", "--to", f"ARCHIVE@{host}:{port}", *arguments)

    def associate(self, relay, contexts, title="RELAY", own="MODALITY"):
        entity = AE(ae_title=own)
        for abstract, syntax in contexts:
            entity.add_requested_context(abstract, syntax)
        return entity.associate(*relay.address, ae_title=title)

    def test_objects_pass_in_every_syntax_that_is_offered(self):
        receiver = Receiver([(RawDataStorage, SYNTAXES)])
        relay = self.relay_to(receiver)
        sent = {syntax: raw_data(syntax) for syntax in SYNTAXES}
        link = self.associate(relay, [(Verification, ImplicitVRLittleEndian), *((RawDataStorage, s) for s in SYNTAXES)])
        self.assertTrue(link.is_established)
        self.assertEqual(link.send_c_echo().Status, 0)
        for data in sent.values():
            status = link.send_c_store(data)
            self.assertEqual(status.Status, 0x0000)
        link.release()
        counts = relay.stop()
        receiver.close()
        self.assertEqual((counts["received"], counts["passed"]), (len(SYNTAXES), len(SYNTAXES)))
        self.assertEqual({syntax for _, syntax in receiver.received}, set(SYNTAXES))
        for data, syntax in receiver.received:
            before = sent[pydicom.uid.UID(syntax)]
            self.assertNotEqual(data.SOPInstanceUID, before.SOPInstanceUID)
            self.assertNotEqual(data.StudyInstanceUID, before.StudyInstanceUID)
            self.assertEqual(data.InstanceNumber, 7)
            written = str(data)
            for left in ("Lindqvist", "4471902", str(before.SOPInstanceUID), "20240312"):
                self.assertNotIn(left, written)
        self.assertNotIn("Lindqvist", relay.log)

    def test_a_compressed_image_that_no_decoder_reads_is_refused(self):
        receiver = Receiver([(SecondaryCaptureImageStorage, [JPEGBaseline8Bit])])
        relay = self.relay_to(receiver)
        data = raw_data(JPEGBaseline8Bit)
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
        data.Rows, data.Columns, data.SamplesPerPixel = 8, 8, 1
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
        data.PhotometricInterpretation = "MONOCHROME2"
        data.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
        data["PixelData"].is_undefined_length = True
        link = self.associate(relay, [(SecondaryCaptureImageStorage, JPEGBaseline8Bit)])
        status = link.send_c_store(data).Status
        link.release()
        relay.stop()
        receiver.close()
        # A picture that no decoder reads must not pass unseen, and nothing is recompressed.
        self.assertEqual(status & 0xF000, 0xC000)
        self.assertEqual(receiver.received, [])

    def test_the_status_is_never_success_when_the_receiver_refuses(self):
        for status, expected in ((0xA700, 0xA700), (0xC123, 0xC003), (0xB000, 0x0000)):
            receiver = Receiver([(RawDataStorage, SYNTAXES)], status)
            relay = self.relay_to(receiver)
            link = self.associate(relay, [(RawDataStorage, ExplicitVRLittleEndian)])
            self.assertEqual(link.send_c_store(raw_data(ExplicitVRLittleEndian)).Status, expected)
            link.release()
            relay.stop()
            receiver.close()

    def test_only_named_callers_are_heard(self):
        receiver = Receiver([(RawDataStorage, SYNTAXES)])
        relay = self.relay_to(receiver, "--title", "RELAY", "--caller", "CT1", "--caller", "CT2")
        contexts = [(RawDataStorage, ExplicitVRLittleEndian)]
        for title, own in (("RELAY", "MODALITY"), ("OTHER", "CT1")):
            # The refusal and the end of the connection come at once, and pynetdicom may see either first.
            link = self.associate(relay, contexts, title=title, own=own)
            self.assertFalse(link.is_established)
            self.assertTrue(link.is_rejected or link.is_aborted)
        link = self.associate(relay, contexts, own="CT2")
        self.assertTrue(link.is_established)
        link.release()
        relay.stop()
        receiver.close()

    def test_a_folder_receives_objects(self):
        out = self.run_.place / "out"
        relay = relays.Relay(self.run_, "dicom", "--out", out)
        link = self.associate(relay, [(RawDataStorage, ExplicitVRLittleEndian)])
        for _ in range(3):
            self.assertEqual(link.send_c_store(raw_data(ExplicitVRLittleEndian)).Status, 0)
        link.release()
        relay.stop()
        stored = list(out.rglob("*.dcm"))
        self.assertEqual(len(stored), 3)
        for path in stored:
            data = pydicom.dcmread(path)
            self.assertEqual(path.stem, data.SOPInstanceUID)
            self.assertEqual(path.parent.name, data.SeriesInstanceUID)
            self.assertEqual(data.PatientIdentityRemoved, "YES")


if __name__ == "__main__":
    unittest.main()
