"""What of a head stays: all that lies beneath a layer of its surface, and nothing that sticks out of it.

The layer is replaced all around, as by Milchenko and Marcus (2013), but for voxels of nothing instead of filtered
ones, and without an atlas: the anterior half below the brow loses a thicker one. Before that, whatever is narrower
than a ball of 60 mm goes: nose, ears, lips, chin, and the headrest. From what stays no surface finer than the layer
can be rendered. The braincase is nowhere as narrow, and its inside nowhere as near to the skin.

Reference  PS3.15 §E.3.2; M. Milchenko, D. Marcus, Neuroinformatics 11:65 (2013)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.deidentification.faces.morphology import (
    Field,
    Mask,
    Spacing,
    closed,
    distances,
    flooded,
    opened,
)
from archive.deidentification.faces.planes import Plane, Vector
from archive.deidentification.faces.stacks import Grid

SCALP_MM, FACE_MM = 5.0, 12.0
STICKS_OUT_MM = 30.0
_DEEP_MM, _NOSTRIL_MM = 20.0, 6.0
# The brow lies at about this part of the head's length beneath its vertex; from there the layer thickens.
_BROW, _BELOW_THE_BROW = 0.42, 0.52
_BRAINCASE_MM = 100.0
_EDGE_MM = 10.0
POSTERIOR: Vector = np.array([0.0, 1.0, 0.0])
SUPERIOR: Vector = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Head:
    """How far beneath the layer that goes each cell of a stack lies; negative where it goes."""

    grid: Grid
    beneath_mm: Field

    def kept(self, plane: Plane) -> Mask:
        """The pixels of a plane of the stack that stay. Shapes (rows, columns)."""
        layers = self.beneath_mm.shape[0]
        at = min(max(self.grid.layer(plane), 0.0), layers - 1.0)
        lower, upper = int(at), min(int(at) + 1, layers - 1)
        part = np.float32(at - lower)
        cells = self.beneath_mm[lower] * (1 - part) + self.beneath_mm[upper] * part
        rows, columns = self.grid.rows_and_columns(plane)
        return _between(_between(cells, rows).T, columns).T > 0


def head_of(grid: Grid, is_tissue: Mask) -> Head:
    """What stays of the head in a stack, from where there is tissue."""
    ends = _ends(grid)
    spacing = grid.spacing_mm
    beyond = [int(np.ceil((STICKS_OUT_MM + size) / size)) for size in spacing]
    extended = np.pad(is_tissue, [(cells, cells) for cells in beyond], mode="edge")
    core = opened(_filled(extended, spacing, ends), spacing, radius_mm=STICKS_OUT_MM)
    depth = distances(~core, spacing, limit_mm=FACE_MM + 2 * max(spacing)) - min(spacing) / 2
    inside = tuple(slice(cells, -cells) for cells in beyond)
    is_cut_above = _is_cut_above(core, beyond, grid)
    layer = _layer(grid, core[inside], is_cut_above=is_cut_above)
    return Head(grid, depth[inside] - layer)


def _filled(tissue: Mask, spacing: Spacing, ends: tuple[int, ...]) -> Mask:
    """Tissue and all hollows in it: sinuses, mouth and windpipe, open or not, and bone that an MR shows black."""
    sides = _sides(tissue.shape, ends)
    around = flooded(~closed(tissue, spacing, radius_mm=_DEEP_MM), sides)
    is_deep = distances(around, spacing, limit_mm=_DEEP_MM + max(spacing)) > _DEEP_MM
    solid = closed(tissue | is_deep, spacing, radius_mm=_NOSTRIL_MM)
    return ~flooded(~solid, sides)


def _sides(shape: tuple[int, ...], ends: tuple[int, ...]) -> Mask:
    """The faces of the grid where air comes in; not those a neck is cut by, for the windpipe is air as well."""
    sides = np.zeros(shape, dtype=bool)
    for axis in range(3):
        if axis not in ends:
            along = np.moveaxis(sides, axis, 0)
            along[0] = along[-1] = True
    return sides


def _ends(grid: Grid) -> tuple[int, ...]:
    """The axis that runs up and down the patient."""
    steps = (grid.first.normal, grid.first.along_column, grid.first.along_row)
    return (int(np.argmax([abs(step @ SUPERIOR) for step in steps])),)


def _is_cut_above(core: Mask, beyond: list[int], grid: Grid) -> bool:
    """Whether the head goes on above the images, so that nobody can say how far beneath its vertex they are."""
    (axis,) = _ends(grid)
    step = (grid.first.normal, grid.first.along_column, grid.first.along_row)[axis]
    along = np.moveaxis(core, axis, 0)
    top = along[-beyond[axis] :] if step @ SUPERIOR > 0 else along[: beyond[axis]]
    return bool(top.any())


def _layer(grid: Grid, core: Mask, *, is_cut_above: bool) -> Field:
    """How thick the layer that goes is over each cell, in mm."""
    height, back = grid.coordinate(SUPERIOR), grid.coordinate(POSTERIOR)
    if not core.any():
        return np.full((1, 1, 1), SCALP_MM, np.float32)
    vertex = float(np.broadcast_to(height, core.shape)[core].max())
    braincase = core & (height > vertex - _BRAINCASE_MM)
    depth = np.broadcast_to(back, core.shape)[braincase]
    front, length = float(depth.min()), float(depth.max() - depth.min())
    is_front = np.clip((front + length / 2 - back) / _EDGE_MM, 0, 1)
    beneath = (vertex - height) / max(length, 1.0)
    is_low = np.clip((beneath - _BROW) / (_BELOW_THE_BROW - _BROW), 0, 1)
    weight = is_front if is_cut_above else is_front * is_low
    return np.asarray(SCALP_MM + (FACE_MM - SCALP_MM) * weight, dtype=np.float32)


def _between(cells: Field, at: NDArray[np.float64]) -> Field:
    """Rows of cells at coordinates between them; beyond the edge as on it."""
    inside = np.clip(at, 0, len(cells) - 1)
    lower = np.minimum(inside.astype(int), max(len(cells) - 2, 0))
    part = (inside - lower).astype(np.float32)[:, None]
    return np.asarray(cells[lower] * (1 - part) + cells[np.minimum(lower + 1, len(cells) - 1)] * part)
