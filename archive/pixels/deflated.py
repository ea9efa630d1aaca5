"""Deflated objects, inflated in the pool: what is small as it is stored may be large, and slow, to read.

Reference  PS3.5 §A.5
"""

from __future__ import annotations

from dataclasses import dataclass

from archive.pixels.pool import pixel_pool
from archive.pixels.sources import PixelSource
from archive.studies.modified_header import Change


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first bytes of a data set, and the length of all of it."""

    data: bytes
    size: int


def inflated(source: PixelSource, *, most: int, held: int = 0) -> Beginning:
    """The data set of a deflated object, as much of it as is to be `held`.

    Raises  PixelsUnreadable: OBJECT_TOO_LARGE if it is longer than `most`, DATA_SET_DAMAGED, DECODING_TOO_SLOW;
            NotFound if the object is not there; Unavailable if the pool is full.
    """
    answer = pixel_pool().run("inflate", {"most": most, "held": held}, source)
    return Beginning(answer.body, int(answer.facts["size"]))


def modified_deflated(data: bytes, change: Change, *, most: int) -> bytes | None:
    """A deflated object with other values in its header; None if it has them already.

    Raises  as `inflated`.
    """
    arguments = {"change": change.plain(), "most": most}
    return pixel_pool().run("modify_deflated", arguments, PixelSource(data=data)).body or None
