"""WADO-RS: a frame of a CT slice of 512 x 512 as a JPEG picture, by one client and by eight, beside Orthanc.

The clients keep their connections and acknowledge at once, and ask for the slices of a series in turn, so that no
picture is had from memory. Each server windows and compresses as it does when nothing is wished for.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from benchmarks._dicomweb import dicomweb_servers
from benchmarks._keepalive import Client, Server, load
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks.runner import Row, measure_in_turn

INSTANCES, CLIENTS = 100, 8
JPEG = "image/jpeg"


def run(*, quick: bool) -> list[Row]:
    asked, rounds = (60, 3) if quick else (200, 5)
    with folder_on(RAM_DISK) as folder, dicomweb_servers(folder, memory_gib=2) as servers:
        series = servers.fill_series(INSTANCES)
        paths = [f"{series.path}/instances/{uid}/frames/1/rendered" for uid in series.instance_uids]
        for server in servers.all:  # decoders are started by the first picture
            load(server, paths, accept=JPEG, clients=CLIENTS, each=5)
        alone = measure_in_turn(
            {server.name: _alone(server, paths, asked) for server in servers.all}, rounds=rounds
        )
        crowd = measure_in_turn(
            {server.name: _crowd(server, paths, asked // 4) for server in servers.all}, rounds=rounds
        )
    return [
        _row("one client, p50", alone, "ms", asked * rounds),
        _row(f"{CLIENTS} clients", crowd, "requests/s", asked // 4 * CLIENTS * rounds),
    ]


def _row(case: str, figures: dict[str, tuple[float, list[float]]], unit: str, n: int) -> Row:
    peer = figures.get("Orthanc")
    return Row(
        f"rendered JPEG of a frame, {case}", figures["ours"][0], "Orthanc", peer[0] if peer else None, unit, n,
        higher_is_better=unit != "ms",
    )  # fmt: skip


def _alone(server: Server, paths: list[str], asked: int) -> Callable[[], float]:
    def fetch() -> float:
        measured = []
        with Client(server) as client:
            for turn in range(asked):
                began = time.perf_counter()
                response = client.get(paths[turn % len(paths)], accept=JPEG)
                measured.append((time.perf_counter() - began) * 1000)
                assert response.status == 200, response.status
                assert response.body.startswith(b"\xff\xd8"), "no JPEG"
        return statistics.median(measured)

    return fetch


def _crowd(server: Server, paths: list[str], each: int) -> Callable[[], float]:
    return lambda: load(server, paths, accept=JPEG, clients=CLIENTS, each=each).per_second
