"""How a stack of slices lies in the patient (PS3.3 §C.7.6.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from compute.phantoms.shapes import Array, Box, Vector


@dataclass(frozen=True)
class StackGeometry:
    """Slices of one matrix along one normal.

    Convention  positions are centres of pixels, LPS; `row_direction` runs along a row (to growing columns).
    `missing` names slices left out (gaps), `spacing_mm` below `thickness_mm` makes slices overlap,
    `reverse` numbers them from the far end; `shear_mm` moves each slice along the columns as a tilted gantry does.
    """

    rows: int
    columns: int
    slices: int
    pixel_spacing_mm: tuple[float, float]
    spacing_mm: float
    thickness_mm: float
    center_mm: Vector = (0.0, 0.0, 0.0)
    row_direction: Vector = (1.0, 0.0, 0.0)
    column_direction: Vector = (0.0, 1.0, 0.0)
    missing: tuple[int, ...] = ()
    reverse: bool = False
    shear_mm: float = 0.0

    @cached_property
    def normal(self) -> NDArray[np.float64]:
        return np.cross(self.row_direction, self.column_direction)

    @property
    def present(self) -> list[int]:
        """The indices of the slices there are, in the order they are numbered."""
        indices = [k for k in range(self.slices) if k not in self.missing]
        return indices[::-1] if self.reverse else indices

    def position(self, k: int) -> NDArray[np.float64]:
        """Image Position (Patient) of slice k."""
        row, column = np.asarray(self.row_direction), np.asarray(self.column_direction)
        along = k - (self.slices - 1) / 2
        return (
            np.asarray(self.center_mm)
            - row * self.pixel_spacing_mm[1] * (self.columns - 1) / 2
            - column * self.pixel_spacing_mm[0] * (self.rows - 1) / 2
            + self.normal * self.spacing_mm * along
            + column * self.shear_mm * along
        )

    def points(
        self, k: int, rows: NDArray[np.float64], columns: NDArray[np.float64], *, depth_mm: float = 0.0
    ) -> tuple[Array, Array, Array]:
        """Coordinates of pixels of slice k, moved along the normal by `depth_mm`; they broadcast to (R, C)."""
        origin = self.position(k) + self.normal * depth_mm
        found = []
        for axis in range(3):
            right = columns[None, :] * (self.row_direction[axis] * self.pixel_spacing_mm[1])
            down = rows[:, None] * (self.column_direction[axis] * self.pixel_spacing_mm[0])
            steps = right if not down.any() else down if not right.any() else right + down
            found.append((origin[axis] + steps).astype(np.float32))
        return found[0], found[1], found[2]

    def windows(self, k: int, reach: NDArray[np.float64]) -> list[tuple[int, slice, slice]]:
        """Which boxes touch slice k, and the rows and columns each may touch.

        Shapes  reach (boxes, 3, 2) as `reach_of` gives it; the result names boxes by their index.
        """
        directions = np.stack([self.column_direction, self.row_direction, self.normal])
        local = reach - (directions @ self.position(k))[None, :, None]
        margin = self.thickness_mm / 2 + max(self.pixel_spacing_mm)
        low = np.floor(local[:, :2, 0] / self.pixel_spacing_mm - 1.5).clip(min=0).astype(int)
        high = np.ceil(local[:, :2, 1] / self.pixel_spacing_mm + 2.5).astype(int)
        high = np.minimum(high, [self.rows, self.columns])
        touched = (local[:, 2, 0] <= margin) & (local[:, 2, 1] >= -margin) & (low < high).all(axis=1)
        return [
            (int(i), slice(int(low[i, 0]), int(high[i, 0])), slice(int(low[i, 1]), int(high[i, 1])))
            for i in np.flatnonzero(touched)
        ]

    def reach_of(self, boxes: list[Box]) -> NDArray[np.float64]:
        """How far boxes reach along the columns, the rows and the normal: (boxes, 3, 2), mm."""
        directions = np.stack([self.column_direction, self.row_direction, self.normal])
        corners = np.asarray(boxes)
        picks = np.array(list(np.ndindex(2, 2, 2)))
        points = corners[:, picks, np.arange(3)] @ directions.T
        return np.stack([points.min(axis=1), points.max(axis=1)], axis=-1)


def tilted(geometry: StackGeometry, degrees: float) -> StackGeometry:
    """The stack turned about the patient's left-right axis: an oblique acquisition."""
    angle = math.radians(degrees)
    turn = np.array(
        [[1, 0, 0], [0, math.cos(angle), -math.sin(angle)], [0, math.sin(angle), math.cos(angle)]]
    )
    return _turned(geometry, turn)


def swivelled(geometry: StackGeometry, degrees: float) -> StackGeometry:
    """The stack turned about the patient's head-foot axis."""
    angle = math.radians(degrees)
    turn = np.array(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )
    return _turned(geometry, turn)


def _turned(geometry: StackGeometry, turn: NDArray[np.float64]) -> StackGeometry:
    row, column = (turn @ np.asarray(v) for v in (geometry.row_direction, geometry.column_direction))
    return replace(
        geometry,
        row_direction=(float(row[0]), float(row[1]), float(row[2])),
        column_direction=(float(column[0]), float(column[1]), float(column[2])),
    )
