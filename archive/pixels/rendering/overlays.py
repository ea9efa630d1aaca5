"""Planes of single bits that lie over an image: of their own, or in bits of its pixels that hold no sample.

Reference  PS3.3 §C.9.2 (overlay plane), §C.9.3 (multi-frame overlay), PS3.5 §8.1.2 (overlays in pixel data, retired)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

Plane = NDArray[np.bool_]
GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST_FRAME = 0x0010, 0x0011, 0x0015, 0x0050, 0x0051
_BITS_ALLOCATED, _BIT_POSITION, _DATA = 0x0100, 0x0102, 0x3000


def overlay_plane(
    holder: Dataset, group: int, *, frame: int, shape: tuple[int, int], words: NDArray[Any] | None = None
) -> Plane | None:
    """The plane of a group over one frame, as large as the image (rows, columns); None if there is none.

    `holder` is the image or the presentation state; `words` are the frame's stored words, all of their bits, in which
    planes without data of their own lie.
    """
    if (group, _DATA) in holder:
        return _own_plane(holder, group, frame, shape)
    position, allocated = _whole(holder, group, _BIT_POSITION, 0), _whole(holder, group, _BITS_ALLOCATED, 1)
    if words is None or words.shape != shape or allocated == 1 or not 0 < position < allocated <= 16:
        return None
    return np.asarray((words >> position) & 1, dtype=bool)


def _own_plane(holder: Dataset, group: int, frame: int, shape: tuple[int, int]) -> Plane | None:
    height, width = _whole(holder, group, _ROWS, 0), _whole(holder, group, _COLUMNS, 0)
    number = frame - _whole(holder, group, _FIRST_FRAME, 1) if (group, _FRAMES) in holder else 0
    size = height * width
    if size <= 0 or not 0 <= number < max(1, _whole(holder, group, _FRAMES, 1)):
        return None
    packed = np.frombuffer(holder[group, _DATA].value or b"", np.uint8)
    first, stop = number * size, (number + 1) * size
    if packed.size * 8 < stop:
        return None
    bits = np.unpackbits(packed[first // 8 : (stop + 7) // 8], bitorder="little")[first % 8 :][:size]
    return _placed(bits.reshape(height, width).astype(bool), _origin(holder, group), shape)


def _placed(bits: Plane, origin: tuple[int, int], shape: tuple[int, int]) -> Plane:
    plane = np.zeros(shape, bool)
    (top, left), (height, width), (rows, columns) = origin, bits.shape, shape
    y0, x0, y1, x1 = max(top, 0), max(left, 0), min(top + height, rows), min(left + width, columns)
    if y1 > y0 and x1 > x0:
        plane[y0:y1, x0:x1] = bits[y0 - top : y1 - top, x0 - left : x1 - left]
    return plane


def _origin(holder: Dataset, group: int) -> tuple[int, int]:
    """Row and column of the image, counted from 0, over which the plane begins."""
    try:
        row, column = (int(value) for value in holder[group, _ORIGIN].value)
    except (KeyError, TypeError, ValueError):
        return 0, 0
    return row - 1, column - 1


def _whole(holder: Dataset, group: int, element: int, default: int) -> int:
    try:
        return int(holder[group, element].value)
    except (KeyError, TypeError, ValueError):
        return default
