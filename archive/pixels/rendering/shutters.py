"""What a presentation state hides of an image.

Reference  PS3.3 §C.7.6.11 (display shutter), §C.7.6.15 (bitmap display shutter)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom import Dataset

from archive.pixels.rendering.overlays import overlay_plane

Shown = NDArray[np.uint8]


def shuttered(shown: Shown, state: Dataset) -> Shown:
    """The picture with everything outside of the shutters in their presentation value."""
    shapes = state.get("ShutterShape") or []
    names = [shapes] if isinstance(shapes, str) else list(shapes)
    rows, columns = shown.shape[:2]
    kept = np.ones((rows, columns), bool)
    for name in names:
        if name == "BITMAP":
            hidden = overlay_plane(
                state, int(state.get("ShutterOverlayGroup") or 0), frame=1, shape=(rows, columns)
            )
            kept &= True if hidden is None else ~hidden
        else:
            one = Image.new("1", (columns, rows), 0)
            _draw(ImageDraw.Draw(one), name, state)
            kept &= np.asarray(one)
    value = int(state.get("ShutterPresentationValue") or 0) >> 8
    return np.where(kept if shown.ndim == 2 else kept[..., None], shown, np.uint8(value))


def _draw(draw: ImageDraw.ImageDraw, name: str, state: Dataset) -> None:
    if name == "RECTANGULAR":
        left, right = state.ShutterLeftVerticalEdge, state.ShutterRightVerticalEdge
        top, bottom = state.ShutterUpperHorizontalEdge, state.ShutterLowerHorizontalEdge
        draw.rectangle((left - 1, top - 1, right - 1, bottom - 1), fill=1)
    elif name == "CIRCULAR":
        (row, column), radius = state.CenterOfCircularShutter, state.RadiusOfCircularShutter
        draw.ellipse((column - 1 - radius, row - 1 - radius, column - 1 + radius, row - 1 + radius), fill=1)
    elif name == "POLYGONAL":
        vertices = list(state.VerticesOfThePolygonalShutter)
        draw.polygon([(c - 1, r - 1) for r, c in zip(vertices[::2], vertices[1::2], strict=True)], fill=1)
