"""Areas of an image within corners, as shutters and regions name them (PS3.3 §C.7.6.11, §C.11.19)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw


def inside(vertices: Sequence[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of an image of this shape (rows, columns) lie in the polygon; those under its edges do.

    Convention  `vertices` are row and column in turn, 1\\1 is the upper left pixel; the last is joined with the first.
    """
    plane = Image.new("1", (shape[1], shape[0]), 0)
    corners = [(column - 1, row - 1) for row, column in zip(vertices[::2], vertices[1::2], strict=True)]
    ImageDraw.Draw(plane).polygon(corners, fill=1)
    return np.array(plane, dtype=bool)
