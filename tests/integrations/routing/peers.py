"""Receivers to send to: Orthanc and storescp, which nobody here wrote, and two that note everything down."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, AllStoragePresentationContexts, evt

from tests.waiting import wait_until

ORTHANC = Path("/usr/sbin/Orthanc")
DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
STORESCP = Path("/usr/bin/storescp")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Orthanc:
    """A real Orthanc; what it holds is asked of its own REST interface."""

    port: int
    http_port: int
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> Any:
        return json.loads(self.read(path))

    def read(self, path: str) -> bytes:
        with urlopen(f"http://127.0.0.1:{self.http_port}/{path}", timeout=10) as answer:
            return bytes(answer.read())

    def count(self) -> int:
        return int(self.get("statistics")["CountInstances"])

    def held_of(self, study_instance_uid: str) -> int:
        """How many instances it holds of one study."""
        studies = [self.get(f"studies/{one}") for one in self.get("studies")]
        return sum(
            len(self.get(f"studies/{study['ID']}/instances"))
            for study in studies
            if study["MainDicomTags"]["StudyInstanceUID"] == study_instance_uid
        )

    def sop_instance_uids(self) -> set[str]:
        return {
            self.get(f"instances/{one}")["MainDicomTags"]["SOPInstanceUID"] for one in self.get("instances")
        }

    def files(self) -> dict[str, bytes]:
        """What it holds, byte for byte, by SOP Instance UID."""
        return {
            self.get(f"instances/{one}")["MainDicomTags"]["SOPInstanceUID"]: self.read(
                f"instances/{one}/file"
            )
            for one in self.get("instances")
        }

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_orthanc(
    folder: Path, *, dicomweb: bool = False, ports: tuple[int, int] | None = None
) -> Iterator[Orthanc]:
    """An Orthanc on this folder; with its DICOMweb plugin, and on the ports of one before it, where asked for."""
    if not ORTHANC.exists():
        pytest.skip("Orthanc is not installed")
    if dicomweb and not DICOMWEB_PLUGIN.exists():
        pytest.skip("Orthanc's DICOMweb plugin is not installed (package orthanc-dicomweb)")
    folder.mkdir(parents=True, exist_ok=True)
    port, http_port = ports or (free_port(), free_port())
    configuration = {
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"),
        "DicomPort": port, "DicomAet": "ORTHANC", "DicomCheckCalledAet": False, "HttpPort": http_port,
        "DicomAlwaysAllowStore": True, "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
        "Plugins": [str(DICOMWEB_PLUGIN)] if dicomweb else [], "OverwriteInstances": True,
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    process = subprocess.Popen(
        [str(ORTHANC), str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"TCP_NODELAY": "1", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    orthanc = Orthanc(port, http_port, process)
    try:
        wait_until(lambda: answers(port) and answers(http_port))
        yield orthanc
    finally:
        orthanc.kill()


@contextmanager
def running_storescp(folder: Path) -> Iterator[int]:
    if not STORESCP.exists():
        pytest.skip("DCMTK's storescp is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        [str(STORESCP), "+xa", "+uf", "-od", str(folder), str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"TCP_NODELAY": "1"},
    )  # fmt: skip
    try:
        wait_until(lambda: answers(port))
        yield port
    finally:
        process.kill()
        process.wait()


@dataclass
class Recorder:
    """A node of ours that notes what it is sent, in order, and answers as it is told."""

    received: list[str] = field(default_factory=list)
    associations: int = 0
    aborted: int = 0
    statuses: dict[str, list[int]] = field(default_factory=dict)
    dies_with: str = ""
    port: int = 0

    def on_store(self, event: Any) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        told = self.statuses.get(uid, [])
        status = told.pop(0) if told else 0x0000
        if status == 0x0000:
            self.received.append(uid)
        if uid == self.dies_with:  # it has the object, and says nothing any more
            event.assoc.abort()
        return status

    def on_open(self, _event: Any) -> None:
        self.associations += 1

    def on_abort(self, _event: Any) -> None:
        self.aborted += 1


@contextmanager
def recording_node() -> Iterator[Recorder]:
    recorder = Recorder()
    ae = AE("RECORDER")
    ae.supported_contexts = AllStoragePresentationContexts
    server = ae.start_server(
        ("127.0.0.1", 0), block=False,
        evt_handlers=[
            (evt.EVT_C_STORE, recorder.on_store), (evt.EVT_ESTABLISHED, recorder.on_open),
            (evt.EVT_ABORTED, recorder.on_abort),
        ],
    )  # fmt: skip
    assert server is not None
    recorder.port = server.server_address[1]
    try:
        yield recorder
    finally:
        server.shutdown()


@dataclass
class StowServer:
    """A STOW-RS server (PS3.18 §10.5) that keeps what it gets and refuses what it is told to.

    Of the `silent` ones it says nothing, unless one comes by itself.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    requests: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def take(self, content_type: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.requests += 1
        if self.status is not None:
            return self.status, {}
        assert content_type.startswith('multipart/related; type="application/dicom"; boundary=')
        boundary = content_type.rpartition("boundary=")[2]
        parts = body.split(f"--{boundary}".encode())
        assert (parts[0], parts[-1]) == (b"", b"--\r\n")
        failed, stored = [], []
        for part in parts[1:-1]:
            head, _, data = part.partition(b"\r\n\r\n")
            assert head.strip() == b"Content-Type: application/dicom"
            uid = str(dcmread(DicomBytesIO(data[:-2]), stop_before_pixels=True).SOPInstanceUID)
            if uid in self.silent and len(parts) > 3:
                continue  # neither kept nor told of
            item = {"00081155": {"vr": "UI", "Value": [uid]}}
            if uid in self.refused:
                failed.append({**item, "00081197": {"vr": "US", "Value": [self.refused[uid]]}})
                continue
            self.objects[uid] = data[:-2]
            self.order.append(uid)
            stored.append(item)
        said = {"00081199": {"vr": "SQ", "Value": stored}, "00081198": {"vr": "SQ", "Value": failed}}
        return (200 if not failed else 202 if stored else 409), {
            key: one for key, one in said.items() if one["Value"]
        }


@contextmanager
def running_stow_server(tls: ssl.SSLContext | None = None) -> Iterator[StowServer]:
    stow = StowServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.path == "/dicom-web/studies"
            stow.headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, said = stow.take(self.headers["Content-Type"], body)
            answer = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/dicom+json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    stow.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stow
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
