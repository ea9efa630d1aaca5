"""A grayscale softcopy presentation state, as far as it changes the picture of one frame.

Reference  PS3.3 §A.33.1, §C.11.6 to §C.11.8, §C.10.4 to §C.10.6, §C.7.6.11 (shutters); PS3.4 §N.2
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.grey import GreyScale, header_window, number, voi_function
from archive.pixels.rendering.tables import table_of
from archive.pixels.rendering.wishes import Region

CLASSES = frozenset(["1.2.840.10008.5.1.4.1.1.11.1"])


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a presentation state says of one frame of one image."""

    grey: GreyScale
    rotation: int = 0
    is_flipped: bool = False
    area: Region | None = None
    ratio: float = 1.0
    annotations: tuple[Dataset, ...] = ()
    shutter: Dataset | None = None
    overlay_groups: tuple[int, ...] = field(default=())


def presentation_of(state: Dataset, *, image_uid: str, frame: int, grey: GreyScale) -> Presentation:
    """What the state says of this frame; `grey` is what the image says itself, of which VOI and LUTs are replaced.

    Raises  PixelsUnreadable PRESENTATION_UNSUITED if the state is of another class or names another image.
    """
    if state.get("SOPClassUID") not in CLASSES or image_uid not in referenced_images(state):
        raise unreadable("PRESENTATION_UNSUITED")
    area = _of_frame(state.get("DisplayedAreaSelectionSequence"), image_uid, frame)
    return Presentation(
        grey=_grey(state, image_uid, frame, grey),
        rotation=int(state.get("ImageRotation") or 0) % 360,
        is_flipped=state.get("ImageHorizontalFlip") == "Y",
        area=_region(area[0]) if area else None,
        ratio=_ratio(area[0]) if area else 1.0,
        annotations=tuple(_of_frame(state.get("GraphicAnnotationSequence"), image_uid, frame)),
        shutter=state if state.get("ShutterShape") else None,
        overlay_groups=tuple(group for group in range(0x6000, 0x6020, 2) if (group, 0x1001) in state),
    )


def referenced_images(state: Dataset) -> list[str]:
    """The instances a presentation state is for, in its order."""
    return [
        str(image.get("ReferencedSOPInstanceUID", ""))
        for series in state.get("ReferencedSeriesSequence") or ()
        for image in series.get("ReferencedImageSequence") or ()
    ]


def _grey(state: Dataset, image_uid: str, frame: int, grey: GreyScale) -> GreyScale:
    """The state's own modality, VOI and presentation transformations; no VOI in it is no windowing by the image."""
    modality = state.get("ModalityLUTSequence")
    if modality:
        grey = replace(grey, modality=table_of(modality[0]))
    elif state.get("RescaleSlope") is not None:
        slope, intercept = number(state.RescaleSlope, 1.0), number(state.get("RescaleIntercept"), 0.0)
        grey = replace(grey, modality=None, slope=slope, intercept=intercept)
    grey = replace(grey, window=None, voi=None)
    voi = _of_frame(state.get("SoftcopyVOILUTSequence"), image_uid, frame)
    if voi:
        grey = _with_voi(grey, voi[0])
    table = state.get("PresentationLUTSequence")
    return replace(
        grey,
        presentation=table_of(table[0]) if table else None,
        is_inverted=state.get("PresentationLUTShape") == "INVERSE",
    )


def _with_voi(grey: GreyScale, item: Dataset) -> GreyScale:
    tables = item.get("VOILUTSequence")
    if tables:
        return replace(grey, voi=table_of(tables[0], is_signed=grey.intercept < 0))
    function = voi_function(item.get("VOILUTFunction"))
    window = header_window(item.get("WindowCenter"), item.get("WindowWidth"), function)
    return grey if window is None else grey.with_window(window, function)


def _of_frame(items: Iterable[Dataset] | None, image_uid: str, frame: int) -> list[Dataset]:
    """The items that name the frame, or no image at all, which is all of them."""
    return [item for item in items or () if _is_for(item.get("ReferencedImageSequence"), image_uid, frame)]


def _is_for(images: Any, image_uid: str, frame: int) -> bool:
    if not images:
        return True
    for image in images:
        if image.get("ReferencedSOPInstanceUID") != image_uid:
            continue
        frames = image.get("ReferencedFrameNumber")
        named = [frames] if isinstance(frames, int) else list(frames or [])
        if not named or frame in [int(one) for one in named]:
            return True
    return False


def _region(item: Dataset) -> Region | None:
    """The displayed area, in pixels counted from 1 with both corners in it (PS3.3 §C.10.4)."""
    try:
        left, top = (int(value) for value in item.DisplayedAreaTopLeftHandCorner)
        right, bottom = (int(value) for value in item.DisplayedAreaBottomRightHandCorner)
    except (AttributeError, TypeError, ValueError):
        return None
    if right < left or bottom < top:
        return None
    return Region(left - 1, top - 1, right - left + 1, bottom - top + 1)


def _ratio(item: Dataset) -> float:
    """Height of a pixel by its width."""
    spacing = item.get("PresentationPixelSpacing") or item.get("PresentationPixelAspectRatio")
    try:
        height, width = (float(value) for value in spacing)
    except (TypeError, ValueError):
        return 1.0
    return height / width if height > 0 and width > 0 else 1.0
