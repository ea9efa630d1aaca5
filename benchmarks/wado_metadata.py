"""WADO-RS: the metadata of a series of 200 CT slices, beside Orthanc with its DICOMweb plugin.

Ours is measured unpacked, as the peer sends it, and once more deflated, as browsers take it; and the time of the
first answer of a series that nobody has asked for, which is built from its objects.
"""

from __future__ import annotations

import json
import statistics
import time
import zlib
from collections.abc import Callable

from benchmarks._dicomweb import DICOM_JSON, DicomwebServers, StoredSeries, dicomweb_servers
from benchmarks._keepalive import Client, Server
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks.runner import Row, measure_in_turn, missing

INSTANCES = 200


def run(*, quick: bool) -> list[Row]:
    asked, rounds = (10, 3) if quick else (30, 5)
    with folder_on(RAM_DISK) as folder, dicomweb_servers(folder, memory_gib=2) as servers:
        first = _first_ms(servers)
        series = servers.fill_series(INSTANCES)
        figures = measure_in_turn(
            {server.name: _asking(server, series, asked) for server in servers.all}, rounds=rounds
        )
        deflated = measure_in_turn({"ours": _deflated(servers.ours, series, asked)}, rounds=rounds)["ours"][0]
    peer = figures.get("Orthanc")
    case, n = f"WADO-RS metadata of {INSTANCES} instances", asked * rounds
    return [
        Row(
            f"{case}, p50",
            figures["ours"][0],
            "Orthanc",
            peer[0] if peer else None,
            "ms",
            n,
            higher_is_better=False,
        ),
        Row(
            f"{case}, deflated, p50",
            deflated,
            "Orthanc",
            peer[0] if peer else None,
            "ms",
            n,
            higher_is_better=False,
        ),
        missing(f"{case}, nothing kept", ours=first, peer_name="none", unit="ms", n=3),
    ]


def _first_ms(servers: DicomwebServers) -> float:
    """The first answer of series nobody has asked for."""
    measured = []
    with Client(servers.ours) as client:
        client.get("/studies?limit=1", accept=DICOM_JSON)
        for _ in range(3):
            series = servers.fill_series(INSTANCES)
            began = time.perf_counter()
            response = client.get(f"{series.path}/metadata", accept=DICOM_JSON)
            measured.append((time.perf_counter() - began) * 1000)
            assert len(response.json()) == INSTANCES
    return statistics.median(measured)


def _asking(server: Server, series: StoredSeries, asked: int) -> Callable[[], float]:
    def fetch() -> float:
        measured = []
        with Client(server) as client:
            assert len(client.get(f"{series.path}/metadata", accept=DICOM_JSON).json()) == INSTANCES
            for _ in range(asked):
                began = time.perf_counter()
                response = client.get(f"{series.path}/metadata", accept=DICOM_JSON)
                measured.append((time.perf_counter() - began) * 1000)
                assert response.status == 200, response.status
        return statistics.median(measured)

    return fetch


def _deflated(server: Server, series: StoredSeries, asked: int) -> Callable[[], float]:
    def fetch() -> float:
        measured = []
        headers = {"Accept": DICOM_JSON, "Accept-Encoding": "deflate"}
        with Client(server) as client:
            for _ in range(asked):
                began = time.perf_counter()
                response = client.send("GET", f"{series.path}/metadata", headers)
                text = zlib.decompress(response.body)
                measured.append((time.perf_counter() - began) * 1000)
                assert len(json.loads(text)) == INSTANCES
        return statistics.median(measured)

    return fetch
