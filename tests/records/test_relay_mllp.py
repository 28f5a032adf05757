"""HL7 v2 over MLLP: a plain socket sends, a server of `hl7apy` receives and parses what was passed on."""

import socket
import threading
import unittest

from hl7apy.core import Message
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

import relays
import scene

MESSAGE = (
    "MSH|^~\\&|LAB|H1|EHR|H2|20240312101500||ORU^R01^ORU_R01|{id}|P|2.5\r"
    "PID|1||4471902^^^H1^MR||Lindqvist^Maria^Elena||19700101|F|||12 Elm Street^^Springfield^IL^62704\r"
    "PV1|1|I\rORC|RE\rOBR|1|||24323-8^CMP^LN\r"
    "OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F\r"
    "NTE|1||Maria Lindqvist called from 555-010-4477.\r"
)


class Receiver(AbstractHandler):
    received = []

    def reply(self):
        message = parse_message(self.incoming_message, validation_level=2)
        Receiver.received.append(self.incoming_message)
        answer = Message("ACK", version="2.5")
        answer.msh.msh_9 = "ACK"
        answer.msh.msh_10 = "1"
        answer.msh.msh_11 = "P"
        answer.msa.msa_1 = "AA"
        answer.msa.msa_2 = message.msh.msh_10.value
        return answer.to_mllp()


def ask(address, *messages):
    """Sends messages over one connection, and gives their answers."""
    answers = []
    with socket.create_connection(address, timeout=60) as sender:
        stream = sender.makefile("rwb")
        for message in messages:
            stream.write(b"\x0b" + message.encode() + b"\x1c\r")
            stream.flush()
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                byte = stream.read(1)
                if not byte:
                    raise AssertionError("the relay closed the connection")
                answer += byte
            answers.append(parse_message(answer[1:-2].decode(), validation_level=2))
    return answers


class RelayMllp(unittest.TestCase):
    def setUp(self):
        Receiver.received = []
        self.run_ = scene.Run()
        self.server = MLLPServer("127.0.0.1", 0, {"ORU^R01^ORU_R01": (Receiver,)})
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        self.run_.close()

    def test_messages_pass_and_their_answers_come_back(self):
        host, port = self.server.server_address
        relay = relays.Relay(self.run_, "mllp", "--to", f"{host}:{port}")
        answers = ask(relay.address, *(MESSAGE.format(id=f"C{n}") for n in range(20)))
        counts = relay.stop()
        for n, answer in enumerate(answers):
            self.assertEqual(answer.msa.msa_1.value, "AA")
            self.assertEqual(answer.msa.msa_2.value, f"C{n}")
            self.assertEqual(answer.msh.msh_5.value, "LAB")
        self.assertEqual((counts["received"], counts["passed"]), (20, 20))
        self.assertEqual(len(Receiver.received), 20)
        for received in Receiver.received:
            for left in ("Lindqvist", "Maria", "4471902", "Elm Street", "555-010-4477"):
                self.assertNotIn(left, received)
            self.assertIn("|4.1|mmol/L|3.5-5.1|N|", received)
        self.assertNotIn("Lindqvist", relay.log)

    def test_a_receiver_that_is_away_gives_no_success(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            host, port = gone.getsockname()
        relay = relays.Relay(self.run_, "mllp", "--to", f"{host}:{port}")
        (answer,) = ask(relay.address, MESSAGE.format(id="C1"))
        self.assertEqual(answer.msa.msa_1.value, "AE")
        counts = relay.stop()
        self.assertEqual(counts["refused"], {"relay.downstream_unreachable": 1})

    def test_a_folder_receives_messages(self):
        out = self.run_.place / "out"
        relay = relays.Relay(self.run_, "mllp", "--out", out)
        (answer,) = ask(relay.address, MESSAGE.format(id="C1"))
        self.assertEqual(answer.msa.msa_1.value, "AA")
        relay.stop()
        (stored,) = out.iterdir()
        parse_message(stored.read_text().replace("\n", "\r"), validation_level=2)
        self.assertNotIn("Lindqvist", stored.read_text())


if __name__ == "__main__":
    unittest.main()
