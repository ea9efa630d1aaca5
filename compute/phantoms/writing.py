"""Phantoms written as DICOM series, as the scanner would have sent them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from archive.pixels.compressing import compress
from compute.phantoms import headers
from compute.phantoms.calibration import calibration
from compute.phantoms.chest import chest
from compute.phantoms.geometry import StackGeometry
from compute.phantoms.head import head
from compute.phantoms.headers import StudyHeader
from compute.phantoms.sampling import Renderer
from compute.phantoms.truth import GroundTruth, Phantom

MAKERS = {"ct": chest, "mr": head, "calibration": calibration}
TRANSFER_SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg-ls": JPEGLSLossless,
    "jpeg-2000": JPEG2000Lossless,
}
_COMPRESSED = {RLELossless, JPEGLSLossless, JPEG2000Lossless}


@dataclass(frozen=True)
class WrittenSeries:
    """What was written, and what is known of it."""

    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    accession_number: str
    files: tuple[Path, ...]
    ground_truth: GroundTruth


def make_phantom(kind: str, *, seed: int = 0, noise: float | None = None) -> Phantom:
    """The phantom of this kind: ct (a chest), mr (a head) or calibration."""
    return MAKERS[kind](seed=seed) if noise is None else MAKERS[kind](seed=seed, noise=noise)


def default_geometry(
    kind: str, *, slices: int | None = None, matrix: int | None = None, spacing_mm: float | None = None
) -> StackGeometry:
    """A stack that shows the whole phantom; thin, unless few slices or another spacing are asked for."""
    matrix = matrix or {"ct": 512, "mr": 256, "calibration": 128}[kind]
    field = {"ct": 380.0, "mr": 240.0, "calibration": 128.0}[kind]
    reach = {"ct": 200.0, "mr": 192.0, "calibration": 64.0}[kind]
    thin = {"ct": 1.25, "mr": 1.5, "calibration": 1.0}[kind]
    if spacing_mm is None:
        spacing_mm = thin if slices is None else min(reach / slices, 10.0)
    slices = slices or round(reach / spacing_mm)
    center = {"ct": (0.0, 0.0, -6.0), "mr": (0.0, 0.0, -14.0), "calibration": (0.0, 0.0, 0.0)}[kind]
    pixel = field / matrix
    return StackGeometry(matrix, matrix, slices, (pixel, pixel), spacing_mm, spacing_mm, center)


def datasets(
    phantom: Phantom, geometry: StackGeometry, header: StudyHeader, *, transfer_syntax_uid: UID
) -> Iterator[Dataset]:
    """The instances of the series in numbering order, encoded; two slices are made at a time."""
    renderer = Renderer(phantom, geometry)
    numbered = list(enumerate(geometry.present, start=1))

    def make(pair: tuple[int, int]) -> Dataset:
        number, k = pair
        ds = headers.instance(header, geometry, kind=phantom.kind, number=number, k=k)
        return _encoded(ds, renderer, k, transfer_syntax_uid)

    with ThreadPoolExecutor(max_workers=2) as pool:
        yield from pool.map(make, numbered)


def write_series(
    folder: Path,
    *,
    kind: str = "ct",
    geometry: StackGeometry | None = None,
    header: StudyHeader | None = None,
    transfer_syntax_uid: UID = ExplicitVRLittleEndian,
    seed: int = 0,
    noise: float | None = None,
) -> WrittenSeries:
    """Write a phantom's series into a folder, one Part 10 file an instance, named in numbering order."""
    phantom = make_phantom(kind, seed=seed, noise=noise)
    geometry = geometry or default_geometry(kind)
    header = header or StudyHeader(seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for ds in datasets(phantom, geometry, header, transfer_syntax_uid=transfer_syntax_uid):
        files.append(folder / f"{len(files) + 1:04d}.dcm")
        dcmwrite(files[-1], ds, enforce_file_format=True)
    return WrittenSeries(
        header.study_uid(), header.series_uid(kind), header.patient_id, header.accession_number,
        tuple(files), phantom.ground_truth,
    )  # fmt: skip


def _encoded(ds: Dataset, renderer: Renderer, k: int, transfer_syntax_uid: UID) -> Dataset:
    intercept = headers.INTERCEPT if renderer.phantom.modality == "CT" else 0
    stored = (np.rint(renderer.slice(k)) - intercept).astype("<u2")
    if transfer_syntax_uid in _COMPRESSED:
        compress(ds, transfer_syntax_uid, stored)
    else:
        ds.file_meta.TransferSyntaxUID = transfer_syntax_uid
        ds.PixelData = stored.tobytes()
        ds["PixelData"].VR = "OW"
    return ds
