"""One slice: where it lies, and what may tell it from another slice at the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float64]

SAME_PLACE_MM = 0.01
SAME_DIRECTION = 1e-3
_PLANES = ("sagittal", "coronal", "axial")


@dataclass(frozen=True, slots=True)
class Slice:
    """Where one instance, or one frame of a multi-frame instance, lies.

    `number` is the instance or frame number; `traits` what `phases.traits_of` found in the header, where it
    was read. `frames` counts the frames of an instance whose positions are not known.
    Units  mm, LPS; orientation is row direction, then column direction.
    """

    position: Sequence[float] | None
    orientation: Sequence[float] | None
    pixel_spacing: Sequence[float] | None = None
    rows: int | None = None
    columns: int | None = None
    frames: int = 1
    number: int | None = None
    traits: Mapping[str, Any] | None = None

    @property
    def is_placed(self) -> bool:
        return self.position is not None and self.orientation is not None and self.frames <= 1


def normal_of(orientation: Sequence[float] | Vectors) -> Vectors | None:
    """The unit normal of a slice; None unless row and column directions are perpendicular."""
    row, column = np.asarray(orientation[:3], np.float64), np.asarray(orientation[3:], np.float64)
    normal = np.cross(row, column)
    length = float(np.linalg.norm(normal))
    product = float(np.linalg.norm(row) * np.linalg.norm(column))
    if product == 0 or length < 0.99 * product:
        return None
    return np.asarray(normal / length, np.float64)


def plane_of(normal: Vectors) -> str:
    """What people call the plane: axial, coronal, sagittal, or oblique from 37 degrees on."""
    return _PLANES[int(np.abs(normal).argmax())] if np.abs(normal).max() > 0.8 else "oblique"


def order_along_normal(slices: Sequence[Slice]) -> list[int]:
    """Indices of the slices sorted along the normal of the first; without positions, as they are."""
    placed = [item for item in slices if item.is_placed]
    normal = normal_of(placed[0].orientation or ()) if placed and len(placed) == len(slices) else None
    if normal is None:
        return list(range(len(slices)))
    distances = np.array([item.position for item in placed], np.float64) @ normal
    return [int(index) for index in np.argsort(distances, kind="stable")]
