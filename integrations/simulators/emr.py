"""An electronic medical record that takes in reports: every ORU^R01 is filed before it is acknowledged.

    python -m integrations.simulators.emr --port 2576 --folder var/emr --refuse-first 2

A message is filed as <control id>.hl7, byte for byte, and as <control id>.json. One that comes again is
acknowledged again and filed once. `--refuse-first K` drops and refuses the first K messages in turn.

Reference  HL7 v2.5.1 §2.9.2, §7.3.1 (ORU^R01), Appendix C (MLLP)
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import socketserver
import sys
import threading
from pathlib import Path
from types import FrameType

from integrations.hl7.fields import Message, parse
from integrations.hl7.mllp import Frame, FrameDecoder, framed

SECTIONS = {"18782-3": "findings", "19005-8": "impression", "18783-1": "recommendation"}


def read_report(message: Message) -> dict[str, str]:
    """The few facts of a report that a record shows."""
    pid, obr = message["PID"], message["OBR"]
    names = [repetition.value for repetition in pid[5].repetitions]
    report = {
        "control_id": message["MSH"][10].value,
        "patient_id": pid[3].value,
        "authority": pid[3].component(4),
        "patient_name": names[-1] if names else "",
        "placer_order_number": obr[2].value,
        "accession": obr[18].value,
        "status": obr[25].value,
        "signed_by": obr[32].component(1, 2) or obr[32].component(1, 1),
        "study_instance_uid": "",
        "findings": "",
        "impression": "",
        "recommendation": "",
    }
    for obx in message.named("OBX"):
        code = obx[3].value
        if code in SECTIONS:
            report[SECTIONS[code]] = obx[5].text
        elif code == "113014":
            report["study_instance_uid"] = obx[5].value
    return report


class Folder:
    """Where reports are filed."""

    def __init__(self, path: Path, *, refuse_first: int = 0) -> None:
        self._path = path
        self._path.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._to_refuse = refuse_first
        self._seen = 0

    def take(self, data: bytes) -> bytes | None:
        """File a message; the acknowledgement, or None where the connection is to be dropped instead."""
        message = parse(data)
        with self._lock:
            self._seen += 1
            if self._seen <= self._to_refuse:
                return None if self._seen % 2 else _acknowledge(message, "AE", condition="207")
            if message["MSH"][9].component(1) != "ORU":
                return _acknowledge(message, "AR", condition="200")
            if not message["PID"][3]:
                return _acknowledge(message, "AE", condition="101")
            self._file(message, data)
        return _acknowledge(message, "AA")

    def _file(self, message: Message, data: bytes) -> None:
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", message["MSH"][10].value)
        if not name or (self._path / f"{name}.hl7").exists():
            return
        report = json.dumps(read_report(message), ensure_ascii=False, indent=2)
        _write(self._path / f"{name}.json", report.encode())
        _write(self._path / f"{name}.hl7", data)


def _write(path: Path, data: bytes) -> None:
    beside = path.with_suffix(path.suffix + ".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _acknowledge(message: Message, code: str, *, condition: str = "") -> bytes:
    msh = message["MSH"]
    lines = [
        f"MSH|^~\\&|EMR|COUNTY|{msh[3].raw}|{msh[4].raw}|{msh[7].raw}||ACK^R01^ACK|E{msh[10].raw[:19]}|P|2.5.1",
        f"MSA|{code}|{msh[10].raw}",
    ]
    if condition:
        lines.append(f"ERR|||{condition}|E")
    return ("\r".join(lines) + "\r").encode()


class EmrServer(socketserver.ThreadingTCPServer):
    """The MLLP server of the record; `server_address[1]` is its port."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self, folder: Path, *, host: str = "127.0.0.1", port: int = 0, refuse_first: int = 0
    ) -> None:
        self.folder = Folder(folder, refuse_first=refuse_first)
        super().__init__((host, port), _Conversation)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(socketserver.BaseRequestHandler):
    server: EmrServer

    def handle(self) -> None:
        decoder = FrameDecoder()
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                for frame in decoder.feed(data):
                    if not isinstance(frame, Frame):
                        continue
                    answer = self.server.folder.take(frame.data)
                    if answer is None:
                        return
                    self.request.sendall(framed(answer))


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; prints one JSON line when ready."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2576)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--refuse-first", type=int, default=0)
    given = parser.parse_args(arguments)
    server = EmrServer(given.folder, host=given.host, port=given.port, refuse_first=given.refuse_first)

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(json.dumps({"event": "ready", "service": "emr", "port": server.port}) + "\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
