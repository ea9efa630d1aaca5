"""How lines, areas and words of an annotation are drawn: thickness, dashes, colours, opacity and shadow.

What an annotation does not say is that of its layer: one pixel, solid, in the layer's colour.
Reference  PS3.3 §C.10.5.1.3.12 (Text Style), §C.10.5.1.3.13 (Line Style), §C.10.5.1.3.14 (Fill Style)
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset

from archive.pixels.rendering.grey import number
from archive.pixels.rendering.inks import BLACK, Ink, cielab_ink

_THICKEST = 64
_EVERY_BIT = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Shadow:
    """`offset` is in units of the annotation, to the right and down; OUTLINED lies all around, as far."""

    ink: Ink
    opacity: float
    offset: tuple[float, float]
    is_outline: bool


@dataclass(frozen=True, slots=True)
class LineStyle:
    """`pattern` are 32 bits, the least first, of which each is a piece of line as long as it is thick.

    `off_ink` is what lies between the dashes; None is nothing.
    """

    ink: Ink
    opacity: float = 1.0
    thickness: int = 1
    pattern: int = _EVERY_BIT
    off_ink: Ink | None = None
    off_opacity: float = 1.0
    shadow: Shadow | None = None

    @property
    def is_dashed(self) -> bool:
        return self.pattern != _EVERY_BIT


@dataclass(frozen=True, slots=True)
class FillStyle:
    ink: Ink
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class TextStyle:
    ink: Ink
    align: str = "LEFT"
    vertical: str = "TOP"
    is_underlined: bool = False
    is_bold: bool = False
    is_italic: bool = False
    family: str = ""
    shadow: Shadow | None = None


def line_style(item: Dataset, ink: Ink) -> LineStyle:
    """Of a graphic object in a layer of this ink."""
    style = _first(item, "LineStyleSequence")
    if style is None:
        return LineStyle(ink)
    is_dashed = style.get("LineDashingStyle") == "DASHED"
    return LineStyle(
        ink=cielab_ink(style.get("PatternOnColorCIELabValue")) or ink,
        opacity=_opacity(style, "PatternOnOpacity"),
        thickness=min(max(1, round(number(style.get("LineThickness"), 1.0))), _THICKEST),
        pattern=int(style.get("LinePattern") or _EVERY_BIT) & _EVERY_BIT if is_dashed else _EVERY_BIT,
        off_ink=cielab_ink(style.get("PatternOffColorCIELabValue")),
        off_opacity=_opacity(style, "PatternOffOpacity"),
        shadow=_shadow(style),
    )


def fill_style(item: Dataset, ink: Ink) -> FillStyle | None:
    """None for an object that is not filled."""
    if item.get("GraphicFilled") != "Y":
        return None
    style = _first(item, "FillStyleSequence")
    if style is None:
        return FillStyle(ink)
    return FillStyle(
        cielab_ink(style.get("PatternOnColorCIELabValue")) or ink, _opacity(style, "PatternOnOpacity")
    )


def text_style(item: Dataset, ink: Ink) -> TextStyle:
    """Of a text object; without a style its bounding box tells on which side its lines begin."""
    style = _first(item, "TextStyleSequence") or Dataset()
    align = style.get("HorizontalAlignment") or item.get("BoundingBoxTextHorizontalJustification") or "LEFT"
    vertical = style.get("VerticalAlignment")
    return TextStyle(
        ink=cielab_ink(style.get("TextColorCIELabValue")) or ink,
        align=align if align in {"LEFT", "CENTER", "RIGHT"} else "LEFT",
        vertical=vertical if vertical in {"TOP", "CENTER", "BOTTOM"} else "TOP",
        is_underlined=style.get("Underlined") == "Y",
        is_bold=style.get("Bold") == "Y",
        is_italic=style.get("Italic") == "Y",
        family=str(style.get("CSSFontName", "")).strip().lower(),
        shadow=_shadow(style),
    )


def _shadow(style: Dataset) -> Shadow | None:
    kind = style.get("ShadowStyle")
    if kind not in {"NORMAL", "OUTLINED"}:
        return None
    return Shadow(
        ink=cielab_ink(style.get("ShadowColorCIELabValue")) or BLACK,
        opacity=_opacity(style, "ShadowOpacity"),
        offset=(number(style.get("ShadowOffsetX"), 0.0), number(style.get("ShadowOffsetY"), 0.0)),
        is_outline=kind == "OUTLINED",
    )


def _first(item: Dataset, keyword: str) -> Dataset | None:
    items = item.get(keyword)
    return items[0] if items else None


def _opacity(style: Dataset, keyword: str) -> float:
    return float(min(max(number(style.get(keyword), 1.0), 0.0), 1.0))
