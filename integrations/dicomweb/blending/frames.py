"""The frames a state names, as far as they are there and may be seen, and where each of them lies.

Of most images of one frame the index says where it is; what only functional groups tell, of films and of enhanced
images, is asked of a decoder's process, which alone opens objects.

Reference  PS3.3 §C.11.14.1.1, §C.7.6.2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from accounts.actors import Actor
from archive.mpi.selectors import survivor_of
from archive.pixels.parallel import in_order
from archive.pixels.rendering.placing import MOST_FRAMES, FramePlace
from archive.pixels.rendering.planes import Plane, plane_from
from archive.pixels.rendering.references import Named
from archive.pixels.rendering.services import frame_places
from archive.pixels.rendering.timing import Times
from archive.pixels.sources import source_of
from archive.studies.models import Instance, Study
from common.errors import NotFound
from common.uids import is_uid_lenient
from integrations.dicomweb.blending.refusals import refused
from integrations.dicomweb.retrieve.subjects import Subject, subjects

_INDEXED = (
    "pk", "rows", "columns", "series__frame_of_reference_uid", "image_position", "image_orientation",
    "pixel_spacing",
)  # fmt: skip


MOST_OPENED = 4096  # images, of those that only tell themselves when they were taken


class Indexed(NamedTuple):
    """What the index says of an image."""

    rows: int
    columns: int
    plane: Plane | None


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of an image, its size, and its plane where it is told; when it was taken, where that is asked."""

    subject: Subject
    number: int
    rows: int
    columns: int
    plane: Plane | None
    times: Times = field(default_factory=dict)

    @property
    def numbers(self) -> tuple[int, ...]:
        """As a picture names it: an image of one frame by none."""
        return (self.number,) if self.subject.number_of_frames > 1 else ()


def frames_of(
    actor: Actor,
    *,
    study: str,
    series: str | None = None,
    named: Mapping[str, Named] | None = None,
    are_timed: bool = False,
) -> list[Frame]:
    """The frames of these images of a study or of one series, in their order; without names, of all there are.

    When they were taken is in no index: where that is wanted, every image is opened.
    Raises  NotAcceptable if none of them is there, or if they are more than are blended.
    """
    found = _held(actor, study, series, named)
    indexed = {
        pk: Indexed(rows, columns or 0, plane_from(*place))
        for pk, rows, columns, *place in Instance.objects.filter(
            pk__in=[one.pk for one in found], rows__gt=0
        ).values_list(*_INDEXED)
    }
    images = [one for one in found if one.pk in indexed]
    if sum(one.number_of_frames for one in images) > MOST_FRAMES:
        raise refused("BLENDING_TOO_LARGE")
    if are_timed and len(images) > MOST_OPENED:
        raise refused("BLENDING_TOO_LARGE")
    names = named or {}
    told = _told(
        {one.pk: (one, indexed[one.pk], names.get(one.sop_instance_uid, Named())) for one in images},
        are_timed=are_timed,
    )
    frames = [
        frame
        for one in images
        for frame in _frames(one, indexed[one.pk], names.get(one.sop_instance_uid, Named()), told[one.pk])
    ]
    if not frames:
        raise refused("IMAGES_MISSING")
    return frames


def check_patient(studies: set[str]) -> None:
    """Raises  NotAcceptable if the studies are of several patients."""
    rows = Study.objects.filter(study_instance_uid__in=studies).select_related("patient__merged_into")
    if len({survivor_of(row.patient).pk for row in rows}) != 1:
        raise refused("BLENDING_PATIENTS")


def _held(
    actor: Actor, study: str, series: str | None, named: Mapping[str, Named] | None
) -> Sequence[Subject]:
    if not all(is_uid_lenient(uid) for uid in (study, series) if uid is not None):
        return []
    try:
        found = subjects(actor, study=study, series=series or "")
    except NotFound:
        return []
    if named is None:
        return found
    held = {one.sop_instance_uid: one for one in found}
    return [held[uid] for uid in named if uid in held]


def _told(
    images: Mapping[int, tuple[Subject, Indexed, Named]], *, are_timed: bool
) -> dict[int, list[FramePlace]]:
    """What is told of each image's frames, by the index or by itself; several are opened at a time."""
    found, asked = {}, []
    for pk, (subject, indexed, named) in images.items():
        if are_timed or subject.number_of_frames > 1 or indexed.plane is None or named.segments:
            asked.append(subject)
        else:
            found[pk] = [FramePlace(indexed.plane)]
    outcomes = in_order(partial(frame_places, source_of(subject)) for subject in asked)
    found.update((subject.pk, outcome.result()) for subject, outcome in zip(asked, outcomes, strict=True))
    return found


def _frames(subject: Subject, indexed: Indexed, named: Named, places: Sequence[FramePlace]) -> list[Frame]:
    return [
        Frame(subject, number, indexed.rows, indexed.columns, place.plane, place.times)
        for number, place in enumerate(places, start=1)
        if named.holds(number, place.segment)
    ]
