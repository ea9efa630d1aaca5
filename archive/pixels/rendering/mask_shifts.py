"""Moving a mask over the frame it is taken from, as a whole or region by region.

The verdict on directions: "The row offset results in a shift of the pixels along the column axis. The column offset
results in a shift of the pixels along the row axis. A positive row offset is a shift toward the pixels of the lower row
of the pixel plane. A positive column offset is a shift toward the pixels of the left hand side column of the pixel
plane" (PS3.3 §C.7.6.10.1.2). The two values are "vertical [adjacent row spacing] and horizontal [adjacent column
spacing]", in this order, and it is the mask that is shifted, "before subtracting it from the contrast frame". So the
first value moves the mask down, and the second moves it to the left.

Reference  PS3.3 §C.7.6.10.1.2 (mask sub-pixel shift), §C.11.19.1.2 (regions)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.mask_frames import in_ranges, ranges_of
from archive.pixels.rendering.polygons import inside
from archive.pixels.rendering.resampling import resampled
from archive.pixels.rendering.tables import Values

MOST_REGIONS = 64
_FEWEST_VERTICES = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the mask moves, and over which part of the contrast frame.

    Units  pixels, and fractions of them; `vertices` as `polygons.inside` takes them, none for all of the frame.
    """

    down: float = 0.0
    left: float = 0.0
    vertices: tuple[int, ...] = ()


def shifted(mask: Values, shifts: Sequence[Shift]) -> Values:
    """The mask under each pixel of the contrast frame: of several regions the last counts, beyond them it rests.

    At the borders, where the mask that was moved has no pixels, its nearest ones count.
    """
    under = mask
    for shift in shifts:
        moved = _moved(mask, shift)
        rows, columns = mask.shape
        under = np.where(inside(shift.vertices, (rows, columns)), moved, under) if shift.vertices else moved
    return under


def shift_of(item: Dataset) -> Shift:
    """What an item with a Mask Sub-pixel Shift says. Raises PixelsUnreadable PRESENTATION_UNSUITED if it is none."""
    value, corners = item.get("MaskSubPixelShift"), item.get("VerticesOfTheRegion")
    try:
        down, left = (0.0, 0.0) if value is None else (float(one) for one in value)
        vertices = tuple(int(one) for one in corners or ())
    except (TypeError, ValueError) as error:
        raise unreadable("PRESENTATION_UNSUITED") from error
    is_region = len(vertices) % 2 == 0 and (not vertices or len(vertices) >= 2 * _FEWEST_VERTICES)
    if not (np.isfinite([down, left]).all() and is_region):
        raise unreadable("PRESENTATION_UNSUITED")
    return Shift(down, left, vertices)


def region_shifts(items: Iterable[Dataset] | None, frame: int) -> tuple[Shift, ...]:
    """What a Pixel Shift Sequence says of one contrast frame.

    Raises  PixelsUnreadable PRESENTATION_UNSUITED
    """
    for item in items or ():
        ranges = ranges_of(item.get("PixelShiftFrameRange"))
        if not ranges or in_ranges(frame, ranges):
            regions = item.get("RegionPixelShiftSequence") or ()
            if len(regions) > MOST_REGIONS:
                raise unreadable("PRESENTATION_UNSUITED")
            return tuple(shift_of(region) for region in regions)
    return ()


def _moved(mask: Values, shift: Shift) -> Values:
    if not (shift.down or shift.left):
        return mask
    rows, columns = mask.shape
    row = np.repeat(np.arange(rows)[:, None] - shift.down, columns, axis=1)
    column = np.repeat(np.arange(columns)[None, :] + shift.left, rows, axis=0)
    return resampled(mask, row, column, padding=None).samples
