"""Deformations: from where in an image's own coordinates what is shown at a point of the registered ones comes.

    source = after @ (before @ registered + vector at registered)

The grid of vectors lies in the registered coordinates, before any matrix. Between the centres of its cells vectors are
interpolated linearly in all three directions. A cell reaches half its size around its centre: beyond that, and where a
vector that counts is not a number, nothing is told, and so nothing is shown.

Conventions  matrices are affine, 4 by 4; positions and vectors in mm; a cell is named by column, row and plane, from 0.
Reference    PS3.3 §A.39.2, §C.20.3.1.1 (order, equation C.20.3-1), §C.20.3.1.2 and §C.20.3.1.3 (vectors)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from archive.pixels.rendering.planes import Grid, Numbers, Pixels

Vectors = NDArray[np.float32]
Cells = tuple[slice, slice, slice]  # of planes, rows and columns
_AT_ONCE = 1 << 17  # pixels whose eight neighbours are held at a time
_ROUNDING = 1e-4  # of a cell: positions are decimal strings, and rounded


@dataclass(frozen=True, slots=True)
class Lattice:
    """Where the vectors lie: the centre of the first cell, the three directions as rows, the steps and the counts."""

    start: Numbers
    axes: Numbers
    steps: Numbers
    counts: tuple[int, int, int]

    def cells(self, points: Numbers) -> Numbers:
        """Column, row and plane of points, which may lie between two."""
        found: Numbers = (points - self.start) @ self.axes.T / self.steps
        rounded = np.rint(found)
        return np.where(np.abs(found - rounded) < _ROUNDING, rounded, found)

    def span(self, grid: Grid, *, rows: int, columns: int) -> tuple[Numbers, Numbers]:
        """The least and the largest column, row and plane of the pixels of a grid."""
        corners = [
            grid.start + down * grid.down + right * grid.right
            for down in (0, rows - 1)
            for right in (0, columns - 1)
        ]
        found = self.cells(np.array(corners))
        return found.min(axis=0), found.max(axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Deformation:
    """Of one item of a registration. `low` and `high` bound all of its vectors, direction by direction."""

    registration_uid: str
    item: int
    before: Numbers
    after: Numbers
    lattice: Lattice
    low: Numbers
    high: Numbers

    def is_same(self, other: Deformation | None) -> bool:
        return other is not None and (self.registration_uid, self.item) == (
            other.registration_uid,
            other.item,
        )

    @property
    def without_vectors(self) -> Numbers:
        """The matrix that is left where all vectors are 0."""
        return self.after @ self.before

    def span_along(self, axis: Numbers) -> tuple[float, float]:
        """How far the vectors move a point at the least and the most, along an axis of the source."""
        turned = axis @ self.after[:3, :3]
        ends = np.stack([turned * self.low, turned * self.high])
        return float(ends.min(axis=0).sum()), float(ends.max(axis=0).sum())

    def reaches(self, grid: Grid, *, rows: int, columns: int) -> bool:
        """Whether a grid of registered pixels may have any in the lattice."""
        low, high = self.lattice.span(grid, rows=rows, columns=columns)
        return bool(np.all(high >= -0.5) and np.all(low < np.array(self.lattice.counts) - 0.5))


@dataclass(frozen=True, slots=True)
class Deformed:
    """The source points of the pixels of a picture, in rows and columns; not a number where nothing is told."""

    points: Numbers

    def along(self, axis: Numbers, origin: Numbers, pixels: Pixels) -> Numbers:
        """As of a `Grid`."""
        distances: Numbers = (self.points[pixels] - origin) @ axis
        return distances


@dataclass(frozen=True, slots=True)
class Field:
    """A deformation with its vectors, of which no more are taken than a picture needs: by plane, row and column."""

    deformation: Deformation
    taken: Callable[[Cells], Vectors]

    def deformed(self, grid: Grid, *, rows: int, columns: int) -> Deformed:
        """Where the registered pixels of a grid come from."""
        points = np.full((rows, columns, 3), np.nan)
        if not self.deformation.reaches(grid, rows=rows, columns=columns):
            return Deformed(points)
        low, high = self.deformation.lattice.span(grid, rows=rows, columns=columns)
        last = np.array(self.deformation.lattice.counts) - 1
        first = np.clip(np.floor(low), 0, last).astype(int)
        behind = np.clip(np.ceil(high), 0, last).astype(int) + 1
        column, row, plane = (slice(int(a), int(b)) for a, b in zip(first, behind, strict=True))
        vectors = self.taken((plane, row, column))
        at_once = max(1, _AT_ONCE // columns)
        across = np.arange(columns)[None, :, None] * grid.right
        for top in range(0, rows, at_once):
            down = np.arange(top, min(top + at_once, rows))[:, None, None] * grid.down
            points[top : top + at_once] = self._moved(grid.start + down + across, vectors, first)
        return Deformed(points)

    def _moved(self, points: Numbers, vectors: Vectors, first: NDArray[np.int64]) -> Numbers:
        before, after = self.deformation.before, self.deformation.after
        cells = self.deformation.lattice.cells(points)
        counts = np.array(self.deformation.lattice.counts)
        is_told = np.all((cells >= -0.5) & (cells < counts - 0.5), axis=-1)
        vector = _interpolated(vectors, np.clip(cells, 0, counts - 1) - first)
        moved = points @ before[:3, :3].T + before[:3, 3] + vector
        source: Numbers = moved @ after[:3, :3].T + after[:3, 3]
        source[~is_told] = np.nan
        return source


def _interpolated(vectors: Vectors, cells: Numbers) -> Numbers:
    """The vectors at these columns, rows and planes. One that does not count may be anything."""
    planes, rows, columns = vectors.shape[:3]
    flat, total = vectors.reshape(-1, 3), np.zeros(cells.shape)
    column, row, plane = (
        _neighbours(cells[..., axis], count) for axis, count in enumerate((columns, rows, planes))
    )
    for (k, of_plane), (j, of_row), (i, of_column) in product(plane, row, column):
        weight = of_plane * of_row * of_column
        part = flat[(k * rows + j) * columns + i] * weight[..., None]
        part[weight == 0] = 0
        total += part
    return total


def _neighbours(index: Numbers, count: int) -> list[tuple[NDArray[np.int64], Numbers]]:
    """The cells before and behind, and how much each counts; at the borders the last one counts alone."""
    inside = np.clip(index, 0, count - 1)
    before = np.floor(inside).astype(np.int64)
    share = inside - before
    return [(before, 1 - share), (np.minimum(before + 1, count - 1), share)]
