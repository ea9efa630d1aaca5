"""Distances, openings and floods on a grid of voxels, as sums of shifted arrays.

What lies beyond the grid counts neither as marked nor as unmarked: a caller that cares extends the grid.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]
Spacing = tuple[float, float, float]


def distances(marked: Mask, spacing_mm: Spacing, *, limit_mm: float) -> Field:
    """Distance of every voxel from the nearest marked one, no more than the limit.

    The squared distance is a minimum along one axis after the other (Felzenszwalb and Huttenlocher, 2012); within a
    few centimetres the plain minimum over all shifts is quick enough.
    """
    squared = np.where(marked, np.float32(0), np.float32(limit_mm**2))
    for axis, step in enumerate(spacing_mm):
        ahead = np.moveaxis(squared, axis, 0)
        nearest = ahead.copy()
        for shift in range(1, min(int(limit_mm / step), len(ahead) - 1) + 1):
            cost = np.float32((shift * step) ** 2)
            np.minimum(nearest[shift:], ahead[:-shift] + cost, out=nearest[shift:])
            np.minimum(nearest[:-shift], ahead[shift:] + cost, out=nearest[:-shift])
        squared = np.ascontiguousarray(np.moveaxis(nearest, 0, axis))
    return np.sqrt(squared)


def opened(mask: Mask, spacing_mm: Spacing, *, radius_mm: float) -> Mask:
    """What a ball of this radius reaches without leaving the mask: whatever is narrower is gone."""
    limit = radius_mm + max(spacing_mm)
    centres = distances(~mask, spacing_mm, limit_mm=limit) > radius_mm
    return distances(centres, spacing_mm, limit_mm=limit) <= radius_mm


def closed(mask: Mask, spacing_mm: Spacing, *, radius_mm: float) -> Mask:
    """The mask with all that a ball of this radius cannot get into."""
    return ~opened(~mask, spacing_mm, radius_mm=radius_mm)


def flooded(passable: Mask, seeds: Mask) -> Mask:
    """What can be reached from the seeds without leaving what is passable, by faces of voxels."""
    reached = seeds & passable
    while True:
        before = int(reached.sum())
        for axis, is_back in itertools.product(range(3), (False, True)):
            along, free = np.moveaxis(reached, axis, 0), np.moveaxis(passable, axis, 0)
            if is_back:
                along, free = along[::-1], free[::-1]
            for at in range(1, len(along)):
                along[at] |= along[at - 1] & free[at]
        if int(reached.sum()) == before:
            return reached
