"""Frames of multi-frame objects as slices: positions from the functional groups.

An enhanced object says once (shared) or for each frame where it lies; an object of another kind (ultrasound
cine, nuclear medicine, secondary capture) says nothing that places single frames in the patient.

Reference  PS3.3 §C.7.6.16 (Plane Position, Plane Orientation, Pixel Measures)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset

from archive.studies.geometry.phases import traits_of
from archive.studies.geometry.slices import Slice

FRAMES_AT_MOST = 20_000
_STORAGE = "1.2.840.10008.5.1.4.1.1."
PLACING_FRAMES = frozenset(
    f"{_STORAGE}{number}"
    for number in (
        "2.1", "2.2", "4.1", "4.3", "4.4", "130", "128.1",  # enhanced and legacy converted CT, MR, PET
        "6.2", "13.1.1", "13.1.2", "13.1.3", "77.1.5.4",  # US volume, 3D X-ray, tomosynthesis, OCT
        "30", "66.4", "66.7",  # parametric maps, segmentations
    )
)  # fmt: skip
_GROUPS = (
    "FrameContentSequence", "TemporalPositionSequence", "MRDiffusionSequence", "MREchoSequence",
    "MRModifierSequence", "CardiacSynchronizationSequence", "RespiratorySynchronizationSequence",
    "CTReconstructionSequence", "CTXRayDetailsSequence", "MRImageFrameTypeSequence",
    "CTImageFrameTypeSequence", "PETFrameTypeSequence",
)  # fmt: skip
NEEDED = (
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "NumberOfFrames", "Rows", "Columns",
    "SOPClassUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
)  # fmt: skip


def slices_of_frames(header: Dataset) -> list[Slice]:
    """Each frame where its functional groups put it; empty for an object that places no frame."""
    per_frame = list(header.get("PerFrameFunctionalGroupsSequence") or [])[:FRAMES_AT_MOST]
    shared = (list(header.get("SharedFunctionalGroupsSequence") or []) or [Dataset()])[0]
    slices = [_slice(header, shared, frame, number) for number, frame in enumerate(per_frame, start=1)]
    return slices if any(item.is_placed for item in slices) else []


def _slice(header: Dataset, shared: Dataset, frame: Dataset, number: int) -> Slice:
    return Slice(
        position=_vector(_value(shared, frame, "PlanePositionSequence", "ImagePositionPatient"), 3),
        orientation=_vector(_value(shared, frame, "PlaneOrientationSequence", "ImageOrientationPatient"), 6),
        pixel_spacing=_vector(_value(shared, frame, "PixelMeasuresSequence", "PixelSpacing"), 2),
        rows=header.get("Rows"),
        columns=header.get("Columns"),
        number=number,
        traits=_frame_traits(shared, frame),
    )


def _frame_traits(shared: Dataset, frame: Dataset) -> dict[str, Any]:
    """What may tell frames at one place apart, from all the groups that hold such."""
    items = [item for place in (frame, shared) for group in _GROUPS for item in (place.get(group) or [])[:1]]
    for item in list(items):
        items.extend((item.get("DiffusionGradientDirectionSequence") or [])[:1])
    return traits_of(*items)


def _value(shared: Dataset, frame: Dataset, group: str, keyword: str) -> Any:
    for place in (frame, shared):
        for item in (place.get(group) or [])[:1]:
            if item.get(keyword) is not None:
                return item.get(keyword)
    return None


def _vector(value: Any, count: int) -> Sequence[float] | None:
    """Exactly `count` finite numbers; None for anything else."""
    try:
        numbers = [float(part) for part in value]
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and all(abs(number) < 1e9 for number in numbers) else None
