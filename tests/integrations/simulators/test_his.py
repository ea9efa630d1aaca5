from __future__ import annotations

import datetime as dt
import json
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from integrations.hl7.fields import parse
from integrations.hl7.mllp import Frame, FrameDecoder, framed
from integrations.simulators.his import ImagingOrder, build_order, main, send_order

ROOT = Path(__file__).resolve().parents[3]
ORDER = ImagingOrder(
    patient_id="1001", procedure="CONSULT-CT-CHEST", placer_order_number="PO-1",
    study_instance_uid="2.25.7", accession="ACC-7", station_ae_title="CT1",
)  # fmt: skip


class Receiver(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, *arguments) -> None:
        self.heard: list[bytes] = []
        self.replies: list[tuple[str, str] | None] = []
        super().__init__(*arguments)


@pytest.fixture
def receiver():
    """A peer that answers with what the test has put in `replies`, None meaning to hang up."""

    class Conversation(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            decoder = FrameDecoder()
            while data := self.request.recv(65536):
                for frame in decoder.feed(data):
                    assert isinstance(frame, Frame)
                    server.heard.append(frame.data)
                    reply = server.replies.pop(0)
                    if reply is None:
                        return
                    control_id = parse(frame.data)["MSH"][10].value
                    self.request.sendall(
                        framed(f"MSH|^~\\&|X|Y\rMSA|{reply[0]}|{control_id}\r{reply[1]}".encode())
                    )

    server = Receiver(("127.0.0.1", 0), Conversation)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_order_is_a_valid_omi_o23():
    data = build_order(ORDER, control_id="C1", written_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    message = parse_message(data.decode().rstrip("\r"), validation_level=VALIDATION_LEVEL.TOLERANT)
    assert message.validate()
    read = parse(data)
    assert (read["IPC"][1].value, read["IPC"][3].value) == ("ACC-7", "2.25.7")
    assert (read["IPC"][5].value, read["IPC"][9].value) == ("CT", "CT1")
    assert read["OBR"][4].value == "CONSULT-CT-CHEST"


def test_the_his_sends_the_same_bytes_until_it_is_accepted(receiver):
    receiver.replies += [None, ("AR", "ERR|||207|E\r"), ("AA", "")]
    outcome = send_order(ORDER, port=receiver.server_address[1])
    assert (outcome["ack"], outcome["attempts"]) == ("AA", 3)
    assert len(receiver.heard) == 3
    assert len(set(receiver.heard)) == 1


def test_a_refusal_of_the_content_is_not_sent_again(receiver):
    receiver.replies += [("AE", "ERR||PID^1^3|101|E||||PID-3 is required.\r")]
    outcome = send_order(ORDER, port=receiver.server_address[1])
    assert (outcome["ack"], outcome["condition"], outcome["location"]) == ("AE", "101", "PID^1^3")
    assert outcome["attempts"] == 1


def test_the_command_prints_one_line_of_json(receiver, capsys):
    receiver.replies += [("AA", "")]
    port = str(receiver.server_address[1])
    assert main(["--port", port, "--patient-id", "9", "--accession", "A9", "--modality", "MR"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["ack"], printed["placer_order_number"]) == ("AA", "HIS-9-CONSULT-CT-CHEST")
    assert parse(receiver.heard[0])["IPC"][5].value == "MR"


@pytest.mark.parametrize("module", ["his", "emr"])
def test_the_simulators_run_without_the_product(module):
    program = (
        f"import sys, integrations.simulators.{module};"
        "print([n for n in sys.modules if n.split('.')[0] in ('django', 'config', 'hl7apy')])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
