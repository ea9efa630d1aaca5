"""Parallel planes one behind the other, and how much each counts where a point lies between two of them.

Between two neighbours it is linear in the distance of both. Where planes are missing nothing is made up: a gap wider
than one and a half of the usual distance is not bridged, and beyond the last plane, or at a gap, half the usual
distance belongs to the plane. A single plane is where it is, to a tenth of a millimetre.

Conventions  depths in mm along the normal of the first plane, from its position; planes in the order of their depths.
Reference    PS3.3 §C.7.6.2 (image plane), §C.11.14.1.1 (resampling is left to whoever blends)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archive.pixels.rendering.deformations import Deformation
from archive.pixels.rendering.planes import Grid, Numbers, Places, Plane, all_pixels
from archive.pixels.rendering.resampling import Mask

MOST_APART_MM = 0.1
SAME_PLACE_MM = 1e-3
_WIDEST_GAP = 1.5  # of the usual distance
_MOST_TILT = 1e-3  # the sine of the angle: a quarter of a millimetre over 250
_LEAST_SHARE = 1e-4  # positions are decimal strings, and rounded
_ROUNDING_MM = 1e-6


class Stack:
    """At least one plane; `spacing_mm` is the usual distance of two of them, also if only some of them are here."""

    def __init__(self, planes: Sequence[Plane], *, spacing_mm: float) -> None:
        self._normal, self._origin = planes[0].normal, planes[0].position
        self._depths = depths(planes)
        self._spacing = spacing_mm

    def depth(self, places: Places, *, rows: int, columns: int) -> Numbers:
        """How deep each pixel lies; one value for all of them where their grid is parallel to the planes."""
        if isinstance(places, Grid) and self._is_parallel(places):
            return np.full((1, 1), self._middle(places, rows, columns))
        return places.along(self._normal, self._origin, all_pixels(rows, columns))

    def share(self, at: int, depth: Numbers) -> Numbers:
        """How much the plane counts at these depths, from 0 to 1; the shares of all planes are 1 together, or 0."""
        apart = depth - self._depths[at]
        share = np.where(apart < 0, self._beside(at, at - 1, -apart), self._beside(at, at + 1, apart))
        return np.where(share < _LEAST_SHARE, 0.0, np.where(share > 1 - _LEAST_SHARE, 1.0, share))

    def is_near(self, at: int, depth: Numbers) -> Mask:
        """Where the plane may count: told at less cost than how much it does."""
        is_near: Mask = np.abs(depth - self._depths[at]) <= _WIDEST_GAP * self._spacing
        return is_near

    def reached(self, grid: Grid, *, rows: int, columns: int) -> list[int]:
        """The planes that count anywhere in the grid; a single one only in a grid that is parallel to it."""
        if len(self._depths) == 1 and not self._is_parallel(grid):
            return []
        return self._within(*self._span(grid, rows, columns))

    def reached_through(self, deformation: Deformation, grid: Grid, *, rows: int, columns: int) -> list[int]:
        """The planes that may count anywhere in a grid of registered pixels; some of them may not."""
        if not deformation.reaches(grid, rows=rows, columns=columns):
            return []
        low, high = self._span(grid.moved(deformation.without_vectors), rows, columns)
        least, most = deformation.span_along(self._normal)
        return self._within(low + least, high + most)

    def _within(self, low: float, high: float) -> list[int]:
        first = max(int(np.searchsorted(self._depths, low, "right")) - 1, 0)
        last = min(int(np.searchsorted(self._depths, high, "left")), len(self._depths) - 1)
        nearest = np.clip(self._depths, low, high)
        return [at for at in range(first, last + 1) if self.share(at, nearest[at]) > 0]

    def _beside(self, at: int, other: int, apart: Numbers) -> Numbers:
        """The share on one side of a plane, towards the other one if there is any."""
        is_inside = 0 <= other < len(self._depths)
        gap = abs(float(self._depths[other] - self._depths[at])) if is_inside else np.inf
        if SAME_PLACE_MM < gap <= _WIDEST_GAP * self._spacing:
            return np.clip(1 - apart / gap, 0, 1)
        return np.where(apart <= self._spacing / 2 + _ROUNDING_MM, 1.0, 0.0)

    def _span(self, grid: Grid, rows: int, columns: int) -> tuple[float, float]:
        if self._is_parallel(grid):
            middle = self._middle(grid, rows, columns)
            return middle, middle
        corners = [
            float((grid.start + down * grid.down + right * grid.right - self._origin) @ self._normal)
            for down in (0, rows - 1)
            for right in (0, columns - 1)
        ]
        return min(corners), max(corners)

    def _middle(self, grid: Grid, rows: int, columns: int) -> float:
        middle = grid.start + (rows - 1) / 2 * grid.down + (columns - 1) / 2 * grid.right
        return float((middle - self._origin) @ self._normal)

    def _is_parallel(self, grid: Grid) -> bool:
        steps = (grid.down, grid.right)
        return all(abs(float(step @ self._normal)) <= _MOST_TILT * np.linalg.norm(step) for step in steps)


def depths(planes: Sequence[Plane]) -> Numbers:
    """How deep the planes lie, in the direction of the first one's normal."""
    normal, origin = planes[0].normal, planes[0].position
    return np.array([float((plane.position - origin) @ normal) for plane in planes])


def is_parallel(plane: Plane, other: Plane) -> bool:
    return float(np.linalg.norm(np.cross(plane.normal, other.normal))) <= _MOST_TILT


def usual_distance_mm(ordered: Numbers) -> float:
    """Of planes at these depths: the median; of a single plane, what is taken for its own thickness."""
    return float(np.median(np.diff(ordered))) if len(ordered) > 1 else 2 * MOST_APART_MM
