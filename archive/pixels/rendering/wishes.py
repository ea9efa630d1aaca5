"""How a picture of an image is wished for: all of it plain values, so that it can be handed to another process.

Reference  PS3.18 §8.3.5 (rendering query parameters)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Format = Literal["JPEG", "PNG", "GIF"]
SMALLEST, LARGEST = 1, 8192
MOST_FRAMES = 300  # of a film


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the image in pixels, from its top left corner. A negative size turns the picture over.

    One that `is_relative` is in fractions of the picture's own width and height (PS3.18 §9.5.1.2.5).
    """

    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None
    is_relative: bool = False

    def in_pixels(self, *, columns: int, rows: int) -> Region:
        """As this, of a picture of this size."""
        if not self.is_relative:
            return self
        width, height = (
            (1.0 if self.width is None else self.width),
            (1.0 if self.height is None else self.height),
        )
        return Region(self.x * columns, self.y * rows, width * columns, height * rows)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What is to be shown, and how. What is None is left to the image.

    Without `frames` it is the frame that represents the image, or the first; in a GIF, all of them.

    `size` is the largest width and height; the picture keeps its proportions within. Without it, a pixel of the
    picture is one of the image. `annotations` are lines for the corners. `in_srgb` colours are turned into those of
    the profile they come with, which else is their own.
    """

    format: Format = "JPEG"
    frames: tuple[int, ...] = ()
    window: tuple[float, float] | None = None
    function: str = "LINEAR"
    size: tuple[int, int] | None = None
    region: Region | None = None
    quality: int = 90
    annotations: tuple[str, ...] = ()
    with_profile: bool = False
    in_srgb: bool = False
    presentation: str | None = None  # a presentation state, as a Part 10 object in base 64

    def to_plain(self) -> dict[str, Any]:
        """What is wished for beyond what an image says itself."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {name: value for name, value in said.items() if value != getattr(_NOTHING, name)}
        return plain | ({"region": asdict(self.region)} if self.region is not None else {})

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Rendering:
        made: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        if "region" in made:
            made["region"] = Region(**made["region"])
        return cls(**made)


_NOTHING = Rendering()
