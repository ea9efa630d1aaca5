"""Lines, shapes and words over a picture: those of a presentation state, and those a client asks for.

Reference  PS3.3 §C.10.5 (graphic annotation), §C.10.7 (graphic layers), PS3.18 §8.3.5.1.1 (annotation)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset

Shown = NDArray[np.uint8]
Point = tuple[float, float]
Points = Callable[[Any, Any], list[Point]]
WHITE = 255
TEXT_HEIGHT_SHARE = 32


def with_lines(shown: Shown, lines: Sequence[str]) -> Shown:
    """The picture with lines of words in its upper left corner, outlined so that they can be read on any image."""
    image = Image.fromarray(shown)
    draw = ImageDraw.Draw(image)
    height = max(10, min(image.size) // TEXT_HEIGHT_SHARE)
    for number, line in enumerate(lines):
        draw.text(
            (height // 2, height // 2 + number * height * 1.3), line, fill=_ink(image, WHITE), font=_font(height),
            stroke_width=1, stroke_fill=_ink(image, 0),
        )  # fmt: skip
    return np.asarray(image)


def covered(shown: Shown, plane: NDArray[np.bool_], grey: int) -> Shown:
    """The picture with a plane of bits in one grey."""
    return np.where(plane if shown.ndim == 2 else plane[..., None], np.uint8(grey), shown)


def annotated(shown: Shown, annotations: Iterable[tuple[Dataset, int]], points: Points) -> Shown:
    """The picture with annotations, each in its grey; `points` tells where pairs in these units lie in it."""
    image = Image.fromarray(shown)
    draw = ImageDraw.Draw(image)
    for annotation, grey in annotations:
        pen = _Pen(draw, _ink(image, grey), points)
        for item in annotation.get("GraphicObjectSequence") or ():
            pen.draw_graphic(item)
        for item in annotation.get("TextObjectSequence") or ():
            pen.draw_text(item, max(10, min(image.size) // TEXT_HEIGHT_SHARE))
    return np.asarray(image)


@dataclass(frozen=True, slots=True)
class _Pen:
    draw: ImageDraw.ImageDraw
    ink: Any
    points: Points

    def draw_graphic(self, item: Dataset) -> None:
        """A point of a picture lies in the pixel that its whole part names."""
        found = self.points(item.get("GraphicData"), item.get("GraphicAnnotationUnits"))
        points = [(float(np.floor(x)), float(np.floor(y))) for x, y in found]
        kind, fill = item.get("GraphicType"), self.ink if item.get("GraphicFilled") == "Y" else None
        if kind == "POINT" and points:
            (x, y) = points[0]
            self.draw.line((x - 2, y, x + 2, y), fill=self.ink)
            self.draw.line((x, y - 2, x, y + 2), fill=self.ink)
        elif kind in {"POLYLINE", "INTERPOLATED"} and len(points) > 1:
            if fill is not None:
                self.draw.polygon(points, fill=fill)
            self.draw.line(points, fill=self.ink)
        elif kind == "CIRCLE" and len(points) > 1:
            (x, y), edge = points[0], points[1]
            radius = float(np.hypot(edge[0] - x, edge[1] - y))
            self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=self.ink, fill=fill)
        elif kind == "ELLIPSE" and len(points) > 3:
            self.draw.polygon(_ellipse(points), outline=self.ink, fill=fill)

    def draw_text(self, item: Dataset, height: int) -> None:
        place, units = item.get("BoundingBoxTopLeftHandCorner"), item.get("BoundingBoxAnnotationUnits")
        if place is None:
            place, units = item.get("AnchorPoint"), item.get("AnchorPointAnnotationUnits")
        for point in self.points(place, units)[:1]:
            words = str(item.get("UnformattedTextValue", ""))
            self.draw.multiline_text(point, words, fill=self.ink, font=_font(height))


def _ellipse(points: Sequence[Point]) -> list[Point]:
    """The outline from the ends of the major and of the minor axis (PS3.3 §C.10.5.1.2)."""
    a, b, c, d = (np.array(point) for point in points[:4])
    centre, major, minor = (a + b) / 2, (b - a) / 2, (d - c) / 2
    turns = np.linspace(0, 2 * np.pi, 90)
    outline = centre + np.cos(turns)[:, None] * major + np.sin(turns)[:, None] * minor
    return [(float(x), float(y)) for x, y in outline]


def _font(height: int) -> Any:
    return ImageFont.load_default(height)


def _ink(image: Image.Image, value: int) -> Any:
    return value if image.mode == "L" else (value, value, value)
