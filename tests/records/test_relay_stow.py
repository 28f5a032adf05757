"""STOW-RS: `dicomweb-client` stores through the relay into a folder."""

import unittest

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.uid import ExplicitVRLittleEndian

import relays
import scene
from test_relay_dicom import raw_data


class RelayStow(unittest.TestCase):
    def setUp(self):
        self.run_ = scene.Run()
        self.out = self.run_.place / "out"

    def tearDown(self):
        self.run_.close()

    def client(self, relay, **more):
        host, port = relay.address
        return DICOMwebClient(url=f"http://{host}:{port}/dicomweb", **more)

    def objects(self, count):
        objects = [raw_data(ExplicitVRLittleEndian) for _ in range(count)]
        for data in objects:
            data.preamble = b"\0" * 128
        return objects

    def test_objects_are_stored_under_new_uids(self):
        relay = relays.Relay(self.run_, "stow", "--out", self.out)
        sent = self.objects(3)
        answer = self.client(relay, chunk_size=1000).store_instances(sent)
        counts = relay.stop()
        stored = {item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence}
        self.assertEqual((counts["received"], counts["passed"]), (3, 3))
        self.assertEqual(len(stored), 3)
        self.assertFalse(stored & {data.SOPInstanceUID for data in sent})
        files = list(self.out.rglob("*.dcm"))
        self.assertEqual({path.stem for path in files}, stored)
        for path in files:
            text = str(pydicom.dcmread(path))
            for left in ("Lindqvist", "4471902"):
                self.assertNotIn(left, text)
        self.assertNotIn("Lindqvist", relay.log)

    def test_the_study_of_the_address_counts(self):
        relay = relays.Relay(self.run_, "stow", "--out", self.out)
        mine, other = self.objects(2)
        answer = self.client(relay).store_instances([mine, other], study_instance_uid=mine.StudyInstanceUID)
        relay.stop()
        self.assertEqual(len(answer.ReferencedSOPSequence), 1)
        (failed,) = answer.FailedSOPSequence
        self.assertEqual(failed.ReferencedSOPInstanceUID, other.SOPInstanceUID)

    def test_a_token_is_asked_for(self):
        token = self.run_.place / "token"
        token.write_text("a-long-secret\n")
        token.chmod(0o600)
        relay = relays.Relay(self.run_, "stow", "--out", self.out, "--token", token)
        with self.assertRaises(requests.HTTPError):
            self.client(relay).store_instances(self.objects(1))
        headers = {"Authorization": "Bearer a-long-secret"}
        answer = self.client(relay, headers=headers).store_instances(self.objects(1))
        relay.stop()
        self.assertEqual(len(answer.ReferencedSOPSequence), 1)


if __name__ == "__main__":
    unittest.main()
