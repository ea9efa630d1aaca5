"""The spatial registrations a state refers to.

Reference  PS3.3 §C.11.14, §C.20.2, §C.20.3, table C.17-3 (hierarchical SOP instance reference)
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from pydicom import Dataset, dcmread

from accounts.actors import Actor
from archive.pixels.errors import DECODING_FAILURES, PixelsUnreadable
from archive.pixels.rendering.deformable import DEFORMABLE_REGISTRATION
from archive.pixels.rendering.deformations import Deformation
from archive.pixels.rendering.registrations import (
    SPATIAL_REGISTRATION,
    Coordinates,
    Registration,
    coordinates_of,
    registration_of,
)
from archive.pixels.rendering.services import deformable_registration
from archive.pixels.sources import source_of
from common.errors import NotFound
from common.uids import is_uid_lenient
from integrations.dicomweb.blending.frames import Frame
from integrations.dicomweb.blending.refusals import refused
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from integrations.dicomweb.retrieve.whole import whole_object


@dataclass(frozen=True, slots=True)
class Registrations:
    """Those that count for some images, and the objects they are."""

    found: tuple[Registration, ...] = ()
    objects: tuple[Subject, ...] = ()

    @property
    def studies(self) -> set[str]:
        return {one.study_instance_uid for one in self.objects}

    def object_of(self, deformation: Deformation) -> Subject:
        """The registration a deformation is of."""
        return next(one for one in self.objects if one.sop_instance_uid == deformation.registration_uid)

    def coordinates(self, frame: Frame) -> Coordinates:
        """Those a placed frame comes to lie in. Raises NotAcceptable if it lies nowhere."""
        if frame.plane is None:
            raise refused("BLENDING_UNPLACED")
        return coordinates_of(
            frame.subject.sop_instance_uid, frame.number, frame.plane.frame_of_reference, self.found
        )


def registrations_of(actor: Actor, item: Dataset) -> Registrations:
    """The registrations an item refers to, in its order.

    Raises  NotAcceptable if one is not there, is of another class, or cannot be followed.
    """
    found = [
        _subject(actor, study, series, instance)
        for study in item.get("ReferencedSpatialRegistrationSequence") or ()
        for series in study.get("ReferencedSeriesSequence") or ()
        for instance in series.get("ReferencedSOPSequence") or ()
    ]
    if not found and item.get("ReferencedSpatialRegistrationSequence"):
        raise refused("BLENDING_REGISTRATION_MISSING")
    return Registrations(tuple(_registration(one) for one in found), tuple(found))


def _subject(actor: Actor, study: Dataset, series: Dataset, instance: Dataset) -> Subject:
    uids = [
        str(item.get(keyword) or "")
        for item, keyword in (
            (study, "StudyInstanceUID"),
            (series, "SeriesInstanceUID"),
            (instance, "ReferencedSOPInstanceUID"),
        )
    ]
    if not all(map(is_uid_lenient, uids)):
        raise refused("BLENDING_REGISTRATION_MISSING")
    try:
        (found,) = subjects(actor, study=uids[0], series=uids[1], instance=uids[2])
    except NotFound as error:
        raise refused("BLENDING_REGISTRATION_MISSING") from error
    return found


def _registration(subject: Subject) -> Registration:
    if subject.sop_class_uid == DEFORMABLE_REGISTRATION:
        return _deformable(subject)
    return spatial_registration(subject)


def spatial_registration(subject: Subject) -> Registration:
    """What an object tells that is one. Raises NotAcceptable if it is of another class, or cannot be followed."""
    if subject.sop_class_uid != SPATIAL_REGISTRATION:
        raise refused("BLENDING_REGISTRATION_CLASS")
    part10 = whole_object(subject)
    try:
        said = registration_of(dcmread(io.BytesIO(part10), force=True))
    except DECODING_FAILURES:
        said = None
    if said is None:
        raise refused("BLENDING_REGISTRATION_MATRIX")
    return said


def _deformable(subject: Subject) -> Registration:
    """As a decoder's process tells: it may be too large to be held here. Raises NotAcceptable by name."""
    try:
        said = deformable_registration(source_of(subject), uid=subject.sop_instance_uid)
    except PixelsUnreadable as error:
        is_matrix = error.code == "REGISTRATION_MATRIX"
        raise refused(
            "BLENDING_REGISTRATION_MATRIX" if is_matrix else "BLENDING_REGISTRATION_GRID"
        ) from error
    return said
