"""What size costs: C-STORE and C-FIND with 3 000, 20 000 and 200 000 studies in the index, beside themselves.

The studies are synthetic index rows, each size in a database and listener of its own, measured in turn. Every query
finds the same number of matches at every size, so that only the size differs. With CONSILIUM_BENCH_MILLION=1 in the
environment a million studies are tried too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks._finding import labelled
from benchmarks._listener import OurListener, our_listener
from benchmarks._servers import RAM_DISK, folder_on
from benchmarks._slices import STORESCU, Sender
from benchmarks.cfind import Asking, fill_index
from benchmarks.runner import Row, installed, measure_in_turn

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
    sizes, asked, stored, rounds = (
        ([3_000, 20_000], 15, 40, 3) if quick else ([3_000, 20_000, 200_000], 40, 100, 5)
    )
    if not quick and os.environ.get("CONSILIUM_BENCH_MILLION"):
        sizes.append(1_000_000)
    with folder_on(RAM_DISK) as folder, contextlib.ExitStack() as stack:
        listeners = {size: stack.enter_context(_filled(folder / str(size), size)) for size in sizes}
        rows = []
        for case, encoded in labelled(QUERIES).items():
            asking = {str(size): Asking(ours.port, encoded, asked) for size, ours in listeners.items()}
            medians = {name: median for name, (median, _) in measure_in_turn(asking, rounds=rounds).items()}
            assert len({one.matches for one in asking.values()}) == 1, "the sizes answer differently"
            rows += _rows(case, medians, asked * rounds)
        if installed(STORESCU):
            sender = Sender(folder, slices=stored, associations=1, side=_TINY_SIDE)
            storing = {str(size): _storing(sender, ours.port, stored) for size, ours in listeners.items()}
            medians = {name: median for name, (median, _) in measure_in_turn(storing, rounds=rounds).items()}
            rows += _rows(_STORED, medians, stored * rounds)
    return rows


@contextlib.contextmanager
def _filled(folder: Path, size: int) -> Iterator[OurListener]:
    folder.mkdir()
    with our_listener(folder) as ours:
        fill_index(ours, size)
        yield ours


def _storing(sender: Sender, port: int, stored: int) -> Callable[[], float]:
    """Milliseconds an instance takes, start of the sender and its association among them."""
    send = sender.to(port)
    return lambda: sender.megabytes / send() / stored * 1000


def _rows(case: str, medians: dict[str, float], n: int) -> list[Row]:
    (smallest, base), *others = medians.items()
    return [
        Row(
            f"{case}, {size} studies",
            milliseconds,
            f"itself at {smallest}",
            base,
            "ms",
            n,
            higher_is_better=False,
        )
        for size, milliseconds in others
    ]
