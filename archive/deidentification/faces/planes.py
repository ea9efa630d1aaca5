"""The images of an object as planes in the patient: classic images have one, enhanced ones many.

Reference  PS3.3 §C.7.6.2.1.1 (image plane), §C.7.6.16.2.3 and §C.7.6.16.2.4 (plane position and orientation)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from common.errors import InvalidInput

Vector = NDArray[np.float64]
Samples = NDArray[Any]
_STEEPEST = 1e-3


@dataclass(frozen=True, slots=True)
class Plane:
    """Where one image lies, and how its stored values become what was measured.

    Convention  LPS; `position` is the centre of the first pixel, `along_row` points to growing columns, `along_column`
                to growing rows.
    Units       mm
    """

    position: Vector
    along_row: Vector
    along_column: Vector
    row_spacing: float
    column_spacing: float
    slope: float
    intercept: float
    rows: int
    columns: int

    @property
    def normal(self) -> Vector:
        return np.cross(self.along_row, self.along_column)

    @property
    def stack(self) -> tuple[float, ...]:
        """What the planes of one stack have in common."""
        directions = np.concatenate([self.along_row, self.along_column])
        return (*(float(part) for part in directions.round(2)), round(self.row_spacing, 4),
                round(self.column_spacing, 4), self.rows, self.columns)  # fmt: skip


def planes_of(dataset: Dataset) -> list[Plane]:
    """The planes of an object's frames, in order. Raises InvalidInput FACE_POSITION_UNKNOWN."""
    try:
        return [_plane(dataset, frame) for frame in range(int(dataset.get("NumberOfFrames") or 1))]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            "The images do not say where in the patient they lie, so the face cannot be found in them",
            code="FACE_POSITION_UNKNOWN",
        ) from error


def _plane(dataset: Dataset, frame: int) -> Plane:
    orientation = _numbers(_value(dataset, frame, "PlaneOrientationSequence", "ImageOrientationPatient"), 6)
    spacing = _numbers(_value(dataset, frame, "PixelMeasuresSequence", "PixelSpacing"), 2)
    position = _numbers(_value(dataset, frame, "PlanePositionSequence", "ImagePositionPatient"), 3)
    along_row, along_column = orientation[:3], orientation[3:]
    lengths = np.linalg.norm([along_row, along_column], axis=1)
    if abs(along_row @ along_column) > _STEEPEST * 10 or np.abs(lengths - 1).max() > 0.01:
        raise ValueError("directions of rows and columns are not at right angles")
    if spacing.min() <= 0:
        raise ValueError("no distance between pixels")
    rescale = "PixelValueTransformationSequence"
    return Plane(
        position, along_row, along_column, float(spacing[0]), float(spacing[1]),
        _number(_value(dataset, frame, rescale, "RescaleSlope"), 1.0) or 1.0,
        _number(_value(dataset, frame, rescale, "RescaleIntercept"), 0.0),
        int(dataset.Rows), int(dataset.Columns),
    )  # fmt: skip


def _value(dataset: Dataset, frame: int, group: str, keyword: str) -> Any:
    """An attribute of a frame: its own, that of all frames, or the object's."""
    for groups in _groups(dataset, frame):
        for item in groups.get(group) or ():
            if item.get(keyword) is not None:
                return item.get(keyword)
    return dataset.get(keyword)


def _groups(dataset: Dataset, frame: int) -> Iterator[Dataset]:
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence")
    if per_frame:
        yield per_frame[frame]
    yield from dataset.get("SharedFunctionalGroupsSequence") or ()


def _numbers(value: Any, count: int) -> Vector:
    numbers = np.array([float(part) for part in value], dtype=np.float64)
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise ValueError("not as many numbers as there must be")
    return numbers


def _number(value: Any, default: float) -> float:
    return default if value in (None, "") else float(value)
