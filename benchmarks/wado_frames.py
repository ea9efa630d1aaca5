"""WADO-RS: single frames of CT slices of 512 x 512, by one client and by eight at once, beside Orthanc.

The clients keep their connections and acknowledge at once, and ask for the slices of a series in turn.
"""

from __future__ import annotations

from benchmarks._dicomweb import dicomweb_servers
from benchmarks._frames import CLIENTS, Question, measured
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks.runner import Row

INSTANCES = 100
FRAME_BYTES = 512 * 512 * 2
OCTETS = 'multipart/related; type="application/octet-stream"'


def run(*, quick: bool) -> list[Row]:
    asked, rounds = (50, 9) if quick else (100, 20)
    with folder_on(RAM_DISK) as folder, dicomweb_servers(folder, memory_gib=2) as servers:
        series = servers.fill_series(INSTANCES)
        paths = [f"{series.path}/instances/{uid}/frames/1" for uid in series.instance_uids]
        question = Question(paths, OCTETS, lambda response: len(response.body) > FRAME_BYTES)
        names = "WADO-RS a frame, one client, p50", f"WADO-RS frames, {CLIENTS} clients"
        return measured(servers, question, names=names, asked=asked, each=asked // 2, rounds=rounds)
