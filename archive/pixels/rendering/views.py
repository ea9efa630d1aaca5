"""Which part of an image a presentation state shows, which way up, and where a point of the image comes to lie.

Reference  PS3.3 §C.10.4 (displayed area), §C.10.6 (spatial transformation), §C.10.5 (units of annotations)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.viewports import MOST_PIXELS, turned

Shown = NDArray[np.uint8]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """Whole pixels of the image from its top left corner; what lies outside of the image is background."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """The area first, then the turning. Without an area it is all of the image.

    `ratio` is the height of an image's pixel by its width; `magnification` is how many pixels of the picture one of
    the image becomes, where the state says so.
    """

    area: Area | None = None
    rotation: int = 0
    is_flipped: bool = False
    ratio: float = 1.0
    magnification: float | None = None

    def part(self, picture: Shown) -> Shown:
        """The area of the picture, turned. Raises PixelsUnreadable if it is larger than any picture."""
        if self.area is not None:
            picture = _cut(picture, self.area)
        return turned(picture, rotation=self.rotation, is_flipped=self.is_flipped)

    @property
    def shown_ratio(self) -> float:
        """Height of a pixel by its width, after the turning."""
        return self.ratio if self.rotation % 180 == 0 else 1 / self.ratio

    def size(self, part: Shown) -> tuple[int, int] | None:
        """Width and height of the part when it is magnified as the state says; None if it says nothing.

        Raises  PixelsUnreadable if that is larger than any picture.
        """
        if self.magnification is None:
            return None
        rows, columns = part.shape[:2]
        width, height = columns * self.magnification, rows * self.magnification * self.shown_ratio
        if width * height > MOST_PIXELS:
            raise unreadable("PIXELS_TOO_LARGE")
        return max(1, round(width)), max(1, round(height))

    def points(
        self, values: Any, units: Any, *, image: tuple[int, int], size: tuple[int, int]
    ) -> list[Point]:
        """Pairs of column and row as points of a picture of this `size` (width, height).

        PIXEL counts from 0.0 at the outer corner of the first pixel of the `image` (rows, columns), DISPLAY from 0
        to 1 over what is shown.
        """
        try:
            numbers = [float(value) for value in values or ()]
        except (TypeError, ValueError):
            return []
        pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
        if units != "DISPLAY":
            pairs = [self._share(x, y, image) for x, y in pairs]
        return [(x * size[0], y * size[1]) for x, y in pairs]

    def _share(self, x: float, y: float, image: tuple[int, int]) -> Point:
        area = self.area or Area(0, 0, image[1], image[0])
        across, down = (x - area.x) / area.width, (y - area.y) / area.height
        for _quarter in range(self.rotation // 90 % 4):
            across, down = 1 - down, across
        return (1 - across if self.is_flipped else across), down


def view_of(state: Dataset, displayed: Sequence[Dataset]) -> View:
    """What the state says of turning, and its displayed areas for one frame, of which the first counts."""
    item = displayed[0] if displayed else Dataset()
    return View(
        area=_area(item),
        rotation=int(state.get("ImageRotation") or 0) % 360,
        is_flipped=state.get("ImageHorizontalFlip") == "Y",
        ratio=_ratio(item),
        magnification=_magnification(item),
    )


def _area(item: Dataset) -> Area | None:
    """From corners counted from 1, both in it. They are named as shown: turned, the first need not be the lesser."""
    try:
        (x0, y0), (x1, y1) = (
            (int(corner[0]), int(corner[1]))
            for corner in (item.DisplayedAreaTopLeftHandCorner, item.DisplayedAreaBottomRightHandCorner)
        )
    except (AttributeError, IndexError, TypeError, ValueError):
        return None
    return Area(min(x0, x1) - 1, min(y0, y1) - 1, abs(x1 - x0) + 1, abs(y1 - y0) + 1)


def _ratio(item: Dataset) -> float:
    spacing = item.get("PresentationPixelSpacing") or item.get("PresentationPixelAspectRatio")
    try:
        height, width = (float(value) for value in spacing)
    except (TypeError, ValueError):
        return 1.0
    return height / width if height > 0 and width > 0 else 1.0


def _magnification(item: Dataset) -> float | None:
    ratio = item.get("PresentationPixelMagnificationRatio")
    is_magnified = item.get("PresentationSizeMode") == "MAGNIFY" and isinstance(ratio, float | int)
    return float(ratio) if is_magnified and 0 < ratio <= 64 else None


def _cut(picture: Shown, area: Area) -> Shown:
    if area.width * area.height > MOST_PIXELS:
        raise unreadable("PIXELS_TOO_LARGE")
    rows, columns = picture.shape[:2]
    part = np.zeros((area.height, area.width, *picture.shape[2:]), picture.dtype)
    left, right = max(area.x, 0), min(area.x + area.width, columns)
    top, bottom = max(area.y, 0), min(area.y + area.height, rows)
    if left < right and top < bottom:
        part[top - area.y : bottom - area.y, left - area.x : right - area.x] = picture[top:bottom, left:right]
    return part
