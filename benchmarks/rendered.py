"""WADO-RS: a frame of a CT slice of 512 x 512 as a JPEG picture, by one client and by eight, beside Orthanc.

The clients keep their connections and acknowledge at once, and ask for the slices of a series in turn, so that no
picture is had from memory. Each server windows and compresses as it does when nothing is wished for.
"""

from __future__ import annotations

from benchmarks._dicomweb import dicomweb_servers
from benchmarks._frames import CLIENTS, Question, measured
from benchmarks._keepalive import load
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks.runner import Row

INSTANCES = 100
JPEG = "image/jpeg"


def run(*, quick: bool) -> list[Row]:
    asked, rounds = (40, 5) if quick else (60, 20)
    with folder_on(RAM_DISK) as folder, dicomweb_servers(folder, memory_gib=2) as servers:
        series = servers.fill_series(INSTANCES)
        paths = [f"{series.path}/instances/{uid}/frames/1/rendered" for uid in series.instance_uids]
        for server in servers.all:  # decoders are started by the first picture
            load(server, paths, accept=JPEG, clients=CLIENTS, each=5)
        question = Question(paths, JPEG, lambda response: response.body.startswith(b"\xff\xd8"))
        what = "rendered JPEG of a frame"
        names = f"{what}, one client, p50", f"{what}, {CLIENTS} clients"
        return measured(servers, question, names=names, asked=asked, each=asked // 2, rounds=rounds)
