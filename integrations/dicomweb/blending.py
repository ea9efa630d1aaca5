"""Which images a blending presentation state lays over which: those of its two sets in one plane of the patient.

How the sets lie to each other is no part of the state (PS3.3 §C.11.14.1.1): the index says, by their frame of
reference, positions and orientations. What is not told apart there is refused with the reason.

Reference  PS3.3 §C.11.14, §C.7.6.2
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pydicom import Dataset

from accounts.actors import Actor
from archive.mpi.selectors import survivor_of
from archive.pixels.rendering.blending import Blending
from archive.pixels.rendering.planes import Plane, Planes, plane_from
from archive.pixels.rendering.presentation import referenced_images
from archive.studies.models import Instance, Study
from common.errors import NotFound
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.retrieve.subjects import Subject, subjects

Pair = tuple[Subject, Subject]
Placed = tuple[Plane, Subject]
_PLACE = ("pk", "series__frame_of_reference_uid", "image_position", "image_orientation", "pixel_spacing")


def pairs(actor: Actor, blending: Blending, *, study: str) -> list[Pair]:
    """Each underlying image and the superimposed one in its plane, as far as there is one; at least one pair.

    `study` is that of the state: all three have to be of one patient.
    Raises  NotAcceptable with the reason if there is none.
    """
    if blending.is_registered:
        raise NotAcceptable(
            "The images to be blended are related by a spatial registration, which is not followed",
            code="BLENDING_REGISTERED",
        )
    below, above = _held(actor, blending.underlying), _held(actor, blending.superimposed)
    _check_patient({study, below[0].study_instance_uid, above[0].study_instance_uid})
    lower, upper = _placed(below), _placed(above)
    places = Planes([place for place, _one in upper])
    found = [(one, places.same_as(place)) for place, one in lower]
    paired = [(one, upper[at][1]) for one, at in found if at is not None]
    if not paired:
        _refuse(lower, upper)
    return paired


def _held(actor: Actor, of_set: Dataset) -> list[Subject]:
    """The images of a set, in its order, as far as they are there and may be seen."""
    study = str(of_set.get("StudyInstanceUID", ""))
    try:
        held = {one.sop_instance_uid: one for one in subjects(actor, study=study)}
    except NotFound:
        held = {}
    found = [held[uid] for uid in referenced_images(of_set) if uid in held]
    if not found:
        raise NotAcceptable("The images of the presentation state are not here", code="IMAGES_MISSING")
    if any(one.number_of_frames > 1 for one in found):
        raise NotAcceptable("Images of several frames are not blended", code="BLENDING_OF_FRAMES")
    return found


def _check_patient(studies: set[str]) -> None:
    rows = Study.objects.filter(study_instance_uid__in=studies).select_related("patient__merged_into")
    if len({survivor_of(row.patient).pk for row in rows}) != 1:
        raise NotAcceptable("The images to be blended are not of one patient", code="BLENDING_PATIENTS")


def _placed(images: Sequence[Subject]) -> list[Placed]:
    """The images with their planes, as far as they have one. Raises NotAcceptable if none has."""
    rows = Instance.objects.filter(pk__in=[one.pk for one in images]).values_list(*_PLACE)
    planes = {pk: plane_from(*place) for pk, *place in rows}
    placed = [(plane, one) for one in images if (plane := planes.get(one.pk)) is not None]
    if not placed:
        raise NotAcceptable(
            "The images to be blended do not say where in a frame of reference they lie",
            code="BLENDING_UNPLACED",
        )
    return placed


def _refuse(lower: Sequence[Placed], upper: Sequence[Placed]) -> NoReturn:
    frames, others = ({place.frame_of_reference for place, _one in placed} for placed in (lower, upper))
    if frames.isdisjoint(others):
        raise NotAcceptable(
            "The images to be blended do not share a frame of reference", code="BLENDING_FRAME_OF_REFERENCE"
        )
    raise NotAcceptable("No two of the images to be blended lie in one plane", code="BLENDING_PLANES")
