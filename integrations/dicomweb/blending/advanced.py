"""Which frames an advanced blending presentation state shows, and which of its other inputs lie over each.

The picture has the frames and the pixels of one input (Geometry for Display); every frame of it is shown, also those
that no other input reaches. Each input may have a spatial registration of its own.

Reference  PS3.3 §C.11.33, §C.11.33.1.1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.actors import Actor
from archive.pixels.rendering.advanced_blending import AdvancedBlending, Input
from integrations.dicomweb.blending.frames import Frame, check_patient, frames_of
from integrations.dicomweb.blending.refusals import refused
from integrations.dicomweb.blending.registering import Registrations, registrations_of
from integrations.dicomweb.blending.volumes import (
    Covered,
    Over,
    Volume,
    check_amount,
    first_over,
    refuse_apart,
    volumes_of,
)


@dataclass(frozen=True, slots=True)
class Given:
    """The frames of one input, as far as they are here, and what places them."""

    number: int
    frames: Sequence[Frame]
    registrations: Registrations

    @property
    def studies(self) -> set[str]:
        return {self.frames[0].subject.study_instance_uid, *self.registrations.studies}


def covered_by(
    actor: Actor, blending: AdvancedBlending, *, study: str, only: str | None = None
) -> list[Covered]:
    """Each frame of the input whose geometry is shown, with what lies over it; perhaps `only` those of one image.

    Raises  NotAcceptable with the reason if an input is not here, is a series in time, or nowhere reaches the picture.
    """
    if any(one.is_time_series for one in blending.inputs.values()):
        raise refused("BLENDING_TIME_SERIES")
    base = _given(actor, blending.geometry)
    others = [_given(actor, one) for one in blending.inputs.values() if one is not blending.geometry]
    check_patient({study}.union(*(given.studies for given in (base, *others))))
    volumes = {given.number: volumes_of(given.frames, given.registrations) for given in others}
    found = [Covered(frame, _over(base, frame, volumes)) for frame in base.frames]
    for number, theirs in volumes.items():
        if not any(over.number == number for one in found for over in one.over):
            refuse_apart(base.frames, base.registrations, theirs)
    wanted = [one for one in found if only in (None, one.below.subject.sop_instance_uid)]
    check_amount(wanted)
    return wanted


def _given(actor: Actor, one: Input) -> Given:
    item = one.item
    frames = frames_of(
        actor,
        study=str(item.get("StudyInstanceUID", "")),
        series=str(item.get("SeriesInstanceUID", "")),
        named=one.images or None,
    )
    return Given(one.number, frames, registrations_of(actor, item))


def _over(base: Given, frame: Frame, volumes: dict[int, list[Volume]]) -> tuple[Over, ...]:
    found = (
        first_over(frame, base.registrations, theirs, number=number) for number, theirs in volumes.items()
    )
    return tuple(over for over in found if over is not None)
