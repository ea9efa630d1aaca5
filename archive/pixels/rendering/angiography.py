"""What an XA/XRF grayscale softcopy presentation state says of one frame of one film.

Beside what all states of grey say, it has masks frame by frame and region by region, reversed ones too, transformations
into logarithms, shutters by frame, and how ranges of frames are viewed.

Reference  PS3.3 §A.33.6, §C.11.19 (mask), §C.11.20 (shutter), §C.11.21 (presentation); PS3.4 §N.2.5
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from pydicom import Dataset

from archive.pixels.rendering.grey import GreyScale, number
from archive.pixels.rendering.mask_frames import Ranges, in_ranges, mask_frames_of, ranges_of
from archive.pixels.rendering.mask_shifts import region_shifts
from archive.pixels.rendering.masks import Subtraction
from archive.pixels.rendering.references import named
from archive.pixels.rendering.tables import Table, table_of

ANGIOGRAPHY = "1.2.840.10008.5.1.4.1.1.11.5"
OPERATIONS = frozenset(["NONE", "AVG_SUB", "TID", "REV_TID"])


@dataclass(frozen=True, slots=True)
class Viewing:
    """How a frame is to be viewed. The share `visibility` of the mask is left, `filtering` is that of the filter."""

    is_subtracted: bool = True
    visibility: float = 0.0
    filtering: float = 0.0


def viewing_of(state: Dataset, *, image_uid: str, frame: int) -> Viewing:
    """The recommended viewing mode of the frame; where none is told, its mask is taken away."""
    for item in named(state.get("MultiFramePresentationSequence"), image_uid, frame):
        for shown in item.get("FrameDisplaySequence") or ():
            first, last = (int(number(shown.get(key), 0)) for key in ("StartTrim", "StopTrim"))
            if first <= frame <= last:
                return Viewing(
                    is_subtracted=shown.get("RecommendedViewingMode") != "NAT",
                    visibility=_share(shown, "MaskVisibilityPercentage"),
                    filtering=_share(shown, "DisplayFilterPercentage"),
                )
    return Viewing()


def subtraction_by(
    state: Dataset, viewing: Viewing, *, image_uid: str, frame: int, grey: GreyScale
) -> Subtraction | None:
    """What is taken away from the frame: by the one item that it is associated with. `grey` is what the state says.

    Raises  PixelsUnreadable: MASK_OPERATION for an operation that is unknown, PRESENTATION_UNSUITED for what lacks
            a part.
    """
    if not viewing.is_subtracted:
        return None
    for item in named(state.get("MaskSubtractionSequence"), image_uid, frame):
        frames = mask_frames_of(item, allowed=OPERATIONS)
        if frames.is_for(frame):
            tables = [*_tables(item.get("PixelIntensityRelationshipLUTSequence"))]
            return Subtraction(
                frames,
                partial(_with_table, grey, tables),
                shifts=region_shifts(item.get("PixelShiftSequence"), frame),
                visibility=viewing.visibility,
            )
    return None


def frame_shutters(state: Dataset, *, image_uid: str, frame: int) -> list[Dataset]:
    """The shutters over the frame."""
    return named(state.get("FrameDisplayShutterSequence"), image_uid, frame)


def _tables(items: Iterable[Dataset] | None) -> Iterable[tuple[Ranges, Table]]:
    for item in items or ():
        yield ranges_of(item.get("LUTFrameRange")), table_of(item)


def _with_table(grey: GreyScale, tables: Iterable[tuple[Ranges, Table]], frame: int) -> GreyScale:
    """With the table that makes logarithms of the frame's values, if there is one."""
    table = next((table for ranges, table in tables if in_ranges(frame, ranges)), None)
    return grey if table is None else replace(grey, modality=table)


def _share(item: Dataset, keyword: str) -> float:
    return float(min(max(number(item.get(keyword), 0.0), 0.0), 100.0) / 100)
