"""Where the pixels of an image lie in the patient, and where those of one image lie in another of the same plane.

Conventions  positions in mm in the patient's coordinates; indices count from 0 at the centre of the first pixel.
Reference    PS3.3 §C.7.6.2 (image plane), §C.7.4.1 (frame of reference)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.functional_groups import frame_value

Numbers = NDArray[np.float64]
MOST_APART_MM = 0.1
_MOST_TILT = 1e-3  # the sine of the angle: a quarter of a millimetre over 250


@dataclass(frozen=True, slots=True)
class Plane:
    """The centre of the first pixel, the directions of growing columns and rows, and the distances of both."""

    frame_of_reference: str
    position: Numbers
    along_row: Numbers
    along_column: Numbers
    row_spacing: float
    column_spacing: float

    @property
    def normal(self) -> Numbers:
        return _unit(np.cross(self.along_row, self.along_column))

    def is_same(self, other: Plane) -> bool:
        """Whether both are one plane of one frame of reference; within it they may be turned and moved."""
        return Planes([other]).same_as(self) is not None

    def indices_in(self, other: Plane, *, rows: int, columns: int) -> tuple[Numbers, Numbers]:
        """Row and column in the other image of each of these rows and columns of this one."""
        steps_down = np.arange(rows)[:, None] * self.row_spacing
        steps_right = np.arange(columns)[None, :] * self.column_spacing
        start = self.position - other.position
        row, column = (
            (
                float(start @ axis)
                + steps_down * float(self.along_column @ axis)
                + steps_right * float(self.along_row @ axis)
            )
            / spacing
            for axis, spacing in (
                (other.along_column, other.row_spacing),
                (other.along_row, other.column_spacing),
            )
        )
        return row, column


class Planes:
    """Many planes, at least one, among which one is looked for."""

    def __init__(self, planes: Sequence[Plane]) -> None:
        self._frames = np.array([plane.frame_of_reference for plane in planes])
        self._positions = np.array([plane.position for plane in planes])
        self._normals = np.array([plane.normal for plane in planes])

    def same_as(self, plane: Plane) -> int | None:
        """Which of them, counted from 0, is the same plane: the nearest if several are; None if none is."""
        apart = np.abs((self._positions - plane.position) @ plane.normal)
        tilt = np.linalg.norm(np.cross(self._normals, plane.normal), axis=1)
        is_same = (self._frames == plane.frame_of_reference) & (apart <= MOST_APART_MM) & (tilt <= _MOST_TILT)
        return int(np.where(is_same, apart, np.inf).argmin()) if is_same.any() else None


def plane_of(header: Dataset, frame: int) -> Plane | None:
    """The plane of a frame; None if its header does not say."""
    return plane_from(
        header.get("FrameOfReferenceUID"),
        frame_value(header, frame, "PlanePositionSequence", "ImagePositionPatient"),
        frame_value(header, frame, "PlaneOrientationSequence", "ImageOrientationPatient"),
        frame_value(header, frame, "PixelMeasuresSequence", "PixelSpacing"),
    )


def plane_from(frame_of_reference: Any, position: Any, orientation: Any, spacing: Any) -> Plane | None:
    """The plane of these values of a header; None if any is missing or none of a plane."""
    first, directions, distances = _numbers(position, 3), _numbers(orientation, 6), _numbers(spacing, 2)
    if not frame_of_reference or first is None or directions is None or distances is None:
        return None
    along_row, along_column = directions[:3], directions[3:]
    measures = [
        float(a @ b)
        for a, b in ((along_row, along_row), (along_column, along_column), (along_row, along_column))
    ]
    if distances.min() <= 0 or not np.allclose(measures, [1, 1, 0], atol=1e-3):
        return None
    row_spacing, column_spacing = (float(distance) for distance in distances)
    return Plane(
        str(frame_of_reference), first, _unit(along_row), _unit(along_column), row_spacing, column_spacing
    )


def _unit(vector: Numbers) -> Numbers:
    unit: Numbers = vector / np.linalg.norm(vector)
    return unit


def _numbers(values: Sequence[Any] | None, count: int) -> Numbers | None:
    try:
        numbers = np.array([float(value) for value in values or ()])
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else None
