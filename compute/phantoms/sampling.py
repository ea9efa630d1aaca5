"""Phantom to pixels: each voxel gets the mean of what lies in it, so measured volumes converge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compute.phantoms.geometry import StackGeometry
from compute.phantoms.shapes import Array
from compute.phantoms.truth import Phantom, Structure

_THICK = 1.8  # a slice this many pixels thick is sampled at several depths


class Renderer:
    """A phantom made ready to be seen by one stack of slices; safe to use from several threads."""

    def __init__(self, phantom: Phantom, geometry: StackGeometry) -> None:
        self.phantom = phantom
        self.geometry = geometry
        self._reach = geometry.reach_of([structure.shape.bounds() for structure in phantom.structures])

    def slice(self, k: int) -> Array:
        """One slice with its noise, in the phantom's units: float32 (rows, columns), clipped to the
        modality's range."""
        phantom, geometry = self.phantom, self.geometry
        image = np.full((geometry.rows, geometry.columns), phantom.background, dtype=np.float32)
        for index, rows, columns in geometry.windows(k, self._reach):
            structure = phantom.structures[index]
            block = image[rows, columns]
            block += coverage(structure, geometry, k, rows, columns) * (np.float32(structure.value) - block)
        if phantom.noise:
            image += _grain(phantom, image.shape, k)
        return np.clip(image, *phantom.value_range, out=image)

    def volume(self) -> Array:
        """Every slice present, in numbering order: float32 (slices, rows, columns)."""
        return np.stack([self.slice(k) for k in self.geometry.present])


def coverage(structure: Structure, geometry: StackGeometry, k: int, rows: slice, columns: slice) -> Array:
    """The share of each voxel that a structure fills, in [0, 1].

    The edge is a linear ramp over one sample; a plane's ramp integrates to its exact volume, and a small
    solid is sampled `subsamples` times a side so that its curvature is resolved.
    """
    n = structure.subsamples
    step = max(geometry.pixel_spacing_mm) / n
    depths = max(n, round(geometry.thickness_mm / (_THICK * step)))
    width = np.float32(max(step, geometry.thickness_mm / depths))
    fine_rows, fine_columns = _fine(rows, n), _fine(columns, n)
    total: Array | float = 0.0
    for depth in range(depths):
        offset = ((depth + 0.5) / depths - 0.5) * geometry.thickness_mm
        x, y, z = geometry.points(k, fine_rows, fine_columns, depth_mm=offset)
        ramp = structure.shape.distance(x, y, z) * (-1 / width)
        ramp += np.float32(0.5)
        total = total + np.clip(ramp, 0, 1)
    shape = (fine_rows.size, fine_columns.size)
    share = np.broadcast_to(np.asarray(total, dtype=np.float32) / np.float32(depths), shape)
    if n > 1:
        share = share.reshape(shape[0] // n, n, shape[1] // n, n).mean(axis=(1, 3), dtype=np.float32)
    return share


def _fine(indices: slice, n: int) -> NDArray[np.float64]:
    count = (indices.stop - indices.start) * n
    places: NDArray[np.float64] = indices.start - 0.5 + (np.arange(count) + 0.5) / n
    return places


def _grain(phantom: Phantom, shape: tuple[int, ...], k: int) -> Array:
    """Noise with the grain of a filtered back-projection: neighbours go together a little."""
    rng = np.random.default_rng([phantom.seed, k])
    white = rng.standard_normal(shape, dtype=np.float32)
    grain = white + np.float32(0.5) * (np.roll(white, 1, axis=0) + np.roll(white, 1, axis=1))
    return grain * np.float32(phantom.noise / np.sqrt(1.5))
