"""What a presentation state hides of an image.

Reference  PS3.3 §C.7.6.11 (display shutter), §C.7.6.15 (bitmap display shutter)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom import Dataset

from archive.pixels.rendering.inks import cielab_ink
from archive.pixels.rendering.overlays import overlay_plane
from archive.pixels.rendering.polygons import inside

Shown = NDArray[np.uint8]


def shuttered(shown: Shown, shutter: Dataset, state: Dataset) -> Shown:
    """The picture with everything outside of the shapes of a shutter in its grey, or over colours in its colour."""
    shapes = shutter.get("ShutterShape") or []
    names = [shapes] if isinstance(shapes, str) else list(shapes)
    kept = np.ones(shown.shape[:2], bool)
    for name in names:
        kept &= _kept(name, shutter, state, (shown.shape[0], shown.shape[1]))
    return np.where(kept if shown.ndim == 2 else kept[..., None], shown, _ink(shown, shutter, state))


def _ink(shown: Shown, shutter: Dataset, state: Dataset) -> Shown:
    grey, colour = (
        shutter.get(keyword, state.get(keyword))
        for keyword in ("ShutterPresentationValue", "ShutterPresentationColorCIELabValue")
    )
    ink = cielab_ink(colour) if shown.ndim == 3 else None
    return np.array(int(grey or 0) >> 8 if ink is None else ink, np.uint8)


def _kept(name: str, shutter: Dataset, state: Dataset, shape: tuple[int, int]) -> NDArray[np.bool_]:
    if name == "BITMAP":
        hidden = overlay_plane(state, int(shutter.get("ShutterOverlayGroup") or 0), frame=1, shape=shape)
        return np.ones(shape, bool) if hidden is None else ~hidden
    if name == "POLYGONAL":
        return inside(list(shutter.VerticesOfThePolygonalShutter), shape)
    plane = Image.new("1", (shape[1], shape[0]), 0)
    _draw(ImageDraw.Draw(plane), name, shutter)
    return np.array(plane, dtype=bool)


def _draw(draw: ImageDraw.ImageDraw, name: str, shutter: Dataset) -> None:
    if name == "RECTANGULAR":
        left, right = shutter.ShutterLeftVerticalEdge, shutter.ShutterRightVerticalEdge
        top, bottom = shutter.ShutterUpperHorizontalEdge, shutter.ShutterLowerHorizontalEdge
        draw.rectangle((left - 1, top - 1, right - 1, bottom - 1), fill=1)
    elif name == "CIRCULAR":
        (row, column), radius = shutter.CenterOfCircularShutter, shutter.RadiusOfCircularShutter
        draw.ellipse((column - 1 - radius, row - 1 - radius, column - 1 + radius, row - 1 + radius), fill=1)
