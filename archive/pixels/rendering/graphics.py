"""Lines, shapes and words over a picture: those of a presentation state, and those a client asks for.

Of compound graphics, the simple objects are drawn that stand for them (PS3.3 §C.10.5.1.3.1).
Reference  PS3.3 §C.10.5 (graphic annotation), §C.10.7 (graphic layers), PS3.18 §8.3.5.1.1 (annotation)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom import Dataset

from archive.pixels.rendering.fonts import font_for
from archive.pixels.rendering.inks import BLACK, WHITE, Ink, is_grey
from archive.pixels.rendering.outlines import Point, dashes, outline_of
from archive.pixels.rendering.styles import LineStyle, Shadow, fill_style, line_style, text_style
from archive.pixels.rendering.words import Draw, Words

Shown = NDArray[np.uint8]
Points = Callable[[Any, Any], list[Point]]
TEXT_HEIGHT_SHARE = 32


def with_lines(shown: Shown, lines: Sequence[str]) -> Shown:
    """The picture with lines of words in its upper left corner, outlined so that they can be read on any image."""
    sheet = _Sheet(shown)
    height = max(10, min(sheet.image.size) // TEXT_HEIGHT_SHARE)
    draw = ImageDraw.Draw(sheet.image)
    for number, line in enumerate(lines):
        draw.text(
            (height // 2, height // 2 + number * height * 1.3), line, font=font_for(line, height),
            fill=sheet.fill(WHITE), stroke_width=1, stroke_fill=sheet.fill(BLACK),
        )  # fmt: skip
    return np.asarray(sheet.image)


def covered(shown: Shown, plane: NDArray[np.bool_], ink: Ink) -> Shown:
    """The picture with a plane of bits in one colour; it stays grey as long as that is."""
    if shown.ndim == 2 and is_grey(ink):
        return np.where(plane, np.uint8(ink[0]), shown)
    colours = shown if shown.ndim == 3 else np.repeat(shown[..., None], 3, axis=2)
    return np.where(plane[..., None], np.array(ink, np.uint8), colours)


def annotated(shown: Shown, annotations: Iterable[tuple[Dataset, Ink]], points: Points) -> Shown:
    """The picture with annotations, each in its colour; `points` tells where pairs in these units lie in it."""
    sheet = _Sheet(shown)
    for annotation, ink in annotations:
        pen = _Pen(sheet, ink, points)
        for item in annotation.get("GraphicObjectSequence") or ():
            pen.draw_graphic(item)
        for item in annotation.get("TextObjectSequence") or ():
            pen.draw_text(item, max(10, min(sheet.image.size) // TEXT_HEIGHT_SHARE))
    return np.asarray(sheet.image)


class _Sheet:
    """A picture being drawn on. It is grey until the first ink that is none."""

    def __init__(self, shown: Shown) -> None:
        self.image = Image.fromarray(shown)

    def fill(self, ink: Ink) -> Any:
        return ink[0] if self.image.mode == "L" else ink

    def put(self, draw: Draw, ink: Ink, opacity: float = 1.0) -> None:
        """What `draw` draws, in this ink; through a mask where the picture is to be seen behind it."""
        if self.image.mode == "L" and not is_grey(ink):
            self.image = self.image.convert("RGB")
        if opacity == 1.0:
            draw(ImageDraw.Draw(self.image), self.fill(ink))
        elif opacity > 0:
            mask = Image.new("L", self.image.size, 0)
            draw(ImageDraw.Draw(mask), round(opacity * 255))
            self.image.paste(self.fill(ink), mask=mask)


@dataclass(frozen=True, slots=True)
class _Pen:
    sheet: _Sheet
    ink: Ink
    points: Points

    def draw_graphic(self, item: Dataset) -> None:
        units, kind = item.get("GraphicAnnotationUnits"), item.get("GraphicType")
        points = self.points(item.get("GraphicData"), units)
        style = line_style(item, self.ink)
        if kind == "POINT" and points:
            (x, y) = _pixels(points[:1])[0]
            self._stroke([(x - 2, y), (x + 2, y)], style, units)
            self._stroke([(x, y - 2), (x, y + 2)], style, units)
            return
        outline = outline_of(kind, points)
        area = fill_style(item, self.ink)
        if area is not None and len(outline) > 2:
            self.sheet.put(lambda draw, fill: draw.polygon(_pixels(outline), fill), area.ink, area.opacity)
        if outline:
            self._stroke(outline, style, units)

    def _stroke(self, outline: Sequence[Point], style: LineStyle, units: Any) -> None:
        if style.shadow is not None:
            self._shade(outline, style.thickness, style.shadow, units)
        if not style.is_dashed:
            self._join([outline], style.ink, style.opacity, style.thickness)
            return
        on, off = dashes(outline, style.pattern, style.thickness)
        if style.off_ink is not None:
            self._join(off, style.off_ink, style.off_opacity, style.thickness)
        self._join(on, style.ink, style.opacity, style.thickness)

    def _join(self, pieces: Sequence[Sequence[Point]], ink: Ink, opacity: float, thickness: int) -> None:
        def draw(on: ImageDraw.ImageDraw, fill: Any) -> None:
            for piece in pieces:
                on.line(_pixels(piece), fill, width=thickness, joint="curve" if thickness > 2 else None)

        self.sheet.put(draw, ink, opacity)

    def _shade(self, outline: Sequence[Point], thickness: int, shadow: Shadow, units: Any) -> None:
        """Shadows are solid, and fall the same way however the image is turned (PS3.3 §C.10.5.1.3.13.2)."""
        across, down = self._shift(shadow, units)
        if shadow.is_outline:
            spread = min(thickness + 2 * round(float(np.hypot(across, down))), 256)
            self._join([outline], shadow.ink, shadow.opacity, spread)
        else:
            moved = [(x + across, y + down) for x, y in outline]
            self._join([moved], shadow.ink, shadow.opacity, thickness)

    def _shift(self, shadow: Shadow, units: Any) -> Point:
        """The offset of a shadow in pixels of the picture."""
        corners = self.points([0, 0, 1, 0, 0, 1], units)
        (x, y), scales = corners[0], corners[1:]
        wide, high = (max(abs(end[0] - x), abs(end[1] - y)) for end in scales)
        return shadow.offset[0] * wide, shadow.offset[1] * high

    def draw_text(self, item: Dataset, height: int) -> None:
        box, units = item.get("BoundingBoxTopLeftHandCorner"), item.get("BoundingBoxAnnotationUnits")
        anchor = self.points(item.get("AnchorPoint"), item.get("AnchorPointAnnotationUnits"))
        corner = self.points(box, units) or anchor
        if not corner:
            return
        style = text_style(item, self.ink)
        if item.get("AnchorPointVisibility") == "Y" and anchor and box is not None:
            self._join([[corner[0], anchor[0]]], style.ink, 1.0, 1)
        far = self.points(item.get("BoundingBoxBottomRightHandCorner"), units) or corner
        words = Words(str(item.get("UnformattedTextValue", "")), height, style)
        place = words.place_in(corner[0], far[0])
        if style.shadow is not None:
            across, down = self._shift(style.shadow, units or item.get("AnchorPointAnnotationUnits"))
            moved = (place[0] + across, place[1] + down)
            self.sheet.put(words.at(moved), style.shadow.ink, style.shadow.opacity)
        self.sheet.put(words.at(place, is_underlined=style.is_underlined), style.ink)


def _pixels(points: Iterable[Point]) -> list[Point]:
    """A point of a picture lies in the pixel that its whole part names."""
    return [(float(np.floor(x)), float(np.floor(y))) for x, y in points]
