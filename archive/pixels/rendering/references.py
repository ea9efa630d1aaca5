"""Which images and frames a presentation state, a registration, or an item of one is for.

Reference  PS3.3 §C.11.11 (presentation state relationship), Table 10-3 (image SOP instance reference)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

Frames = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """The frames of an image, or the segments of a segmentation, that are named; none are all of them."""

    frames: Frames = ()
    segments: Frames = ()

    def holds(self, frame: int, segment: int | None = None) -> bool:
        is_segment = not self.segments or segment in self.segments
        return is_segment and (not self.frames or frame in self.frames)


def referenced_frames(state: Dataset) -> dict[str, Frames]:
    """The images a presentation state, or one set of a blending state, is for, in its order, with the frames it names.

    No frames are all of them.
    """
    return {uid: one.frames for uid, one in images_of_series_named(state).items()}


def images_of_series_named(item: Dataset) -> dict[str, Named]:
    """The images of a Referenced Series Sequence by their UIDs, in its order."""
    return _by_uid(
        image
        for series in item.get("ReferencedSeriesSequence") or ()
        for image in series.get("ReferencedImageSequence") or ()
    )


def images_named(item: Dataset) -> dict[str, Named]:
    """Those of a Referenced Image Sequence."""
    return _by_uid(item.get("ReferencedImageSequence") or ())


def named(items: Iterable[Dataset] | None, image_uid: str, frame: int) -> list[Dataset]:
    """The items that name the frame, or no image at all, which is all of them."""
    return [item for item in items or () if _is_for(item.get("ReferencedImageSequence"), image_uid, frame)]


def _is_for(images: Any, image_uid: str, frame: int) -> bool:
    if not images:
        return True
    of_image = [_named(image) for image in images if image.get("ReferencedSOPInstanceUID") == image_uid]
    return any(not one.frames or frame in one.frames for one in of_image)


def _by_uid(images: Iterable[Dataset]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for image in images:
        uid, one = str(image.get("ReferencedSOPInstanceUID", "")), _named(image)
        earlier = found.get(uid)
        found[uid] = (
            one
            if earlier is None
            else Named(_both(earlier.frames, one.frames), _both(earlier.segments, one.segments))
        )
    return found


def _both(some: Frames, more: Frames) -> Frames:
    return (*some, *more) if some and more else ()


def _named(image: Dataset) -> Named:
    return Named(_numbers(image.get("ReferencedFrameNumber")), _numbers(image.get("ReferencedSegmentNumber")))


def _numbers(value: Any) -> Frames:
    """One number, many or none."""
    return (value,) if isinstance(value, int) else tuple(int(one) for one in value or ())
