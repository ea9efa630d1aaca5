"""What is handed to a decoder's process of the frames that lie over a picture."""

from __future__ import annotations

from archive.pixels.rendering.placing import FramesOver
from archive.pixels.sources import PixelSource, source_of
from integrations.dicomweb.blending.refusals import refused
from integrations.dicomweb.blending.volumes import Covered
from integrations.dicomweb.retrieve.subjects import Subject

MOST_CARRIED = 256 << 20  # of objects that lie in no local file, and are held to be sent along


def frames_over(covered: Covered) -> list[FramesOver]:
    """The frames, each by the place of its object in `sources_over`."""
    at = {subject.pk: number for number, subject in enumerate(_objects(covered))}
    return [
        FramesOver(
            tuple((at[frame.subject.pk], frame.number) for frame in over.frames),
            over.spacing_mm,
            over.matrix,
            over.number,
            over.deformed_by and (at[over.deformed_by[0].pk], over.deformed_by[1]),
        )
        for over in covered.over
    ]


def sources_over(covered: Covered) -> list[PixelSource]:
    """Their objects. Raises  as `source_of`; NotAcceptable if they are too large to be sent along."""
    sources, carried = [], 0
    for subject in _objects(covered):
        sources.append(source_of(subject))
        carried += len(sources[-1].data)
        if carried > MOST_CARRIED:
            raise refused("BLENDING_TOO_LARGE")
    return sources


def _objects(covered: Covered) -> list[Subject]:
    return [*covered.subjects_over, *covered.registrations]
