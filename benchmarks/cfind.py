"""C-FIND at study level over an open association: a patient by ID, a name prefix, a month; ours beside Orthanc.

Both hold the same synthetic studies, one tiny instance each; indexes lie on a RAM disk. The client is the same
for both and decodes nothing, so a figure is the server's time from the request to the last response.
"""

from __future__ import annotations

import contextlib
import statistics

from benchmarks._finding import CONTEXTS, labelled, timed_find
from benchmarks._listener import OurListener, our_listener
from benchmarks._pacs import ORTHANC, fill, orthanc
from benchmarks._servers import RAM_DISK, folder_on, manage
from benchmarks._slices import CALLING
from benchmarks.runner import Row, installed, measure_in_turn, missing
from integrations.dicom.scu.association import Peer, associate

QUERIES = {
    "PatientID exact": {"PatientID": "SYN00001234"},
    "PatientName=SMITH1*": {"PatientName": "SMITH1*"},
    "StudyDate one month": {"StudyDate": "20150301-20150331"},
}


def run(*, quick: bool) -> list[Row]:
    studies, rounds, asked = (2_000, 3, 10) if quick else (20_000, 5, 30)
    with folder_on(RAM_DISK) as folder, contextlib.ExitStack() as stack:
        ours = stack.enter_context(our_listener(folder))
        fill_index(ours, studies)
        ports = {"ours": ours.port}
        if installed(ORTHANC):
            ports["Orthanc"] = stack.enter_context(orthanc(folder))
            fill(ports["Orthanc"], ours.database_url)
        rows = []
        for name, encoded in labelled(QUERIES).items():
            asking = {server: Asking(port, encoded, asked) for server, port in ports.items()}
            figures = measure_in_turn(asking, rounds=rounds)
            rows.append(
                _row(f"{name}, {asking['ours'].matches} of {studies} studies", figures, rounds * asked)
            )
            assert len({one.matches for one in asking.values()}) == 1, "the servers disagree"
    return rows


def fill_index(ours: OurListener, studies: int) -> None:
    """So many synthetic studies in our index."""
    arguments = ("make_synthetic_index", "--studies", str(studies), "--site", "bench")
    manage(*arguments, environment=ours.environment)


class Asking:
    """The median time of a query asked several times over one association, in ms."""

    def __init__(self, port: int, encoded: bytes, times: int) -> None:
        self._peer = Peer("127.0.0.1", port, "CONSILIUM", CALLING)
        self._encoded, self._times = encoded, times
        self.matches = -1

    def __call__(self) -> float:
        with associate(self._peer, CONTEXTS) as assoc:
            timed_find(assoc, self._encoded)
            measured = [timed_find(assoc, self._encoded) for _ in range(self._times)]
        self.matches = measured[0][1]
        return statistics.median(seconds for seconds, _ in measured) * 1000


def _row(case: str, figures: dict[str, tuple[float, list[float]]], n: int) -> Row:
    ours = figures["ours"][0]
    if "Orthanc" not in figures:
        return missing(case, ours=ours, peer_name="Orthanc", unit="ms", n=n)
    return Row(case, ours, "Orthanc", figures["Orthanc"][0], "ms", n, higher_is_better=False)
