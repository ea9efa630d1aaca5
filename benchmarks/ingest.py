"""C-STORE of 512 x 512 int16 CT slices: MB/s into the index and onto the disk, beside Orthanc and storescp.

Ours is the daemon as it ships (`manage.py run_dicom_scp`, an fsynced file and a committed PostgreSQL row for
every answer). DCMTK's `storescu` sends to all, with Nagle's algorithm off on both sides. Bytes and
databases lie on a RAM disk, where the disk's noise cannot hide the difference; one run is on the disk.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from benchmarks._servers import DISK, RAM_DISK, folder_on, manage, postgres, running
from benchmarks.runner import Row, installed, measure_in_turn, missing
from launcher.ports import free_port

STORESCU, STORESCP, ORTHANC = "/usr/bin/storescu", "/usr/bin/storescp", "/usr/sbin/Orthanc"
CALLING = "BENCH_CT"
NO_NAGLE = {"TCP_NODELAY": "1"}
_STUDY, _SERIES, _INSTANCE = "2.25.1" + "1" * 20, "2.25.1" + "2" * 20, "2.25.1" + "3" * 20


def run(*, quick: bool) -> list[Row]:
    slices, rounds = (80, 3) if quick else (300, 5)
    if not installed(STORESCU):
        raise SystemExit("The ingest benchmark sends with DCMTK: apt-get install dcmtk orthanc")
    with folder_on(RAM_DISK) as folder:
        rows = _beside_peers(folder, slices=slices, rounds=rounds)
    with folder_on(DISK) as folder, folder_on(RAM_DISK) as sources:
        return [*rows, _durable(folder, sources, slices=slices, rounds=rounds)]


def _beside_peers(folder: Path, *, slices: int, rounds: int) -> list[Row]:
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(_ours(folder))
        peers: dict[str, int] = {}
        if installed(ORTHANC):
            peers["Orthanc"] = stack.enter_context(_orthanc(folder))
        if installed(STORESCP):
            peers["storescp --fork +B"] = stack.enter_context(_storescp(folder))
        for associations in (1, 4):
            case = f"C-STORE, {associations} association{'s' * (associations > 1)}"
            sender = Sender(folder, slices=slices, associations=associations)
            figures = measure_in_turn(
                {name: sender.to(port) for name, port in {"ours": ours, **peers}.items()}, rounds=rounds
            )
            rows += _rows(case, {name: median for name, (median, _) in figures.items()}, slices)
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


def _durable(folder: Path, sources: Path, *, slices: int, rounds: int) -> Row:
    """One association onto the disk, beside a loop that only writes and fsyncs the same files."""
    with _ours(folder) as port:
        sender = Sender(sources, slices=slices, associations=1)
        figures = measure_in_turn(
            {"ours": sender.to(port), "loop": lambda: sender.write_and_sync(folder / "loop")},
            rounds=max(2, rounds - 2),
        )
    return Row(
        "C-STORE, 1 association, on the disk", figures["ours"][0], "write + fsync loop",
        figures["loop"][0], "MB/s", slices, is_reference=True,
    )  # fmt: skip


class Sender:
    """Makes fresh slices for every measurement and sends them over one or more associations."""

    def __init__(self, folder: Path, *, slices: int, associations: int) -> None:
        self._folder, self._slices, self._associations = folder, slices, associations
        self._template = _template()
        self._made = 0

    def to(self, port: int) -> Callable[[], float]:
        return lambda: self._send(port)

    def write_and_sync(self, target: Path) -> float:
        """The disk's own speed: each file written and fsynced, one after the other."""
        target.mkdir(exist_ok=True)
        began = time.perf_counter()
        for number in range(self._slices):
            with (target / str(number)).open("wb", buffering=0) as file:
                file.write(self._template)
                os.fsync(file.fileno())
        seconds = time.perf_counter() - began
        _remove(target)
        return self._megabytes / seconds

    def _send(self, port: int) -> float:
        folders = [self._fresh_series() for _ in range(self._associations)]
        began = time.perf_counter()
        senders = [
            subprocess.Popen(
                [STORESCU, "-aet", CALLING, "-aec", "CONSILIUM", "+sd", "127.0.0.1", str(port), folder],
                env={**os.environ, **NO_NAGLE}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )
            for folder in folders
        ]  # fmt: skip
        said = [sender.communicate()[1] for sender in senders]
        seconds = time.perf_counter() - began
        for folder in folders:
            _remove(folder)
        for sender, errors in zip(senders, said, strict=True):
            if sender.returncode:
                raise RuntimeError(f"storescu to port {port}: {errors.decode(errors='replace')[-300:]}")
        return self._megabytes / seconds

    @property
    def _megabytes(self) -> float:
        return self._slices * len(self._template) / 1e6

    def _fresh_series(self) -> Path:
        """A folder of slices that no server has seen."""
        self._made += 1
        tag = f"{os.getpid() % 100000:05}{self._made:05}"
        folder = self._folder / f"series{self._associations}-{self._made}"
        folder.mkdir()
        body = self._template.replace(_STUDY.encode(), _unique(_STUDY, tag))
        body = body.replace(_SERIES.encode(), _unique(_SERIES, tag))
        for number in range(self._slices // self._associations):
            uid = _unique(_INSTANCE, f"{tag}{number:05}")
            (folder / f"{number:05}").write_bytes(body.replace(_INSTANCE.encode(), uid))
        return folder


def _unique(uid: str, tag: str) -> bytes:
    """A UID as long as the template's, so that only bytes change."""
    return f"{uid[: -len(tag)]}{tag}".encode()


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _template() -> bytes:
    """A CT slice of noise about water, as a Part 10 file; the UIDs are replaced in place."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, _INSTANCE
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _STUDY, _SERIES
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260302", "080000", ""
    dataset.Modality, dataset.Manufacturer = "CT", "Phantom"
    dataset.PatientName, dataset.PatientID = "Bench^Phantom", "BENCH"
    dataset.PatientBirthDate, dataset.PatientSex = "19600101", "O"
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, 1
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [0.7, 0.7], 1
    dataset.Rows = dataset.Columns = 512
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 1, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.PixelData = np.random.default_rng(1).normal(0, 20, (512, 512)).astype("<i2").tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@contextlib.contextmanager
def _ours(folder: Path) -> Iterator[int]:
    """The daemon as it ships, on a database and an object store in `folder`; its port."""
    with postgres(folder) as url:
        environment = {
            "DATABASE_URL": url,
            "STORAGE_URL": f"file://{folder / 'objects'}",
            "SECRET_KEY": "benchmark",
            "REDIS_URL": "redis://127.0.0.1:1/0",  # nothing here needs a broker
            "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        }
        manage("migrate", "-v0", "--skip-checks", environment=environment)
        _introduce_modality(url)
        port = free_port()
        command = [sys.executable, "manage.py", "run_dicom_scp", "--port", str(port)]
        with running(command, port=port, log=folder / "ours.log", environment=environment):
            yield port
            _check_ours(url)


def _introduce_modality(url: str) -> None:
    with psycopg.connect(url) as connection:
        site = connection.execute(
            "INSERT INTO accounts_site (code, name, name_zh, kind, authority_namespace, authority_universal_id)"
            " VALUES ('bench', 'Bench', '', 'county', 'BENCH', '') RETURNING id"
        ).fetchone()
        assert site is not None
        connection.execute(
            "INSERT INTO dicom_applicationentity (ae_title, site_id, host, roles, description)"
            " VALUES (%s, %s, '', '[\"storage_scu\"]', '')",
            (CALLING, site[0]),
        )


def _check_ours(url: str) -> None:
    """Everything that was acknowledged is in the index: speed without that would mean nothing."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT storage_key), (SELECT count(*) FROM studies_rejectedobject)"
            " FROM studies_instance"
        ).fetchone()
    assert row is not None
    assert row[0] == row[1] > 0
    assert row[2] == 0


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
