"""What is handed to a decoder's process of the frames that lie over a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archive.pixels.rendering.placing import FramesOver, Moment
from archive.pixels.rendering.wishes import MOST_FRAMES
from archive.pixels.sources import PixelSource, source_of
from integrations.dicomweb.blending.refusals import refused
from integrations.dicomweb.blending.volumes import Covered
from integrations.dicomweb.retrieve.subjects import Subject

MOST_OPENED = 800  # objects of a film: a process has about a thousand files open
MOST_CARRIED = 256 << 20  # of objects that lie in no local file, and are held to be sent along


def frames_over(covered: Covered) -> list[FramesOver]:
    """The frames, each by the place of its object in `sources_over`."""
    return _frames_over(covered, _places(_objects(covered)))


def sources_over(covered: Covered) -> list[PixelSource]:
    """Their objects. Raises  as `source_of`; NotAcceptable if they are too large to be sent along."""
    return _sources(_objects(covered))


def film_of(moments: Sequence[Covered]) -> tuple[list[Moment], list[PixelSource]]:
    """The pictures of a film, and all objects these are made of.

    Raises  as `sources_over`; NotAcceptable if they are more than are opened at a time.
    """
    shown = moments[:MOST_FRAMES]
    every = [one for covered in shown for one in (covered.below.subject, *_objects(covered))]
    objects = list({one.pk: one for one in every}.values())
    if len(objects) > MOST_OPENED:
        raise refused("BLENDING_TOO_LARGE")
    at = _places(objects)
    film = [Moment(at[one.below.subject.pk], one.below.number, tuple(_frames_over(one, at))) for one in shown]
    return film, _sources(objects)


def _frames_over(covered: Covered, at: Mapping[int, int]) -> list[FramesOver]:
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


def _sources(objects: Sequence[Subject]) -> list[PixelSource]:
    sources, carried = [], 0
    for subject in objects:
        sources.append(source_of(subject))
        carried += len(sources[-1].data)
        if carried > MOST_CARRIED:
            raise refused("BLENDING_TOO_LARGE")
    return sources


def _objects(covered: Covered) -> list[Subject]:
    return [*covered.subjects_over, *covered.registrations]


def _places(objects: Sequence[Subject]) -> dict[int, int]:
    return {subject.pk: number for number, subject in enumerate(objects)}
