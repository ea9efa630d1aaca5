"""Images of one orientation gathered on a coarse grid: enough to find a head, small enough to do so at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.deidentification.faces.morphology import Field, Spacing
from archive.deidentification.faces.planes import Plane, Samples, Vector
from common.errors import InvalidInput

CELL_MM = 3.0
_ALONE_MM = 6.0
_MOST_CELLS = 12_000_000


@dataclass(frozen=True, slots=True)
class CoarseImage:
    """An image in cells of about CELL_MM: the mean of the modality values of a cell's pixels."""

    plane: Plane
    values: Field


def coarse(plane: Plane, samples: Samples) -> CoarseImage:
    """An image made coarse. Pixels beyond its edge are like those on it."""
    down, right = _factors(plane)
    wide = np.pad(
        samples.astype(np.float32), ((0, -plane.rows % down), (0, -plane.columns % right)), mode="edge"
    )
    cells = wide.reshape(wide.shape[0] // down, down, wide.shape[1] // right, right).mean(axis=(1, 3))
    return CoarseImage(plane, cells * np.float32(plane.slope) + np.float32(plane.intercept))


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the cells of a stack lie: axis 0 along its normal, 1 along columns, 2 along rows.

    Units  mm; `offsets` of a plane are in pixels, from the plane the grid begins with: a tilted gantry shifts each.
    """

    first: Plane
    spacing_mm: Spacing
    shape: tuple[int, int, int]
    origin_offset: tuple[float, float]

    def layer(self, plane: Plane) -> float:
        """How many layers of cells the plane is above the first."""
        return float((plane.position - self.first.position) @ self.first.normal) / self.spacing_mm[0]

    def rows_and_columns(self, plane: Plane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The coordinates, in cells, of the rows and of the columns of pixels of a plane."""
        down, right = _factors(plane)
        row_offset, column_offset = _offset(plane, self.first)
        rows = np.arange(plane.rows) + row_offset - self.origin_offset[0]
        columns = np.arange(plane.columns) + column_offset - self.origin_offset[1]
        return (rows - (down - 1) / 2) / down, (columns - (right - 1) / 2) / right

    def coordinate(self, axis: Vector) -> Field:
        """How far along a direction of the patient each cell lies, from the first plane's first pixel.

        Shapes  broadcasts to the grid's.
        """
        steps = (self.first.normal, self.first.along_column, self.first.along_row)
        total: Field = np.zeros((1, 1, 1), np.float32)
        for at, (step, size) in enumerate(zip(steps, self.spacing_mm, strict=True)):
            line = np.arange(self.shape[at], dtype=np.float32) * np.float32(size * (step @ axis))
            total = total + line.reshape([-1 if axis_at == at else 1 for axis_at in range(3)])
        return total


def gathered(images: Sequence[CoarseImage], *, empty: float) -> tuple[Grid, Field]:
    """The grid of a stack and its values; cells that no image covers are empty.

    Layers without an image, where slices are missing, are like the nearest with one.
    Raises  InvalidInput FACE_POSITION_UNKNOWN for images strewn over more than any patient.
    """
    grid = _grid([image.plane for image in images])
    total = np.zeros(grid.shape, np.float32)
    count = np.zeros(grid.shape, np.uint16)
    for image in images:
        rows, columns = grid.rows_and_columns(image.plane)
        layer, top, left = round(grid.layer(image.plane)), round(rows[0]), round(columns[0])
        height, width = image.values.shape
        where = (layer, slice(top, top + height), slice(left, left + width))
        total[where] += image.values
        count[where] += 1
    values = np.where(count > 0, total / np.maximum(count, 1), np.float32(empty))
    held = np.flatnonzero(count.any(axis=(1, 2)))
    nearest = held[np.abs(np.arange(grid.shape[0])[:, None] - held[None, :]).argmin(axis=1)]
    return grid, values[nearest]


def _grid(planes: Sequence[Plane]) -> Grid:
    lowest = min(planes, key=lambda plane: float(plane.position @ planes[0].normal))
    heights = np.unique(
        np.array([(plane.position - lowest.position) @ lowest.normal for plane in planes]).round(2)
    )
    gap = float(np.median(np.diff(heights))) if len(heights) > 1 else _ALONE_MM
    thickness = max(gap, CELL_MM)
    down, right = _factors(lowest)
    offsets = np.array([_offset(plane, lowest) for plane in planes])
    low, high = offsets.min(axis=0), offsets.max(axis=0)
    shape = (
        round(float(heights[-1]) / thickness) + 1,
        -(-lowest.rows // down) + int(np.ceil((high[0] - low[0]) / down)) + 1,
        -(-lowest.columns // right) + int(np.ceil((high[1] - low[1]) / right)) + 1,
    )
    if np.prod(shape, dtype=np.float64) > _MOST_CELLS:
        raise InvalidInput("The images are strewn too widely for a patient", code="FACE_POSITION_UNKNOWN")
    spacing = (thickness, down * lowest.row_spacing, right * lowest.column_spacing)
    return Grid(lowest, spacing, shape, (float(low[0]), float(low[1])))


def _offset(plane: Plane, first: Plane) -> tuple[float, float]:
    """How far a plane is shifted along its own rows and columns, in pixels."""
    shift = plane.position - first.position
    return float(shift @ plane.along_column) / plane.row_spacing, float(
        shift @ plane.along_row
    ) / plane.column_spacing


def _factors(plane: Plane) -> tuple[int, int]:
    """How many rows and columns of pixels make a cell."""
    return max(1, round(CELL_MM / plane.row_spacing)), max(1, round(CELL_MM / plane.column_spacing))
