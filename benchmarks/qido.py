"""QIDO-RS of studies: six queries and eight clients at once, ours beside Orthanc's DICOMweb; and what size costs ours.

Both hold the same synthetic studies, one tiny instance each, on a RAM disk. The client keeps its connection,
acknowledges at once and decodes nothing, so a figure is the time from the request to the last byte.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from benchmarks._dicomweb import DICOM_JSON, dicomweb_servers, our_web
from benchmarks._keepalive import Client, Server, load
from benchmarks._listener import our_listener
from benchmarks._servers import RAM_DISK, folder_on, manage
from benchmarks.runner import Row, measure_in_turn, missing

QUERIES = {
    "PatientID exact": {"PatientID": "SYN00001234"},
    "PatientName=SMITH1*": {"PatientName": "SMITH1*"},
    "PatientName=FAMILY*, limit=25": {"PatientName": "SMITH*", "limit": "25"},
    "StudyDate one month": {"StudyDate": "20150301-20150331"},
    "no filter, limit=25": {"limit": "25"},
}
FLAT = {
    "PatientID exact (1 match)": {"PatientID": "SYN00001234"},
    "PatientName=FAMILY*, limit=25": {"PatientName": "SMITH*", "limit": "25"},
    "no filter, limit=25": {"limit": "25"},
    "ten years, limit=25": {"StudyDate": "20100101-20191231", "limit": "25"},
    "ModalitiesInStudy=CT, limit=25": {"ModalitiesInStudy": "CT", "limit": "25"},
    "accession number (1 match)": {"AccessionNumber": "Y00001234"},
    "fuzzy name (no match)": {"PatientName": "nobody here", "fuzzymatching": "true"},
}
CLIENTS = 8


def run(*, quick: bool) -> list[Row]:
    studies, rounds, asked = (20_000, 3, 15) if quick else (20_000, 5, 40)
    with folder_on(RAM_DISK) as folder, dicomweb_servers(folder, memory_gib=2) as servers:
        servers.fill_index(studies)
        rows = []
        for name, query in QUERIES.items():
            asking = {server.name: Asking(server, query, asked) for server in servers.all}
            figures = measure_in_turn(asking, rounds=rounds)
            assert len({one.matches for one in asking.values()}) == 1, "the servers disagree"
            case = f"{name}, {asking['ours'].matches} of {studies} studies"
            rows += [_p50(case, _medians(figures), rounds * asked), _spread(case, asking["ours"])]
        crowd = {server.name: _crowd(server, studies, asked) for server in servers.all}
        figures = measure_in_turn(crowd, rounds=rounds)
        rows.append(_per_second(f"PatientID exact, {CLIENTS} clients", _medians(figures), rounds * asked))
    return rows + _flatness(quick=quick)


class Asking:
    """The median time of a query asked several times over one connection, in ms."""

    def __init__(self, server: Server, query: Mapping[str, str], times: int) -> None:
        self._server, self._path, self._times = server, f"/studies?{urlencode(query, safe='*')}", times
        self.matches = -1
        self.all_ms: list[float] = []

    def __call__(self) -> float:
        with Client(self._server) as client:
            for _ in range(4):  # more than the workers there are: each has met the statement
                first = client.get(self._path, accept=DICOM_JSON)
            assert first.status in {200, 204}, first.body[:200]
            self.matches = len(first.json())
            measured = [self._timed(client) for _ in range(self._times)]
        self.all_ms += measured
        return statistics.median(measured)

    def _timed(self, client: Client) -> float:
        began = time.perf_counter()
        client.get(self._path, accept=DICOM_JSON)
        return (time.perf_counter() - began) * 1000


def _crowd(server: Server, studies: int, asked: int) -> Callable[[], float]:
    """Requests a second of eight clients who each look for other patients."""
    numbers = [1 + at * studies // 64 for at in range(64)]
    paths = [f"/studies?PatientID=SYN{number:08}" for number in numbers]
    return lambda: load(server, paths, accept=DICOM_JSON, clients=CLIENTS, each=asked).per_second


def _flatness(*, quick: bool) -> list[Row]:
    """Ours at growing sizes, each in a database and web server of its own."""
    sizes, asked, rounds = ([2_000, 20_000], 15, 3) if quick else ([2_000, 20_000, 200_000], 40, 5)
    if not quick and os.environ.get("CONSILIUM_BENCH_MILLION"):
        sizes.append(1_000_000)
    with folder_on(RAM_DISK) as folder, contextlib.ExitStack() as stack:
        servers = {size: stack.enter_context(_filled(folder / str(size), size)) for size in sizes}
        rows = []
        for name, query in FLAT.items():
            asking = {str(size): Asking(server, query, asked) for size, server in servers.items()}
            medians = _medians(measure_in_turn(asking, rounds=rounds))
            assert len({one.matches for one in asking.values()}) == 1, "the sizes answer differently"
            (smallest, base), *others = medians.items()
            rows += [
                Row(f"{name}, {size} studies", ms, f"itself at {smallest}", base, "ms", asked * rounds,
                    higher_is_better=False, is_reference=True)
                for size, ms in others
            ]  # fmt: skip
    return rows


@contextlib.contextmanager
def _filled(folder: Path, size: int) -> Iterator[Server]:
    folder.mkdir()
    with our_listener(folder) as listener, our_web(listener) as server:
        manage(
            "make_synthetic_index",
            "--studies",
            str(size),
            "--site",
            "bench",
            environment=listener.environment,
        )
        yield server


def _medians(figures: Mapping[str, tuple[float, list[float]]]) -> dict[str, float]:
    return {name: median for name, (median, _) in figures.items()}


def _p50(case: str, medians: Mapping[str, float], n: int) -> Row:
    if "Orthanc" not in medians:
        return missing(case, ours=medians["ours"], peer_name="Orthanc", unit="ms", n=n)
    return Row(case, medians["ours"], "Orthanc", medians["Orthanc"], "ms", n, higher_is_better=False)


def _spread(case: str, ours: Asking) -> Row:
    """The slowest in a hundred beside three times the median."""
    slowest = statistics.quantiles(ours.all_ms, n=100, method="inclusive")[-1]
    return Row(
        f"{case}, p99", slowest, "3 x own p50", 3 * statistics.median(ours.all_ms), "ms", len(ours.all_ms),
        higher_is_better=False, is_reference=True,
    )  # fmt: skip


def _per_second(case: str, medians: Mapping[str, float], n: int) -> Row:
    if "Orthanc" not in medians:
        return missing(case, ours=medians["ours"], peer_name="Orthanc", unit="requests/s", n=n)
    return Row(case, medians["ours"], "Orthanc", medians["Orthanc"], "requests/s", n)
