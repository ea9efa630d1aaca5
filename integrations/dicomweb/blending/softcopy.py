"""Which frames a blending softcopy presentation state lays over which: those of its two sets in one place.

How the sets lie to each other is no part of the state (PS3.3 §C.11.14.1.1): their frame of reference says, or a spatial
registration it refers to. What is not told there is refused with the reason.

Reference  PS3.3 §C.11.14, §C.20.2
"""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actors import Actor
from archive.pixels.rendering.blending import Blending, ImageSet
from integrations.dicomweb.blending.frames import Frame, check_patient, frames_of
from integrations.dicomweb.blending.registering import registrations_of
from integrations.dicomweb.blending.volumes import Covered, check_amount, first_over, refuse_apart, volumes_of


def covered_by(actor: Actor, blending: Blending, *, study: str, only: str | None = None) -> list[Covered]:
    """Each underlying frame that superimposed ones reach, with those; at least one, unless of `only` one image.

    `study` is that of the state: all have to be of one patient.
    Raises  NotAcceptable with the reason if there is none.
    """
    below, above = (_frames(actor, one) for one in (blending.underlying, blending.superimposed))
    registrations = registrations_of(actor, blending.state)
    check_patient(
        {
            study,
            below[0].subject.study_instance_uid,
            above[0].subject.study_instance_uid,
            *registrations.studies,
        }
    )
    volumes = volumes_of(above, registrations)
    wanted = [one for one in below if only in (None, one.subject.sop_instance_uid)]
    found = [
        Covered(one, (over,))
        for one in wanted
        if (over := first_over(one, registrations, volumes, number=0)) is not None
    ]
    if not found and only is None:
        refuse_apart(below, registrations, volumes)
    check_amount(found)
    return found


def _frames(actor: Actor, of_set: ImageSet) -> Sequence[Frame]:
    return frames_of(actor, study=str(of_set.item.get("StudyInstanceUID", "")), named=of_set.images)
