"""STOW-RS: 50 CT slices of 512 x 512 a request, beside Orthanc with its DICOMweb plugin.

Every request holds a fresh series in one multipart message, over one connection that is kept. Ours answers once
each object is flushed and its row committed. Indexes and bytes of both are on a RAM disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks._dicomweb import DICOM_JSON, dicomweb_servers
from benchmarks._keepalive import Client, Server
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks._slices import ct_slice_file, fresh_files
from benchmarks.runner import Row, measure_in_turn

INSTANCES = 50
_BOUNDARY = "b" * 32
_RELATED = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'
_HEAD = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()


def run(*, quick: bool) -> list[Row]:
    requests, rounds = (4, 3) if quick else (10, 5)
    template = ct_slice_file()
    megabytes = requests * INSTANCES * len(template) / 1e6
    with folder_on(RAM_DISK) as folder, dicomweb_servers(folder, memory_gib=6) as servers:
        figures = measure_in_turn(
            {server.name: _storing(server, template, requests, megabytes) for server in servers.all},
            rounds=rounds,
        )
    peer = figures.get("Orthanc")
    case = f"STOW-RS, {INSTANCES} instances a request"
    return [Row(case, figures["ours"][0], "Orthanc", peer[0] if peer else None, "MB/s", requests * INSTANCES)]


def _storing(server: Server, template: bytes, requests: int, megabytes: float) -> Callable[[], float]:
    def store() -> float:
        seconds = 0.0
        with Client(server) as client:
            for _ in range(requests):
                body = _message(template)
                began = time.perf_counter()
                response = client.post("/studies", body, content_type=_RELATED, accept=DICOM_JSON)
                seconds += time.perf_counter() - began
                assert response.status == 200, response.status
                stored = response.json()["00081199"]["Value"]
                assert len(stored) == INSTANCES
        return megabytes / seconds

    return store


def _message(template: bytes) -> bytes:
    return b"".join(
        [
            *(part for file in fresh_files(template, INSTANCES) for part in (_HEAD, file, b"\r\n")),
            f"--{_BOUNDARY}--\r\n".encode(),
        ]
    )
