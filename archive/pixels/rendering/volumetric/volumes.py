"""An input of a view: its voxels, where they lie in the state's coordinates, and what of them is cropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.cropping import Box, Crop
from archive.pixels.rendering.volumetric.lattices import Lattice
from archive.pixels.rendering.volumetric.voxels import Shares, Voxels

_ROUNDING = 1e-6  # of a voxel


@dataclass(frozen=True, slots=True)
class Volume:
    """`matrix` leads from the state's coordinates to those of the volume; None if they are the same."""

    voxels: Voxels
    crops: Sequence[Crop] = ()
    matrix: Numbers | None = None

    @property
    def lattice(self) -> Lattice:
        return self.voxels.lattice

    def at(self, points: Numbers) -> Shares:
        """What lies at points of the state; no number where nothing does. Shapes  (..., 3) to (...)."""
        indices = self.lattice.indices(self.moved(points))
        found = self.voxels.at(indices)
        for crop in self.crops:
            if isinstance(crop, Box):
                corners = self.lattice.indices(self.moved(crop.corners))
                low, high = corners.min(axis=0) - _ROUNDING, corners.max(axis=0) + _ROUNDING
                found[~((indices >= low) & (indices <= high)).all(axis=-1)] = np.nan
            else:
                found[~crop.keeps(points)] = np.nan
        return found

    def moved(self, points: Numbers) -> Numbers:
        """Points of the state in the coordinates of the volume."""
        return moved(points, self.matrix)


def moved(points: Numbers, matrix: Numbers | None) -> Numbers:
    """By an affine matrix of 4 by 4; None leaves them where they are. Shapes  (..., 3)."""
    if matrix is None:
        return points
    found: Numbers = points @ matrix[:3, :3].T + matrix[:3, 3]
    return found
