"""The values of a volume's voxels, and what lies between them: linearly in all three directions.

Values are shares of what the VOI shows, from 0 to 1: the VOI comes before the view (PS3.4 §FF.2.2). Where nothing was
measured there is no number (NaN), and nothing between such a voxel and others.

Reference  PS3.4 §FF.2.2 (volumetric inputs), PS3.3 §C.7.5.1.1.2 (padding)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.rendering.grey import GreyScale
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.presentation import with_voi
from archive.pixels.rendering.volumes import Layer
from archive.pixels.rendering.volumetric.lattices import MOST_VOXELS, Lattice
from archive.pixels.rendering.volumetric.refusals import refused

Shares = NDArray[np.float32]
_SAME_PLACE = 1e-4  # of a voxel: positions are decimal strings, and rounded
_ALONE = 1e-6  # a share of a voxel that is rounding


@dataclass(frozen=True, slots=True)
class Voxels:
    """The images of a lattice from its `first` one of these on. Shapes  values (images, rows, columns)."""

    lattice: Lattice
    first: int
    values: Shares

    def at(self, indices: Numbers) -> Shares:
        """What lies at these indices of the lattice; no number beyond the voxels. Shapes  (..., 3) to (...)."""
        index = np.where(np.abs(indices - np.rint(indices)) < _SAME_PLACE, np.rint(indices), indices)
        is_inside = ((index >= -0.5) & (index < np.array(self.lattice.shape) - 0.5)).all(axis=-1)
        found = np.full(index.shape[:-1], np.nan, np.float32)
        found[is_inside] = self._between(index[is_inside] - (self.first, 0, 0))
        return found

    def _between(self, index: Numbers) -> Shares:
        """Of points that lie in the lattice. Shapes  (points, 3) to (points)."""
        shape = np.array(self.values.shape)
        inside = np.clip(index, 0, shape - 1)
        before = np.minimum(inside.astype(np.int64), np.maximum(shape - 2, 0))
        behind = (inside - before).astype(np.float32)
        steps = np.where(shape > 1, (shape[1] * shape[2], shape[2], 1), 0)
        start = (before[:, 0] * shape[1] + before[:, 1]) * shape[2] + before[:, 2]
        flat = self.values.reshape(-1)
        found = np.zeros(len(index), np.float32)
        for corner in np.ndindex(2, 2, 2):
            weight = np.ones(len(index), np.float32)
            for axis, is_behind in enumerate(corner):
                weight *= behind[:, axis] if is_behind else 1 - behind[:, axis]
            values = flat.take(start + int(steps @ np.array(corner)))
            found += np.where(weight > _ALONE, values * weight, 0)
        return found


def voxels_of(layers: Sequence[Layer], lattice: Lattice, *, first: int, shown_by: Dataset) -> Voxels:
    """Decoded: the lattice's images from the first on, each shown by the VOI of an input.

    Raises  PixelsUnreadable: VOLUME_NOT_GREY, VOLUME_UNLIKE, VOLUME_RANGE, VOLUME_TOO_LARGE, or as a decoder.
    """
    shape = len(layers), lattice.rows, lattice.columns
    if int(np.prod(shape)) > MOST_VOXELS:
        raise refused("VOLUME_TOO_LARGE")
    _check(layers, lattice)
    values = np.empty(shape, np.float32)
    for at, (layer, shown) in enumerate(zip(layers, _shown_by(layers, shown_by), strict=True)):
        values[at] = _shares(layer, shown)
    return Voxels(lattice, first, values)


def _check(layers: Sequence[Layer], lattice: Lattice) -> None:
    if any(layer.header.get("PhotometricInterpretation") != "MONOCHROME2" for layer in layers):
        raise refused("VOLUME_NOT_GREY")
    if any(layer.shape != (lattice.rows, lattice.columns) for layer in layers):
        raise refused("VOLUME_UNLIKE")


@dataclass(frozen=True, slots=True)
class _Shown:
    """How an image is shown: by its grey scale, or from the least modality value to the most if there is no VOI."""

    grey: GreyScale
    ends: tuple[float, float] | None = None

    def shares(self, samples: NDArray[Any]) -> Shares:
        if self.ends is None:
            return self.grey.shares(samples).astype(np.float32)
        least, most = self.ends
        shares = (self.grey.modality_values(samples) - least) / (most - least)
        clipped: Shares = np.clip(shares, 0, 1).astype(np.float32)
        return clipped


def _shown_by(layers: Sequence[Layer], shown_by: Dataset) -> list[_Shown]:
    """By the modality transformation of each image and the one VOI; without any, all there can be in any of them."""
    own = [replace(layer.grey, presentation=None, is_inverted=False) for layer in layers]
    by_voi = [with_voi(grey, shown_by, is_signed=grey.intercept < 0) for grey in own]
    if not any(grey.is_full_range for grey in by_voi):
        return [_Shown(grey) for grey in by_voi]
    ends = [end for grey in own for end in grey.of_modality_values().stored_range or (np.nan,)]
    least, most = float(np.min(ends)), float(np.max(ends))
    if not least < most:
        raise refused("VOLUME_RANGE")
    return [_Shown(grey, (least, most)) for grey in own]


def _shares(layer: Layer, shown: _Shown) -> Shares:
    samples, padding = layer.parsed.samples(layer.data, layer.frame), shown.grey.padding
    shares = _looked_up(samples, shown)
    return shares if padding is None else np.where(samples == padding, np.float32(np.nan), shares)


def _looked_up(samples: NDArray[Any], shown: _Shown) -> Shares:
    """Whole numbers of few values are looked up, so the arithmetic is done once for each."""
    if samples.dtype.kind in "iu":
        least, most = int(samples.min()), int(samples.max())
        if most - least < samples.size:
            return shown.shares(np.arange(least, most + 1)).take(samples.astype(np.int64) - least)
    return shown.shares(samples)
