"""Which frames of a film are the mask of which: the operations of a mask module.

Reference  PS3.3 §C.7.6.10.1.1 (mask operation), Table C.7-16 (mask module)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.grey import number

MOST_AVERAGED = 64
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class MaskFrames:
    """One item of a mask sequence, as far as it tells frames; they count from 1.

    `named` are those of AVG_SUB, `offset` is how many frames back the mask lies. Without `ranges` all frames are meant.
    """

    operation: str
    named: tuple[int, ...] = ()
    offset: int = 1
    averaged: int = 1
    ranges: Ranges = ()

    def is_for(self, frame: int) -> bool:
        """Whether the item is applicable to the frame, as far as it says itself."""
        return not self.ranges or in_ranges(frame, self.ranges)

    def mask_of(self, frame: int, frames: int) -> tuple[int, ...]:
        """The frames whose mean is the mask of this one in a film of so many `frames`; none if it is shown as it is.

        Raises  PixelsUnreadable PRESENTATION_UNSUITED if the mask is named and no frame of the film.
        """
        if not self.is_for(frame) or self.operation == "NONE":
            return ()
        if self.operation == "AVG_SUB":
            if not all(1 <= one <= frames for one in self.named):
                raise unreadable("PRESENTATION_UNSUITED")
            # Where no range is told, it ends where there are no longer enough contrast frames to be averaged.
            return self.named if self.ranges or frame <= frames - self.averaged + 1 else ()
        back = frame - self.offset - 2 * self._place(frame)
        return (back,) if 1 <= back <= frames else ()

    def contrast_of(self, frame: int, frames: int) -> range:
        """The frames whose mean is shown: from the current one on, as far as there are any."""
        return range(frame, min(frame + self.averaged, frames + 1))

    def _place(self, frame: int) -> int:
        """How many frames of the ranges come before: with each of them the reversed mask goes two farther back."""
        if self.operation != "REV_TID":
            return 0
        before = 0
        for first, last in self.ranges:
            if first <= frame <= last:
                return before + frame - first
            before += max(0, last - first + 1)
        return before


def mask_frames_of(item: Dataset, *, allowed: Collection[str], frames: tuple[int, ...] = ()) -> MaskFrames:
    """What an item says of frames. `frames` are those the state is for, where they take the place of a range.

    Raises  PixelsUnreadable: MASK_OPERATION if the operation is none of those allowed; PRESENTATION_UNSUITED for what
            lacks a part, or would average more frames than are averaged here.
    """
    operation = str(item.get("MaskOperation"))
    if operation not in allowed:
        raise unreadable("MASK_OPERATION")
    named = _numbers(item.get("MaskFrameNumbers")) if operation == "AVG_SUB" else ()
    averaged = int(number(item.get("ContrastFrameAveraging"), 1))
    ranges = ranges_of(item.get("ApplicableFrameRange"))
    lacks = (operation == "AVG_SUB" and not named) or (operation == "REV_TID" and not ranges)
    if lacks or len(named) > MOST_AVERAGED or not 1 <= averaged <= MOST_AVERAGED:
        raise unreadable("PRESENTATION_UNSUITED")
    return MaskFrames(
        operation,
        named=named,
        offset=int(number(item.get("TIDOffset"), 1)),
        averaged=averaged,
        ranges=ranges or tuple((one, one) for one in frames),
    )


def ranges_of(value: Any) -> Ranges:
    """Pairs of the first and last frame."""
    ends = _numbers(value)
    return tuple(zip(ends[::2], ends[1::2], strict=False))


def in_ranges(frame: int, ranges: Ranges) -> bool:
    return any(first <= frame <= last for first, last in ranges)


def _numbers(value: Any) -> tuple[int, ...]:
    """One number or many."""
    if value is None:
        return ()
    return (int(value),) if isinstance(value, int) else tuple(int(one) for one in value)
