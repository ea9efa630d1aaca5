"""Words of an annotation as they are drawn: on which side, at which height of their box, bold, italic, underlined.

Italics are upright letters leaned over, line by line, bold ones are drawn thicker.
Reference  PS3.3 §C.10.5.1.3.12 (text style)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from archive.pixels.rendering.fonts import font_for
from archive.pixels.rendering.outlines import Point
from archive.pixels.rendering.styles import TextStyle

Draw = Callable[[ImageDraw.ImageDraw, Any], None]
_ANCHORS = {"LEFT": "la", "CENTER": "ma", "RIGHT": "ra"}
_ACROSS = {"LEFT": 0.0, "CENTER": 0.5, "RIGHT": 1.0}
_DOWN = {"TOP": 0.0, "CENTER": 0.5, "BOTTOM": 1.0}
_LEAN = 0.2  # to the right, for each pixel upwards


@dataclass(frozen=True, slots=True)
class Words:
    """Lines of words, of letters as high as `height` pixels."""

    text: str
    height: int
    style: TextStyle

    def place_in(self, corner: Point, far: Point) -> Point:
        """Where the words begin in a box between two corners."""
        _left, _top, _right, bottom = _anywhere().multiline_textbbox((0, 0), self.text, **self._options)
        return (
            corner[0] + (far[0] - corner[0]) * _ACROSS[self.style.align],
            corner[1] + (far[1] - corner[1] - bottom) * _DOWN[self.style.vertical],
        )

    def at(self, place: Point, *, is_underlined: bool = False) -> Draw:
        def draw(on: ImageDraw.ImageDraw, fill: Any) -> None:
            if self.style.is_italic:
                self._lean(on, place, fill)
            else:
                on.multiline_text(place, self.text, fill=fill, **self._options)
            if is_underlined:
                left, _top, right, bottom = on.multiline_textbbox(place, self.text, **self._options)
                on.line((left, bottom + 1, right, bottom + 1), fill=fill)

        return draw

    @property
    def _options(self) -> dict[str, Any]:
        return self._of_line | {"align": self.style.align.lower()}

    @property
    def _of_line(self) -> dict[str, Any]:
        return {
            "font": font_for(self.text, self.height, self.style.family), "anchor": _ANCHORS[self.style.align],
            "stroke_width": 1 if self.style.is_bold else 0,
        }  # fmt: skip

    def _lean(self, on: ImageDraw.ImageDraw, place: Point, fill: Any) -> None:
        options = self._of_line
        one, two = (on.multiline_textbbox((0, 0), lines, **options)[3] for lines in ("A", "A\nA"))
        for number, line in enumerate(self.text.split("\n")):
            at = place[0], place[1] + number * (two - one)
            left, top, right, bottom = (int(edge) for edge in on.textbbox(at, line, **options))
            width, height = right - left + 1, bottom - top + 1
            if right <= left or bottom <= top:
                continue
            upright = Image.new("L", (width + int(_LEAN * height) + 1, height), 0)
            ImageDraw.Draw(upright).text((at[0] - left, at[1] - top), line, fill=255, **options)
            leaning = upright.transform(
                upright.size,
                Image.Transform.AFFINE,
                (1, _LEAN, -_LEAN * (height - 1), 0, 1, 0),
                Image.Resampling.BILINEAR,
            )
            on.bitmap((left, top), leaning, fill=fill)


def _anywhere() -> ImageDraw.ImageDraw:
    return ImageDraw.Draw(Image.new("L", (1, 1)))
