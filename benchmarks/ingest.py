"""C-STORE of 512 x 512 int16 CT slices: MB/s into the index and onto the disk, beside Orthanc and others.

Ours is the daemon as it ships (`manage.py run_dicom_scp`: bytes on the disk and a committed PostgreSQL row for
every answer). DCMTK's `storescu` sends to all, with Nagle's algorithm off on both sides. Bytes and
databases lie on a RAM disk, where the disk's noise cannot hide the difference; one run is on the disk, and sent from
memory. The bare receiver is Python with nothing but sockets and files in it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks._listener import OurListener, our_listener
from benchmarks._servers import DISK, RAM_DISK, folder_on, running
from benchmarks._slices import NO_NAGLE, STORESCU, Sender
from benchmarks.runner import Row, installed, measure_in_turn, missing
from launcher.ports import free_port

STORESCP, ORTHANC = "/usr/bin/storescp", "/usr/sbin/Orthanc"
_BARE = "bare Python receiver"
_SMALL_SIDE, _MANY = 32, 10_000


def run(*, quick: bool) -> list[Row]:
    slices, rounds = (80, 3) if quick else (300, 5)
    if not installed(STORESCU):
        raise SystemExit("The ingest benchmark sends with DCMTK: apt-get install dcmtk orthanc")
    with folder_on(RAM_DISK) as folder:
        rows = _beside_peers(folder, slices=slices, rounds=rounds)
    with folder_on(DISK) as folder, folder_on(RAM_DISK) as sources:
        rows += _durable(folder, sources, slices=slices, rounds=rounds if quick else 3 * rounds)
    with folder_on(RAM_DISK) as folder:
        rows.append(_memory(folder, instances=_MANY // 10 if quick else _MANY))
    return rows


def _beside_peers(folder: Path, *, slices: int, rounds: int) -> list[Row]:
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(our_listener(folder))
        ports = {"ours": ours.port, _BARE: stack.enter_context(_bare(folder))}
        if installed(ORTHANC):
            ports["Orthanc"] = stack.enter_context(_orthanc(folder))
        if installed(STORESCP):
            ports["storescp --fork +B"] = stack.enter_context(_storescp(folder))
        for associations in (1, 4):
            case = f"C-STORE, {associations} association{'s' * (associations > 1)}"
            sender = Sender(folder, slices=slices, associations=associations)
            figures = measure_in_turn({name: sender.to(port) for name, port in ports.items()}, rounds=rounds)
            rows += _rows(case, {name: median for name, (median, _) in figures.items()}, slices)
            rows.append(_cost(ours, sender, associations=associations, slices=slices))
    return rows


def _rows(case: str, medians: dict[str, float], slices: int) -> list[Row]:
    ours = medians.pop("ours")
    rows = [
        Row(case, ours, name, median, "MB/s", slices, is_reference=name != "Orthanc")
        for name, median in medians.items()
    ]
    if "Orthanc" not in medians:
        rows.append(missing(case, ours=ours, peer_name="Orthanc", unit="MB/s", n=slices))
    return rows


def _cost(ours: OurListener, sender: Sender, *, associations: int, slices: int) -> Row:
    """CPU time of daemon and database for one object: steadier than a rate on a busy machine."""
    before = ours.cpu_seconds()
    sender.to(ours.port)()
    spent = (ours.cpu_seconds() - before) / slices * 1e3
    case = f"CPU of daemon and database an object, {associations} associations"
    return Row(case, spent, "", None, "ms", slices, higher_is_better=False, is_reference=True)


def _durable(folder: Path, sources: Path, *, slices: int, rounds: int) -> list[Row]:
    """Onto the disk, beside a loop that only writes and fsyncs the same files, one after the other.

    The loop has its bytes in memory, so the sender has them too: what is compared is what it costs to receive,
    index and keep them, not what it costs a modality to read them. A round takes a second, and the loop alone
    has given 245 to 743 MB/s within a day, so there are many rounds.
    """
    rows = []
    with our_listener(folder) as ours:
        for associations in (1, 4):
            sender = Sender(sources, slices=slices, associations=associations)
            loop = partial(sender.write_and_sync, folder / "loop")
            figures = measure_in_turn({"ours": sender.lean_to(ours.port), "loop": loop}, rounds=rounds)
            case = f"C-STORE, {associations} association{'s' * (associations > 1)}, on the disk"
            rows.append(
                Row(
                    case, figures["ours"][0], "write + fsync loop", figures["loop"][0], "MB/s", slices,
                    is_reference=True,
                )
            )  # fmt: skip
    return rows


def _memory(folder: Path, *, instances: int) -> Row:
    """What the daemon's memory grew by while many small instances came over 4 associations."""
    with our_listener(folder) as ours:
        Sender(folder, slices=400, associations=4, side=_SMALL_SIDE).to(ours.port)()
        before = ours.resident_mb()
        Sender(folder, slices=instances, associations=4, side=_SMALL_SIDE).to(ours.port)()
        grown = ours.resident_mb() - before
    return Row(
        "growth of the daemon's memory", grown, "allowed", 50.0, "MB", instances,
        higher_is_better=False, is_reference=True,
    )  # fmt: skip


@contextlib.contextmanager
def _bare(folder: Path) -> Iterator[int]:
    home = folder / "bare"
    home.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "benchmarks._bare", str(port), str(home)]
    with running(command, port=port, log=folder / "bare.log"):
        yield port


@contextlib.contextmanager
def _orthanc(folder: Path) -> Iterator[int]:
    """Orthanc with its SQLite index and files in `folder`; its DICOM port."""
    home = folder / "orthanc"
    home.mkdir()
    port, http = free_port(), free_port()
    configuration = home / "orthanc.json"
    configuration.write_text(
        json.dumps(
            {
                "StorageDirectory": str(home), "IndexDirectory": str(home), "DicomPort": port,
                "HttpPort": http, "DicomAet": "CONSILIUM", "DicomCheckCalledAet": False,
                "DicomAlwaysAllowStore": True, "RemoteAccessAllowed": False, "Plugins": [],
                "AuthenticationEnabled": False,
            }
        )
    )  # fmt: skip
    with running([ORTHANC, str(configuration)], port=port, log=folder / "orthanc.log", environment=NO_NAGLE):
        yield port
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/statistics") as answer:
            assert json.load(answer)["CountInstances"] > 0


@contextlib.contextmanager
def _storescp(folder: Path) -> Iterator[int]:
    """DCMTK's storescp, a process an association, bytes kept, no index; its port."""
    home = folder / "storescp"
    home.mkdir()
    port = free_port()
    command = [STORESCP, "--fork", "+B", "-od", str(home), str(port)]
    with running(command, port=port, log=folder / "storescp.log", environment=NO_NAGLE):
        yield port
