"""How many pixels a view has. A state says how large it is in mm, and nothing of pixels.

Without a wish a pixel is as large as the finest one of the volumes. A picture that would take too many samples has
fewer pixels, and is enlarged to what is wished for.
"""

from __future__ import annotations

import math

from archive.pixels.rendering.wishes import LARGEST

MOST_PIXELS = 1 << 22
MOST_SAMPLES = 1 << 27


def size_of(
    size_mm: tuple[float, float], *, pixel_mm: float, wished: tuple[int, int] | None, samples: float
) -> tuple[int, int]:
    """Width and height; `samples` are those of one pixel."""
    width_mm, height_mm = size_mm
    scale = (
        1 / pixel_mm if wished is None else min(wished[0] / width_mm, wished[1] / height_mm)
    )  # pixels in a mm
    most = min(MOST_PIXELS, MOST_SAMPLES / max(samples, 1.0))
    scale = min(scale, math.sqrt(most / (width_mm * height_mm)), LARGEST / max(size_mm))
    return max(1, round(width_mm * scale)), max(1, round(height_mm * scale))
