"""A series of 4 000 slices: what others wait while eight clients have its frames transcoded, and what that holds.

Ours alone, beside itself at rest: nobody who searches, reads metadata or takes stored frames is to notice.
"""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._dicomweb import DICOM_JSON, DicomwebServers, StoredSeries, our_web
from benchmarks._keepalive import Client, Server
from benchmarks._listener import OurListener, our_listener
from benchmarks._memory import claim_memory
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks.runner import Row

INSTANCES, CLIENTS = 4_000, 8
SLOWER_AT_MOST, GROWN_AT_MOST_MB = 10.0, 400.0
OCTETS = 'multipart/related; type="application/octet-stream"'
JPEG_LS = 'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80'
_BUSY = 503


def run(*, quick: bool) -> list[Row]:
    instances, asked = (400, 20) if quick else (INSTANCES, 60)
    with folder_on(RAM_DISK) as folder, large_series(folder, instances) as subject:
        subject.resident_mb()
        rest = subject.waits(asked)
        at_rest_mb = subject.resident_mb()
        with subject.transcoding() as crowd:
            crowded = subject.waits(asked)
        grown = subject.resident_mb() - at_rest_mb
    rows = [
        Row(f"{name}, beside {CLIENTS} clients", ms, "itself at rest", rest[name], "ms", asked,
            higher_is_better=False, is_reference=True)
        for name, ms in crowded.items()
    ]  # fmt: skip
    transcoded = Row(
        f"frames of {instances} slices transcoded", crowd.per_second, "", None, "frames/s", crowd.made
    )
    memory = Row(
        "growth of the web workers' memory", grown, "allowed", GROWN_AT_MOST_MB, "MB", crowd.made,
        higher_is_better=False, is_reference=True,
    )  # fmt: skip
    return [*rows, transcoded, memory]


@dataclass
class Crowd:
    """Clients that have frames transcoded: how many they got, how many were put off, what else they were told."""

    made: int = 0
    put_off: int = 0
    others: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.made / self.seconds

    def count(self, status: int) -> None:
        if status == 200:
            self.made += 1
        elif status == _BUSY:
            self.put_off += 1
        else:
            self.others.append(status)


@dataclass(frozen=True)
class LargeSeries:
    """A web server that holds a large series, and a small one of somebody else."""

    server: Server
    listener: OurListener
    large: StoredSeries
    small: StoredSeries

    @property
    def _asked(self) -> Mapping[str, tuple[str, str]]:
        return {
            "search": ("/studies?limit=25", DICOM_JSON),
            "a stored frame": (f"{self.small.path}/instances/{self.small.instance_uids[0]}/frames/1", OCTETS),
            "metadata of another series": (f"{self.small.path}/metadata", DICOM_JSON),
            "metadata of the series": (f"{self.large.path}/metadata", DICOM_JSON),
        }

    def waits(self, times: int) -> dict[str, float]:
        """The median wait of one more client for each thing asked, in ms."""
        with Client(self.server) as client:
            return {
                name: statistics.median(_timed(client, path, accept) for _ in range(times))
                for name, (path, accept) in self._asked.items()
            }

    @contextlib.contextmanager
    def transcoding(self) -> Iterator[Crowd]:
        """Clients that have the frames of the large series transcoded, every one others, until the block ends."""
        crowd, over = Crowd(), threading.Event()
        clients = [
            threading.Thread(target=self._transcode, args=(crowd, over, first)) for first in range(CLIENTS)
        ]
        began = time.monotonic()
        for client in clients:
            client.start()
        try:
            yield crowd
        finally:
            over.set()
            for client in clients:
                client.join()
            crowd.seconds = time.monotonic() - began

    def _transcode(self, crowd: Crowd, over: threading.Event, first: int) -> None:
        uids, turn = self.large.instance_uids, first
        with Client(self.server) as client:
            while not over.is_set():
                path = f"{self.large.path}/instances/{uids[turn % len(uids)]}/frames/1"
                crowd.count(client.get(path, accept=JPEG_LS).status)
                turn += CLIENTS

    def resident_mb(self) -> float:
        """Memory the web workers and their decoders hold for themselves."""
        return self.listener.resident_mb("web")


def _timed(client: Client, path: str, accept: str) -> float:
    began = time.perf_counter()
    response = client.get(path, accept=accept)
    assert response.status == 200, (path, response.status)
    return (time.perf_counter() - began) * 1000


@contextlib.contextmanager
def large_series(folder: Path, instances: int, *, side: int = 512) -> Iterator[LargeSeries]:
    """Our web server with a series of so many slices, until the block ends."""
    claim_memory(instances * side * side * 4)
    with our_listener(folder) as listener, our_web(listener) as server:
        servers = DicomwebServers(server, None, listener, (listener.port,))
        large = servers.fill_series(instances, side=side)
        yield LargeSeries(server, listener, large, servers.fill_series(20, side=side))
