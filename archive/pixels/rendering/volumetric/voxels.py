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


@dataclass(frozen=True, slots=True)
class Voxels:
    """The images of a lattice from its `first` one of these on. It has gaps if some voxel has no number.

    Shapes  values (images, rows, columns).
    """

    lattice: Lattice
    first: int
    values: Shares
    has_gaps: bool = True

    def at(self, indices: Numbers) -> Shares:
        """What lies at these indices of the lattice; no number beyond the voxels. Shapes  (..., 3) to (...)."""
        along = [np.ascontiguousarray(indices[..., axis]).reshape(-1) for axis in range(3)]
        inside = np.ones(along[0].shape, bool)
        for index, count in zip(along, self.lattice.shape, strict=True):
            inside &= (index >= -0.5 - _SAME_PLACE) & (index <= count - 0.5 + _SAME_PLACE)
        along[0] = along[0] - self.first
        if inside.all():
            return self._between(along).reshape(indices.shape[:-1])
        found = np.full(inside.shape, np.nan, np.float32)
        found[inside] = self._between([index[inside] for index in along])
        return found.reshape(indices.shape[:-1])

    def _between(self, along: Sequence[Numbers]) -> Shares:
        """Of points that lie in the lattice, by their indices along each axis."""
        flat, start = self.values.reshape(-1), np.zeros(len(along[0]), np.int64)
        shares, strides = [], []
        for index, count in zip(along, self.values.shape, strict=True):
            inside = np.clip(index, 0, count - 1)
            before = np.minimum(inside.astype(np.int64), max(count - 2, 0))
            start = start * count + before
            shares.append((inside - before).astype(np.float32))
        for axis, count in enumerate(self.values.shape):
            strides.append(int(np.prod(self.values.shape[axis + 1 :])) if count > 1 else 0)

        def meet(axis: int, at: int) -> Shares:
            if axis == 3:
                return flat.take(start + at)
            first, second = meet(axis + 1, at), meet(axis + 1, at + strides[axis])
            return self._met(first, second, shares[axis])

        return meet(0, 0)

    def _met(self, first: Shares, second: Shares, share: Shares) -> Shares:
        """Between two voxels, by the share of the second; one that does not count need not be there."""
        met: Shares = first + (second - first) * share
        if not self.has_gaps:
            return met
        return np.where(share < _SAME_PLACE, first, np.where(share > 1 - _SAME_PLACE, second, met))


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
    return Voxels(lattice, first, values, has_gaps=bool(np.isnan(values).any()))


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
