"""The objects a volumetric state names: those of its own study, and of the other studies it refers to.

Its references are of instances alone; in which other studies these lie is told once for all of them.

Reference  PS3.3 §C.11.23 (image SOP instance references), §C.12.2 (common instance reference)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydicom import Dataset

from accounts.actors import Actor
from archive.pixels.rendering.references import Named
from archive.pixels.rendering.volumetric.refusals import refused
from common.errors import NotFound
from common.uids import is_uid_lenient
from integrations.dicomweb.blending.frames import Frame, frames_of
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.retrieve.subjects import Subject, subjects

MOST_STUDIES = 8


def studies_of(state: Dataset, own: str) -> list[str]:
    """The UIDs of the studies in which what the state names may lie, its own first."""
    others = [
        str(one.get("StudyInstanceUID") or "")
        for one in state.get("StudiesContainingOtherReferencedInstancesSequence") or ()
    ]
    found = dict.fromkeys([own, *(uid for uid in others if is_uid_lenient(uid))])
    return list(found)[:MOST_STUDIES]


def held_in(actor: Actor, studies: Sequence[str]) -> dict[str, Subject]:
    """All that the actor may see of these studies, by SOP Instance UID; of the first study that has it."""
    found: dict[str, Subject] = {}
    for study in studies:
        try:
            every = subjects(actor, study=study)
        except NotFound:
            continue
        found = {one.sop_instance_uid: one for one in every} | found
    return found


def frames_named(actor: Actor, held: Mapping[str, Subject], images: Mapping[str, Named]) -> list[Frame]:
    """The frames of all of these images: a volume that lacks some is none.

    Raises  NotAcceptable IMAGES_MISSING if one is not there; PixelsUnreadable as `frame_places`.
    """
    if not all(uid in held for uid in images):
        raise NotAcceptable(
            "Not all images of the presentation state's volume are here", code="IMAGES_MISSING"
        )
    by_study: dict[str, dict[str, Named]] = {}
    for uid, named in images.items():
        by_study.setdefault(held[uid].study_instance_uid, {})[uid] = named
    frames = [
        frame for study, named in by_study.items() for frame in frames_of(actor, study=study, named=named)
    ]
    if len({frame.subject.sop_instance_uid for frame in frames}) < len(images):
        raise refused("VOLUME_UNLIKE")
    return frames
