"""Which frames an advanced blending presentation state shows, and which of its other inputs lie over each.

The picture has the frames and the pixels of one input (Geometry for Display); every frame of it is shown, also those
that no other input reaches. Each input may have a spatial registration of its own.

Of inputs that are series in time (Time Series Blending) each time point gives such a picture, one after the other; all
of them have as many, and the first goes with the first. An input that is none lies in every picture as it is.

Reference  PS3.3 §C.11.33, §C.11.33.1.1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from accounts.actors import Actor
from archive.pixels.rendering.advanced_blending import AdvancedBlending, Input
from integrations.dicomweb.blending.frames import Frame, check_patient, frames_of
from integrations.dicomweb.blending.refusals import refused
from integrations.dicomweb.blending.registering import Registrations, registrations_of
from integrations.dicomweb.blending.timing import place_of, time_points
from integrations.dicomweb.blending.volumes import (
    MOST_IN_ANSWER,
    Covered,
    Over,
    Volume,
    check_amount,
    first_over,
    refuse_apart,
    volumes_of,
)


@dataclass(frozen=True)
class Given:
    """The frames of one input, as far as they are here, of each of its time points, and what places them."""

    number: int
    points: Sequence[Sequence[Frame]]
    registrations: Registrations
    is_time_series: bool

    @property
    def frames(self) -> Sequence[Frame]:
        return [frame for point in self.points for frame in point]

    def at(self, time: int) -> Sequence[Frame]:
        return self.points[time if self.is_time_series else 0]

    @cached_property
    def volumes(self) -> list[list[Volume]]:
        """Those of each time point."""
        return [volumes_of(point, self.registrations) for point in self.points]

    def volumes_at(self, time: int) -> list[Volume]:
        return self.volumes[time if self.is_time_series else 0]

    @property
    def studies(self) -> set[str]:
        return {self.points[0][0].subject.study_instance_uid, *self.registrations.studies}


def covered_by(
    actor: Actor, blending: AdvancedBlending, *, study: str, only: str | None = None
) -> list[Covered]:
    """Each frame of the input whose geometry is shown, with what lies over it; perhaps `only` those of one image.

    All of the first time point come first.
    Raises  NotAcceptable with the reason if an input is not here, nowhere reaches the picture, or does not say what was
            taken when.
    """
    base = _given(actor, blending.geometry)
    others = [_given(actor, one) for one in blending.inputs.values() if one is not blending.geometry]
    check_patient({study}.union(*(given.studies for given in (base, *others))))
    count = _number_of_time_points([base, *others])
    if count is not None and count * len(base.at(0)) > MOST_IN_ANSWER:
        raise refused("BLENDING_TOO_LARGE")
    films: dict[object, int] = {}
    found = [
        Covered(frame, _over(base, frame, others, time), count and _film(base, frame, films))
        for time in range(count or 1)
        for frame in base.at(time)
    ]
    for given in others:
        if not any(over.number == given.number for one in found for over in one.over):
            refuse_apart(base.frames, base.registrations, given.volumes[0])
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
        are_timed=one.is_time_series,
    )
    points = time_points(frames) if one.is_time_series else [frames]
    return Given(one.number, points, registrations_of(actor, item), one.is_time_series)


def _number_of_time_points(inputs: Sequence[Given]) -> int | None:
    """None where no input is a series in time. Raises NotAcceptable if they have different ones."""
    counts = {len(given.points) for given in inputs if given.is_time_series}
    if len(counts) > 1:
        raise refused("BLENDING_TIME_POINTS")
    return counts.pop() if counts else None


def _film(base: Given, frame: Frame, films: dict[object, int]) -> int:
    """The number of the film a frame is a picture of; known ones are in `films`."""
    one = place_of(frame) if base.is_time_series else (frame.subject.pk, frame.number)
    return films.setdefault(one, len(films))


def _over(base: Given, frame: Frame, others: Sequence[Given], time: int) -> tuple[Over, ...]:
    found = (
        first_over(frame, base.registrations, given.volumes_at(time), number=given.number) for given in others
    )
    return tuple(over for over in found if over is not None)
