"""Where the pixels of an image lie in the patient, and where those of one image lie in another.

Conventions  positions in mm in the patient's coordinates; indices count from 0 at the centre of the first pixel.
Reference    PS3.3 §C.7.6.2 (image plane), §C.7.4.1 (frame of reference), §C.8.8.3.2 (planes of a dose)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.functional_groups import frame_value

Numbers = NDArray[np.float64]
Pixels = tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]  # their rows, and their columns


class Places(Protocol):
    """Where each pixel of a picture is to be found."""

    def along(self, axis: Numbers, origin: Numbers, pixels: Pixels) -> Numbers: ...


@dataclass(frozen=True, slots=True)
class Grid:
    """Where pixels lie: the centre of the first one, and the steps to the next row and to the next column."""

    start: Numbers
    down: Numbers
    right: Numbers

    def moved(self, matrix: Numbers | None) -> Grid:
        """Where they lie in other coordinates, by an affine matrix of 4 by 4; None leaves them where they are."""
        if matrix is None:
            return self
        turning, shift = matrix[:3, :3], matrix[:3, 3]
        return Grid(turning @ self.start + shift, turning @ self.down, turning @ self.right)

    def along(self, axis: Numbers, origin: Numbers, pixels: Pixels) -> Numbers:
        """How far from the origin along the axis the centre of each of the pixels lies."""
        rows, columns = pixels
        distances: Numbers = (
            float((self.start - origin) @ axis)
            + rows * float(self.down @ axis)
            + columns * float(self.right @ axis)
        )
        return distances


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

    @property
    def grid(self) -> Grid:
        return Grid(self.position, self.along_column * self.row_spacing, self.along_row * self.column_spacing)

    def indices(self, places: Places, pixels: Pixels) -> tuple[Numbers, Numbers]:
        """Row and column in this image of each of the pixels."""
        row, column = (
            places.along(axis, self.position, pixels) / spacing
            for axis, spacing in (
                (self.along_column, self.row_spacing),
                (self.along_row, self.column_spacing),
            )
        )
        return row, column


def all_pixels(rows: int, columns: int) -> Pixels:
    """Those of a grid of this size, in rows and columns."""
    return np.arange(rows)[:, None], np.arange(columns)[None, :]


def plane_of(header: Dataset, frame: int) -> Plane | None:
    """The plane of a frame; None if its header does not say."""
    plane = plane_from(
        header.get("FrameOfReferenceUID"),
        frame_value(header, frame, "PlanePositionSequence", "ImagePositionPatient"),
        frame_value(header, frame, "PlaneOrientationSequence", "ImageOrientationPatient"),
        frame_value(header, frame, "PixelMeasuresSequence", "PixelSpacing"),
    )
    return plane if plane is None or "GridFrameOffsetVector" not in header else _offset(plane, header, frame)


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


def _offset(plane: Plane, header: Dataset, frame: int) -> Plane | None:
    """The plane of a dose's frame: offsets from the first plane, of which the first is 0."""
    offsets = _numbers(header.GridFrameOffsetVector, int(header.get("NumberOfFrames") or 1))
    if offsets is None or offsets[0] != 0:
        return None
    position = plane.position + plane.normal * offsets[frame - 1]
    return Plane(
        plane.frame_of_reference, position, plane.along_row, plane.along_column,
        plane.row_spacing, plane.column_spacing,
    )  # fmt: skip


def _unit(vector: Numbers) -> Numbers:
    unit: Numbers = vector / np.linalg.norm(vector)
    return unit


def _numbers(values: Sequence[Any] | None, count: int) -> Numbers | None:
    try:
        numbers = np.array([float(value) for value in values or ()])
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else None
