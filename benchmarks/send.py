"""C-STORE as an SCU: 300 CT slices of 512 x 512 from our sender, beside DCMTK's storescu, to the same receiver.

The receiver keeps nothing: DCMTK's storescp that ignores what it is sent, and, as a reference, a bare receiver
that reads PDUs and answers. Both senders read files on a RAM disk; both sides have Nagle's algorithm off. A
figure includes the association, for storescu its start as a process too; ours is measured with and without one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks._servers import RAM_DISK, folder_on, running
from benchmarks._slices import CALLING, NO_NAGLE, STORESCU, ct_slice_file
from benchmarks.runner import Row, installed, measure_in_turn
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.store import StorageSCU, contexts_for, stored_files
from launcher.ports import free_port

STORESCP = "/usr/bin/storescp"
_INSTANCE = b"2.25.1" + b"3" * 20


def run(*, quick: bool) -> list[Row]:
    slices, rounds = (100, 3) if quick else (300, 5)
    if not installed(STORESCU) or not installed(STORESCP):
        raise SystemExit("The send benchmark needs DCMTK: apt-get install dcmtk")
    rows = []
    with folder_on(RAM_DISK) as folder:
        source = _slices(folder / "slices", slices)
        megabytes = sum(path.stat().st_size for path in source.iterdir()) / 1e6
        with _ignoring(folder) as port:
            figures = measure_in_turn(
                {"ours": _ours(port, source, megabytes), "storescu": _storescu(port, source, megabytes)},
                rounds=rounds,
            )
        rows.append(
            Row("300 CT slices".replace("300", str(slices)), figures["ours"][0], "storescu", figures["storescu"][0],
                "MB/s", slices)
        )  # fmt: skip
        with _ignoring(folder) as port:
            figures = measure_in_turn(
                {
                    "ours": _our_process(port, source, megabytes),
                    "storescu": _storescu(port, source, megabytes),
                },
                rounds=max(2, rounds - 2),
            )
        rows.append(
            Row("the same, ours started as a process too", figures["ours"][0], "storescu", figures["storescu"][0],
                "MB/s", slices, is_reference=True)
        )  # fmt: skip
    return rows


def _slices(folder: Path, count: int) -> Path:
    folder.mkdir()
    template = ct_slice_file()
    for number in range(count):
        uid = _INSTANCE[:-5] + f"{number:05}".encode()
        (folder / f"{number:05}").write_bytes(template.replace(_INSTANCE, uid))
    return folder


def _ours(port: int, source: Path, megabytes: float) -> Callable[[], float]:
    def send() -> float:
        began = time.perf_counter()
        files = stored_files(source)
        with associate(Peer("127.0.0.1", port, "CONSILIUM", CALLING), contexts_for(files)) as assoc:
            scu = StorageSCU(assoc)
            assert all(scu.send(file) == 0 for file in files)
        return megabytes / (time.perf_counter() - began)

    return send


def _our_process(port: int, source: Path, megabytes: float) -> Callable[[], float]:
    command = [
        sys.executable,
        "-m",
        "integrations.simulators.modality",
        "--study",
        str(source),
        "--port",
        str(port),
    ]
    return lambda: _timed([*command, "--ae-title", CALLING], megabytes)


def _storescu(port: int, source: Path, megabytes: float) -> Callable[[], float]:
    command = [STORESCU, "-aet", CALLING, "-aec", "CONSILIUM", "+sd", "127.0.0.1", str(port), str(source)]
    return lambda: _timed(command, megabytes)


def _timed(command: list[str], megabytes: float) -> float:
    began = time.perf_counter()
    subprocess.run(command, env={**os.environ, **NO_NAGLE}, check=True, capture_output=True)
    return megabytes / (time.perf_counter() - began)


@contextlib.contextmanager
def _ignoring(folder: Path) -> Iterator[int]:
    """A receiver that takes everything, in PDUs of 128 KiB, and keeps nothing; its port."""
    port = free_port()
    command = [STORESCP, "--ignore", "--max-pdu", "131072", str(port)]
    with running(command, port=port, log=folder / "storescp.log", environment=NO_NAGLE):
        yield port
