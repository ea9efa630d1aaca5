"""Which images and frames a presentation state, or an item of it, is for.

Reference  PS3.3 §C.11.11 (presentation state relationship), Table 10-3 (image SOP instance reference)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydicom import Dataset

Frames = tuple[int, ...]


def referenced_frames(state: Dataset) -> dict[str, Frames]:
    """The images a presentation state, or one set of a blending state, is for, in its order, with the frames it names.

    No frames are all of them.
    """
    found: dict[str, Frames] = {}
    for series in state.get("ReferencedSeriesSequence") or ():
        for image in series.get("ReferencedImageSequence") or ():
            uid, frames = str(image.get("ReferencedSOPInstanceUID", "")), _frames(image)
            is_whole = uid in found and not (found[uid] and frames)
            found[uid] = () if is_whole else (*found.get(uid, ()), *frames)
    return found


def named(items: Iterable[Dataset] | None, image_uid: str, frame: int) -> list[Dataset]:
    """The items that name the frame, or no image at all, which is all of them."""
    return [item for item in items or () if _is_for(item.get("ReferencedImageSequence"), image_uid, frame)]


def _is_for(images: Any, image_uid: str, frame: int) -> bool:
    if not images:
        return True
    of_image = [_frames(image) for image in images if image.get("ReferencedSOPInstanceUID") == image_uid]
    return any(not frames or frame in frames for frames in of_image)


def _frames(image: Dataset) -> Frames:
    """One number, many or none."""
    frames = image.get("ReferencedFrameNumber")
    return (frames,) if isinstance(frames, int) else tuple(int(one) for one in frames or ())
