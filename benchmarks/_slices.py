"""CT slices to send, and a sender of them: fresh for every measurement, by DCMTK's storescu."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from benchmarks._memory import claim_memory

STORESCU = "/usr/bin/storescu"
CALLING = "BENCH_CT"
NO_NAGLE = {"TCP_NODELAY": "1"}
_made = itertools.count(1)
_STUDY, _SERIES, _INSTANCE = "2.25.1" + "1" * 20, "2.25.1" + "2" * 20, "2.25.1" + "3" * 20


class Sender:
    """Makes fresh slices for every measurement and sends them over one or more associations."""

    def __init__(self, folder: Path, *, slices: int, associations: int, side: int = 512) -> None:
        self._folder, self._slices, self._associations = folder, slices, associations
        self._template = ct_slice_file(side)
        self._made = 0

    def to(self, port: int) -> Callable[[], float]:
        return lambda: self._send(port)

    def lean_to(self, port: int) -> Callable[[], float]:
        """To send from memory instead, by a sender that costs next to nothing."""
        return lambda: self._send_lean(port)

    def write_and_sync(self, target: Path) -> float:
        """The disk's own speed: each file written and fsynced, one after the other."""
        target.mkdir(exist_ok=True)
        self._claim()
        began = time.perf_counter()
        for number in range(self._slices):
            with (target / str(number)).open("wb", buffering=0) as file:
                file.write(self._template)
                os.fsync(file.fileno())
        seconds = time.perf_counter() - began
        _remove(target)
        return self.megabytes / seconds

    def _send(self, port: int) -> float:
        folders = [self._fresh_series() for _ in range(self._associations)]
        self._claim()
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
        return self.megabytes / seconds

    def _send_lean(self, port: int) -> float:
        self._claim(2)
        command = [sys.executable, "-m", "benchmarks._lean_sender", str(port), str(self._slices)]
        said = subprocess.run(
            [*command, str(self._associations), _new_tag()], capture_output=True, text=True, check=True
        )
        return self.megabytes / float(said.stdout)

    def _claim(self, times: float = 1) -> None:
        claim_memory(int((times + 0.5) * self.megabytes * 1e6))

    @property
    def megabytes(self) -> float:
        return self._slices * len(self._template) / 1e6

    def _fresh_series(self) -> Path:
        """A folder of slices that no server has seen."""
        self._made += 1
        folder = self._folder / f"series{self._slices}-{self._associations}-{self._made}"
        folder.mkdir()
        count = self._slices // self._associations
        for number, body in enumerate(_numbered(self._template, _new_tag(), count)):
            (folder / f"{number:05}").write_bytes(body)
        return folder


def fresh_slices(tag: str, count: int, *, side: int = 512) -> Iterator[tuple[str, bytes]]:
    """SOP Instance UID and data set of each slice of a new series, without preamble and meta information."""
    template = ct_slice_file(side)
    start = 144 + int.from_bytes(
        template[140:144], "little"
    )  # behind the File Meta Information (PS3.10 §7.1)
    for number, body in enumerate(_numbered(template, tag, count)):
        yield _unique(_INSTANCE, f"{tag}{number:05}").decode(), body[start:]


def fresh_files(template: bytes, count: int) -> Iterator[bytes]:
    """The slices of a new series as Part 10 files, each a copy of `ct_slice_file` with UIDs of its own."""
    return _numbered(template, _new_tag(), count)


def _numbered(template: bytes, tag: str, count: int) -> Iterator[bytes]:
    body = template.replace(_STUDY.encode(), _unique(_STUDY, tag))
    body = body.replace(_SERIES.encode(), _unique(_SERIES, tag))
    for number in range(count):
        yield body.replace(_INSTANCE.encode(), _unique(_INSTANCE, f"{tag}{number:05}"))


def _new_tag() -> str:
    return f"{os.getpid() % 100000:05}{next(_made):05}"


def _unique(uid: str, tag: str) -> bytes:
    """A UID as long as the template's, so that only bytes change."""
    return f"{uid[: -len(tag)]}{tag}".encode()


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def ct_slice_file(side: int = 512) -> bytes:
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
    dataset.Rows = dataset.Columns = side
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 1, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.PixelData = np.random.default_rng(1).normal(0, 20, (side, side)).astype("<i2").tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
