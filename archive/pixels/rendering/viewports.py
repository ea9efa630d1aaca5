"""Which part of an image is shown, how large, and which way up (PS3.18 §8.3.5.1.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive.pixels.rendering.wishes import Region

MOST_PIXELS = 1 << 26


def placed(
    shown: NDArray[np.uint8], *, size: tuple[int, int] | None, region: Region | None, ratio: float = 1.0
) -> NDArray[np.uint8]:
    """The region of a picture, scaled to the largest that fits `size` with its proportions.

    `ratio` is the height of a pixel by its width. Without a size nothing is scaled.
    """
    shown = _cut(shown, region) if region is not None else shown
    if size is None:
        return shown
    rows, columns = shown.shape[:2]
    width, height = float(columns), rows * ratio
    scale = min(size[0] / width, size[1] / height)
    target = max(1, round(width * scale)), max(1, round(height * scale))
    if target == (columns, rows):
        return shown
    image = Image.fromarray(shown)
    scaled = image.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0 if scale < 1 else None)
    return np.asarray(scaled)


def turned(shown: NDArray[np.uint8], *, rotation: int, is_flipped: bool) -> NDArray[np.uint8]:
    """Rotated clockwise by a multiple of 90 degrees, then flipped left to right (PS3.3 §C.10.6)."""
    shown = np.rot90(shown, -(rotation // 90) % 4)
    return np.ascontiguousarray(shown[:, ::-1] if is_flipped else shown)


def _cut(shown: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    rows, columns = shown.shape[:2]
    region = region.in_pixels(columns=columns, rows=rows)
    width = columns - region.x if region.width is None else region.width
    height = rows - region.y if region.height is None else region.height
    left, right = _span(region.x, abs(width), columns)
    top, bottom = _span(region.y, abs(height), rows)
    part: NDArray[Any] = shown[top:bottom, left:right]
    if width < 0:
        part = part[:, ::-1]
    return np.ascontiguousarray(part[::-1] if height < 0 else part)


def _span(start: float, length: float, limit: int) -> tuple[int, int]:
    """Whole pixels of a span, at least one, all of them of the image."""
    first = min(max(0, round(start)), limit - 1)
    return first, min(limit, max(first + 1, round(start + length)))
