"""What size costs: C-STORE and C-FIND with 3 000, 20 000 and 200 000 studies in the index, beside themselves.

The studies are synthetic index rows. Every query finds the same number of matches at every size, so that only the
size differs; every size is asked in turn with nothing else done between. With CONSILIUM_BENCH_MILLION=1 in the
environment a million studies are tried too.
"""

from __future__ import annotations

import os
import statistics

from benchmarks._finding import CONTEXTS, labelled, timed_find
from benchmarks._listener import OurListener, our_listener
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks._slices import CALLING, STORESCU, Sender
from benchmarks.cfind import fill_index
from benchmarks.runner import Row, installed
from integrations.dicom.scu.association import Peer, associate

QUERIES = {
    "C-FIND, PatientID exact (1 match)": {"PatientID": "SYN00001234"},
    "C-FIND, accession number prefix (10 matches)": {"AccessionNumber": "Y0000123*"},
    "C-FIND, a name nobody has (no match)": {"PatientName": "NOBODY*"},
    "C-FIND, 20 study UIDs (20 matches)": {
        "StudyInstanceUID": "\\".join(f"2.25.7{number:012}" for number in range(100, 120))
    },
}
_STORED = "C-STORE of a small instance, 1 association"
_TINY_SIDE = 32


def run(*, quick: bool) -> list[Row]:
    sizes, asked, stored = ([3_000, 20_000], 30, 60) if quick else ([3_000, 20_000, 200_000], 100, 300)
    if not quick and os.environ.get("CONSILIUM_BENCH_MILLION"):
        sizes.append(1_000_000)
    measured: dict[str, dict[int, float]] = {}
    with folder_on(RAM_DISK) as folder, our_listener(folder) as ours:
        sender = Sender(folder, slices=stored, associations=1, side=_TINY_SIDE)
        for size in sizes:
            fill_index(ours, size)
            for case, milliseconds in _at_this_size(ours, sender, asked=asked, stored=stored).items():
                measured.setdefault(case, {})[size] = milliseconds
    return [
        Row(
            f"{case}, {size} studies", figures[size], f"itself at {sizes[0]}", figures[sizes[0]], "ms",
            stored if case == _STORED else asked, higher_is_better=False,
        )
        for case, figures in measured.items()
        for size in sizes[1:]
    ]  # fmt: skip


def _at_this_size(ours: OurListener, sender: Sender, *, asked: int, stored: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    with associate(Peer("127.0.0.1", ours.port, "CONSILIUM", CALLING), CONTEXTS) as assoc:
        for case, encoded in labelled(QUERIES).items():
            for _ in range(5):
                timed_find(assoc, encoded)
            times = [timed_find(assoc, encoded)[0] for _ in range(asked)]
            figures[case] = statistics.median(times) * 1000
    if installed(STORESCU):
        send = sender.to(ours.port)
        send()
        per_second = statistics.median(send() for _ in range(3))
        figures[_STORED] = sender.megabytes / stored / per_second * 1000
    return figures
