"""What a presentation state draws over a picture: shutters, overlays, lines, shapes and words.

Reference  PS3.3 §C.7.6.11 (display shutter), §C.9.2 (overlay plane), §C.10.5 (graphic annotation)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset

Shown = NDArray[np.uint8]
Point = tuple[float, float]
WHITE = 255
TEXT_HEIGHT_SHARE = 32


def shuttered(shown: Shown, state: Dataset) -> Shown:
    """The picture with everything outside of the shutters in their presentation value."""
    shapes = state.get("ShutterShape") or []
    names = [shapes] if isinstance(shapes, str) else list(shapes)
    rows, columns = shown.shape[:2]
    mask = Image.new("1", (columns, rows), 1)
    for name in names:
        one = Image.new("1", (columns, rows), 0)
        _shutter(ImageDraw.Draw(one), name, state)
        mask = Image.fromarray(np.asarray(mask) & np.asarray(one))
    value = int(state.get("ShutterPresentationValue") or 0) >> 8
    kept = np.asarray(mask)
    return np.where(kept if shown.ndim == 2 else kept[..., None], shown, np.uint8(value))


def _shutter(draw: ImageDraw.ImageDraw, name: str, state: Dataset) -> None:
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


def with_overlay(shown: Shown, header: Dataset, group: int) -> Shown:
    """The picture with the bits of one overlay plane in white; unchanged if the image has no such plane."""
    needed = [(group, element) for element in (0x0010, 0x0011, 0x3000)]
    if not all(tag in header for tag in needed):
        return shown
    height, width, packed = (header[tag].value for tag in needed)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")[: height * width]
    if bits.size < height * width:
        return shown
    origin = header[group, 0x0050].value if (group, 0x0050) in header else (1, 1)
    top, left = (int(value) - 1 for value in origin)
    rows, columns = shown.shape[0], shown.shape[1]
    plane = np.zeros((rows, columns), bool)
    y0, x0, y1, x1 = max(top, 0), max(left, 0), min(top + height, rows), min(left + width, columns)
    if y1 > y0 and x1 > x0:
        plane[y0:y1, x0:x1] = bits.reshape(height, width)[y0 - top : y1 - top, x0 - left : x1 - left]
    return np.where(plane if shown.ndim == 2 else plane[..., None], np.uint8(WHITE), shown)


def annotated(shown: Shown, annotations: Iterable[Dataset]) -> Shown:
    """The picture with the lines, shapes and words of the annotations, in image or display coordinates."""
    image = Image.fromarray(shown)
    draw = ImageDraw.Draw(image)
    for annotation in annotations:
        for item in annotation.get("GraphicObjectSequence") or ():
            _draw_graphic(draw, item, image.size)
        for item in annotation.get("TextObjectSequence") or ():
            _draw_text(draw, item, image.size)
    return np.asarray(image)


def with_lines(shown: Shown, lines: Sequence[str]) -> Shown:
    """The picture with lines of words in its upper left corner, outlined so that they can be read on any image."""
    image = Image.fromarray(shown)
    draw = ImageDraw.Draw(image)
    height = max(10, min(image.size) // TEXT_HEIGHT_SHARE)
    for number, line in enumerate(lines):
        draw.text(
            (height // 2, height // 2 + number * height * 1.3), line, fill=_ink(image), font=_font(height),
            stroke_width=1, stroke_fill=_ink(image, 0),
        )  # fmt: skip
    return np.asarray(image)


def _draw_graphic(draw: ImageDraw.ImageDraw, item: Dataset, size: tuple[int, int]) -> None:
    points = _points(item.get("GraphicData"), item.get("GraphicAnnotationUnits"), size)
    kind, is_filled = item.get("GraphicType"), item.get("GraphicFilled") == "Y"
    if kind == "POINT" and points:
        (x, y) = points[0]
        draw.line((x - 2, y, x + 2, y), fill=WHITE)
        draw.line((x, y - 2, x, y + 2), fill=WHITE)
    elif kind in {"POLYLINE", "INTERPOLATED"} and len(points) > 1:
        if is_filled:
            draw.polygon(points, fill=WHITE)
        draw.line(points, fill=WHITE)
    elif kind == "CIRCLE" and len(points) > 1:
        (x, y), edge = points[0], points[1]
        radius = float(np.hypot(edge[0] - x, edge[1] - y))
        draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius), outline=WHITE, fill=WHITE if is_filled else None
        )
    elif kind == "ELLIPSE" and len(points) > 3:
        outline = _ellipse(points)
        draw.polygon(outline, outline=WHITE, fill=WHITE if is_filled else None)


def _ellipse(points: Sequence[Point]) -> list[Point]:
    """The outline from the ends of the major and of the minor axis (PS3.3 §C.10.5.1.2)."""
    a, b, c, d = (np.array(point) for point in points[:4])
    centre, major, minor = (a + b) / 2, (b - a) / 2, (d - c) / 2
    turns = np.linspace(0, 2 * np.pi, 90)
    outline = centre + np.cos(turns)[:, None] * major + np.sin(turns)[:, None] * minor
    return [(float(x), float(y)) for x, y in outline]


def _draw_text(draw: ImageDraw.ImageDraw, item: Dataset, size: tuple[int, int]) -> None:
    place = item.get("BoundingBoxTopLeftHandCorner")
    units = item.get("BoundingBoxAnnotationUnits")
    if place is None:
        place, units = item.get("AnchorPoint"), item.get("AnchorPointAnnotationUnits")
    points = _points(place, units, size)
    if points:
        font = _font(max(10, min(size) // TEXT_HEIGHT_SHARE))
        draw.multiline_text(points[0], str(item.get("UnformattedTextValue", "")), fill=WHITE, font=font)


def _points(values: Any, units: Any, size: tuple[int, int]) -> list[Point]:
    """Pairs of column and row: PIXEL counts from 1 at the middle of the first pixel, DISPLAY from 0 to 1."""
    try:
        numbers = [float(value) for value in values or ()]
    except (TypeError, ValueError):
        return []
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    if units == "DISPLAY":
        return [(x * size[0], y * size[1]) for x, y in pairs]
    return [(x - 1, y - 1) for x, y in pairs]


def _font(height: int) -> Any:
    return ImageFont.load_default(height)


def _ink(image: Image.Image, value: int = WHITE) -> Any:
    return value if image.mode == "L" else (value, value, value)
