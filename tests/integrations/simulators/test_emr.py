from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.hl7.fields import parse
from integrations.hl7.mllp import Client
from integrations.simulators.emr import Folder

ROOT = Path(__file__).resolve().parents[3]


def oru(control_id: str = "C1") -> bytes:
    lines = [
        f"MSH|^~\\&|CONSILIUM|REGION|EMR|COUNTY|20260302||ORU^R01^ORU_R01|{control_id}|P|2.5.1||||||UNICODE UTF-8",
        "PID|1||1001^^^COUNTY||Zhang^Wei^^^^^L^A~张伟^^^^^^L^I",
        "OBR|1|PO-1|F-1|CT^CT^L|||20260302" + "|" * 11 + "ACC-7|||||||F",
        "OBX|1|FT|18782-3^Findings^LN||first\\.br\\second \\T\\ third||||||F",
        "OBX|2|FT|19005-8^Impression^LN||clear||||||F",
    ]
    return ("\r".join(lines) + "\r").encode()


def test_a_report_is_filed_as_it_came_and_as_facts(tmp_path):
    answer = Folder(tmp_path).take(oru())
    assert answer is not None
    assert parse(answer)["MSA"][1].value == "AA"
    assert (tmp_path / "C1.hl7").read_bytes() == oru()
    record = json.loads((tmp_path / "C1.json").read_text())
    assert record["findings"] == "first\nsecond & third"
    assert (record["impression"], record["status"], record["accession"]) == ("clear", "F", "ACC-7")
    assert record["patient_name"] == "张伟"


def test_a_report_that_comes_again_is_acknowledged_and_filed_once(tmp_path):
    folder = Folder(tmp_path)
    assert folder.take(oru()) == folder.take(oru())
    assert len(list(tmp_path.glob("*.hl7"))) == 1


def test_the_first_messages_are_dropped_and_refused_in_turn(tmp_path):
    folder = Folder(tmp_path, refuse_first=2)
    assert folder.take(oru()) is None
    refusal = folder.take(oru())
    assert refusal is not None
    assert (parse(refusal)["MSA"][1].value, parse(refusal)["ERR"][3].value) == ("AE", "207")
    assert not list(tmp_path.iterdir())
    assert folder.take(oru()) is not None
    assert (tmp_path / "C1.hl7").exists()


@pytest.mark.parametrize(
    ("data", "expected"),
    [(oru().replace(b"ORU^R01", b"ADT^A08"), "AR"), (oru().replace(b"1001^^^COUNTY", b""), "AE")],
)
def test_what_is_no_report_is_refused(tmp_path, data, expected):
    answer = Folder(tmp_path).take(data)
    assert answer is not None
    assert parse(answer)["MSA"][1].value == expected
    assert not list(tmp_path.glob("*.hl7"))


@pytest.mark.stack
def test_the_command_serves_until_it_is_told_to_stop(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "integrations.simulators.emr", "--port", "0", "--folder", str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        with Client("127.0.0.1", port) as client:
            for number in range(3):
                assert parse(client.exchange(oru(f"C{number}")))["MSA"][1].value == "AA"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
    assert len(list(tmp_path.glob("*.json"))) == 3
