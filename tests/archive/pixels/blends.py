"""Images with a place in the patient, and blending states of two of them, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset

from archive.pixels.rendering.blending import BLENDING
from tests.archive.pixels.images import image
from tests.archive.pixels.states import item, state


def placed_image(samples: Any, *, uid: str = "1.2.3.4.5", **elements: Any) -> FileDataset:
    """An axial image of pixels of 1 mm, the first of them at (0, 0, 5)."""
    place = {"FrameOfReferenceUID": "1.2.77", "ImagePositionPatient": [0, 0, 5],
             "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [1, 1]}  # fmt: skip
    made = image(samples, **{"SOPInstanceUID": uid, **place, **elements})
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def blending_state(
    *,
    opacity: float,
    under: dict[str, Any] | None = None,
    over: dict[str, Any] | None = None,
    palette_bits: int = 8,
    uids: tuple[str, str] = ("1.2.3.4.5", "1.2.3.4.7"),
    **elements: Any,
) -> FileDataset:
    """A state that lays the second image over the first, in a red that grows over 256 entries."""
    made = state(BLENDING, RelativeOpacity=opacity)
    del made.ReferencedSeriesSequence
    made.BlendingSequence = [
        _set("UNDERLYING", uids[0], under or {}), _set("SUPERIMPOSED", uids[1], over or {}),
    ]  # fmt: skip
    kind, largest = (np.uint8, 255) if palette_bits == 8 else (np.uint16, 65535)
    rising = np.linspace(0, largest, 256).round().astype(kind)
    for colour, entries in (("Red", rising), ("Green", rising * 0), ("Blue", rising * 0)):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, palette_bits])
        made[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(made, f"{colour}PaletteColorLookupTableData", entries.astype(kind).tobytes())
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def _set(position: str, uid: str, elements: dict[str, Any]) -> Dataset:
    named = item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.7", ReferencedSOPInstanceUID=uid)
    series = item(SeriesInstanceUID="1.2.3.4", ReferencedImageSequence=[named])
    return item(
        BlendingPosition=position, StudyInstanceUID="1.2.3", ReferencedSeriesSequence=[series], **elements
    )
