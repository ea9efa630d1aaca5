"""WADO-RS: a series of 200 CT slices as one multipart answer, beside Orthanc with its DICOMweb plugin.

The client keeps its connection, acknowledges at once and counts the bytes; both keep the series on a RAM disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks._dicomweb import StoredSeries, dicomweb_servers
from benchmarks._keepalive import Client, Server
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks.runner import Row, measure_in_turn

INSTANCES = 200
_PIXELS = 512 * 512 * 2  # each server writes file meta information of its own before them
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
EXPLICIT = 'multipart/related; type="application/dicom"'


def run(*, quick: bool) -> list[Row]:
    times, rounds = (3, 3) if quick else (6, 5)
    rows = []
    with folder_on(RAM_DISK) as folder, dicomweb_servers(folder, memory_gib=4) as servers:
        series = servers.fill_series(INSTANCES)
        for case, accept in (("as stored", AS_STORED), ("Explicit VR Little Endian", EXPLICIT)):
            figures = measure_in_turn(
                {server.name: _fetching(server, series, accept, times) for server in servers.all},
                rounds=rounds,
            )
            peer = figures.get("Orthanc")
            rows.append(
                Row(
                    f"WADO-RS series of {INSTANCES}, {case}",
                    figures["ours"][0], "Orthanc", peer[0] if peer else None, "MB/s", times * INSTANCES,
                )
            )  # fmt: skip
    return rows


def _fetching(server: Server, series: StoredSeries, accept: str, times: int) -> Callable[[], float]:
    def fetch() -> float:
        received, seconds = 0, 0.0
        for _ in range(times):  # the peer ends its answer by closing the connection
            with Client(server) as client:
                began = time.perf_counter()
                response = client.get(series.path, accept=accept)
                seconds += time.perf_counter() - began
            assert response.status == 200, response.status
            assert len(response.body) > INSTANCES * _PIXELS
            received += len(response.body)
        return received / seconds / 1e6

    return fetch
