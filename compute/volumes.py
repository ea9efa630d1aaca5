"""A series as one volume: sorted, decoded, rescaled, with its place in the patient."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from torch import Tensor

from common.errors import InvalidInput

_SAME_PLACE_MM = 0.01
_UNEVEN = 0.02

DatasetReader = Callable[[], Dataset]


@dataclass(frozen=True)
class SourceInstance:
    """One instance of the series, and the way to its data set."""

    sop_class_uid: str
    sop_instance_uid: str
    read: DatasetReader


@dataclass(frozen=True)
class SeriesVolume:
    """A series in memory.

    Shapes      voxels (1, 1, D, H, W): int16 where every rescaled value is a whole number that fits, else float32.
    Units       voxels in modality units (HU for CT); affine in mm, LPS.
    Convention  affine (4, 4) float64 maps (column, row, slice) indices of voxel centres to patient space;
                slices run along the normal, whatever the instance numbers say.
    """

    voxels: Tensor
    affine: Tensor
    modality: str
    header: Dataset
    sop_class_uids: tuple[str, ...]
    sop_instance_uids: tuple[str, ...]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distances between neighbouring columns, rows and slices."""
        lengths = torch.linalg.vector_norm(self.affine[:3, :3], dim=0)
        return (float(lengths[0]), float(lengths[1]), float(lengths[2]))


def load_volume(
    instances: Sequence[SourceInstance], *, threads: int = 2, progress: Callable[[float], None] | None = None
) -> SeriesVolume:
    """Read, decode and stack the slices of one series.

    Two slices are decoded at a time by a bounded pool: the decoders work outside the interpreter's lock.
    Slices at the same place are taken once; uneven distances are evened out by linear interpolation.
    Raises  InvalidInput NOT_A_VOLUME if slices differ in size, orientation or spacing, or lie nowhere.
    """
    frames: list[_Frame] = []
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        for done, frame in enumerate(pool.map(_decode, instances), start=1):
            frames.append(frame)
            if progress and done % 16 == 0:
                progress(done / len(instances))
    return _stack(frames)


@dataclass(frozen=True)
class _Frame:
    source: SourceInstance
    header: Dataset
    pixels: NDArray[np.int16] | NDArray[np.float32]
    position: NDArray[np.float64]
    orientation: NDArray[np.float64]


def _decode(instance: SourceInstance) -> _Frame:
    ds = instance.read()
    if "ImagePositionPatient" not in ds or "ImageOrientationPatient" not in ds or "PixelSpacing" not in ds:
        raise InvalidInput("The instances carry no positions.", code="NOT_A_VOLUME")
    stored = ds.pixel_array
    if stored.ndim != 2:
        raise InvalidInput("The instances hold colour or several frames.", code="NOT_A_VOLUME")
    pixels = _rescaled(stored, ds)
    position = np.asarray(ds.ImagePositionPatient, dtype=np.float64)
    orientation = np.asarray(ds.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    del ds.PixelData
    return _Frame(instance, ds, pixels, position, orientation)


def _rescaled(stored: NDArray[np.integer], ds: Dataset) -> NDArray[np.int16] | NDArray[np.float32]:
    """Stored values to modality values by slope and intercept (PS3.3 §C.11.1)."""
    slope, intercept = float(ds.get("RescaleSlope", 1) or 1), float(ds.get("RescaleIntercept", 0) or 0)
    limits = np.iinfo(np.int16)
    if slope == 1 and intercept.is_integer():
        values = stored.astype(np.int32) + int(intercept)
        if limits.min <= int(values.min()) and int(values.max()) <= limits.max:
            return values.astype(np.int16)
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _stack(frames: list[_Frame]) -> SeriesVolume:
    first = frames[0]
    if any(frame.pixels.shape != first.pixels.shape for frame in frames):
        raise InvalidInput("The slices differ in size.", code="NOT_A_VOLUME")
    if any(np.abs(frame.orientation - first.orientation).max() > 1e-3 for frame in frames):
        raise InvalidInput("The slices lie in different planes.", code="NOT_A_VOLUME")
    row, column = first.orientation
    normal = np.cross(row, column)
    heights = np.array([frame.position @ normal for frame in frames])
    order = np.argsort(heights, kind="stable")
    kept = [order[0]]
    kept += [b for a, b in itertools.pairwise(order) if heights[b] - heights[a] > _SAME_PLACE_MM]
    if len(kept) < 2:
        raise InvalidInput("The series is one slice only.", code="NOT_A_VOLUME")
    chosen = [frames[i] for i in kept]
    is_whole = all(frame.pixels.dtype == np.int16 for frame in chosen)
    dtype = np.int16 if is_whole else np.float32
    voxels = torch.from_numpy(np.stack([frame.pixels.astype(dtype, copy=False) for frame in chosen]))
    voxels = _evened(voxels, heights[kept])
    step = (chosen[-1].position - chosen[0].position) / (len(chosen) - 1)  # follows a tilted gantry too
    spacing = [float(v) for v in first.header.PixelSpacing]
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = row * spacing[1], column * spacing[0], step
    affine[:3, 3] = chosen[0].position
    return SeriesVolume(
        voxels=voxels[None, None],
        affine=torch.from_numpy(affine),
        modality=str(first.header.get("Modality", "")),
        header=first.header,
        sop_class_uids=tuple(frame.source.sop_class_uid for frame in chosen),
        sop_instance_uids=tuple(frame.source.sop_instance_uid for frame in chosen),
    )


def _evened(voxels: Tensor, heights: NDArray[np.float64]) -> Tensor:
    """The slices at even heights between the first and the last; as they are where they lie evenly."""
    even = np.linspace(heights[0], heights[-1], len(heights))
    step = even[1] - even[0]
    if np.abs(heights - even).max() <= _UNEVEN * step:
        return voxels
    above = np.clip(np.searchsorted(heights, even), 1, len(heights) - 1)
    share = (even - heights[above - 1]) / (heights[above] - heights[above - 1])
    evened = torch.empty_like(voxels)
    for k, (upper, part) in enumerate(zip(above, share, strict=True)):
        mixed = torch.lerp(voxels[upper - 1].float(), voxels[upper].float(), float(part))
        evened[k] = mixed.round().to(voxels.dtype) if voxels.dtype == torch.int16 else mixed
    return evened
