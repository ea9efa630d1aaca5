"""The volumes a state shows: which images make them, and how each is shown and cropped.

Reference  PS3.3 §C.11.23 (volumetric presentation state relationship)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.references import Named, images_named
from archive.pixels.rendering.volumetric.cropping import Crop, crops_of
from archive.pixels.rendering.volumetric.refusals import refused

MOST_INPUTS = 8


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its images by their UIDs, what is said of it, and the registrations of its set by their UIDs."""

    number: int
    item: Dataset
    images: Mapping[str, Named]
    registrations: tuple[str, ...]
    crops: tuple[Crop, ...]


def inputs_of(state: Dataset) -> dict[int, Input]:
    """By their numbers. Raises PixelsUnreadable: VOLUMETRIC_INPUTS if a set is missing; or as `crops_of`."""
    sets = {
        str(one.get("VolumetricPresentationInputSetUID")): one
        for one in state.get("VolumetricPresentationInputSetSequence") or ()
    }
    items = state.get("VolumetricPresentationStateInputSequence") or ()
    if not 0 < len(items) <= MOST_INPUTS:
        raise refused("VOLUMETRIC_INPUTS")
    inputs = [_input(state, item, sets) for item in items]
    held = {one.number: one for one in inputs}
    if len(held) != len(inputs) or 0 in held:
        raise unreadable("PRESENTATION_UNSUITED")
    return held


def _input(state: Dataset, item: Dataset, sets: Mapping[str, Dataset]) -> Input:
    of_set = sets.get(str(item.get("VolumetricPresentationInputSetUID")), Dataset())
    images = images_named(of_set)
    if of_set.get("PresentationInputType") != "VOLUME" or not images:
        raise refused("VOLUMETRIC_INPUTS")
    return Input(
        number=int(item.get("VolumetricPresentationInputNumber") or 0),
        item=item,
        images=images,
        registrations=tuple(
            str(one.get("ReferencedSOPInstanceUID") or "")
            for one in of_set.get("ReferencedSpatialRegistrationSequence") or ()
        ),
        crops=crops_of(state, item),
    )
