"""The samples of an image where another one has its pixels: between four pixels, linearly from each to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
_SAME_PLACE = 1e-4  # of a pixel: positions are decimal strings, and rounded


@dataclass(frozen=True, slots=True)
class Resampled:
    """The samples, and where there are any: not beyond the image, nor where a pixel that counts is padding."""

    samples: Numbers
    is_there: Mask


def resampled(
    samples: NDArray[Any], row: Numbers, column: Numbers, *, padding: Mask | None = None
) -> Resampled:
    """What lies at these rows and columns, which count from 0 at the centre of the first pixel.

    Shapes  samples (rows, columns) or (rows, columns, colours); row and column alike, as is_there; the result as
            row, with the colours behind. `padding` is where the image has none.
    """
    rows, columns = samples.shape[:2]
    row, column = _whole(row), _whole(column)
    is_there = (row >= -0.5) & (row < rows - 0.5) & (column >= -0.5) & (column < columns - 0.5)
    top, down = _split(row, rows)
    left, right = _split(column, columns)
    found = np.zeros((*row.shape, *samples.shape[2:]))
    for step_down, share_down in ((0, 1 - down), (1, down)):
        for step_right, share_right in ((0, 1 - right), (1, right)):
            share = share_down * share_right
            at = np.minimum(top + step_down, rows - 1), np.minimum(left + step_right, columns - 1)
            weight = share if samples.ndim == 2 else share[..., None]
            found += np.where(weight > 0, samples[at] * weight, 0.0)
            if padding is not None:
                is_there &= (share == 0) | ~padding[at]
    return Resampled(found, is_there)


def _whole(index: Numbers) -> Numbers:
    """As it is, or the whole number it is meant to be."""
    rounded = np.rint(index)
    return np.where(np.abs(index - rounded) < _SAME_PLACE, rounded, index)


def _split(index: Numbers, count: int) -> tuple[NDArray[np.int64], Numbers]:
    """The pixel before, and the share of the one behind it; at the borders the last pixel counts alone."""
    inside = np.clip(index, 0, count - 1)
    before = np.floor(inside).astype(np.int64)
    return before, inside - before
