"""The time points of an input that is a series in time: which of its frames belong together, and in which order.

By the position in time that frames tell, else by when they were taken: the frames of one place in the patient one after
the other are its time points, the same number in all places, since a scanner that goes from place to place is in each
of them at another time. What frames tell counts if it tells all those of one place apart.

Reference  PS3.3 §C.11.33 (Time Series Blending), which leaves to whoever blends what a time point is
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from archive.pixels.rendering.timing import KINDS, POSITION
from integrations.dicomweb.blending.frames import Frame
from integrations.dicomweb.blending.refusals import refused

Place = tuple[object, ...]
_DIGITS = 2  # of a position in mm, and of a direction: decimal strings are rounded


def time_points(frames: Sequence[Frame]) -> list[list[Frame]]:
    """The frames of each time point, in their order.

    Raises  NotAcceptable if the frames do not tell, or if there are more of some places than of others.
    """
    places = by_place(frames)
    for kind in KINDS:
        if _tells_apart(places.values(), kind):
            return _positions(frames) if kind == POSITION else _ranks(places.values(), kind)
    raise refused("BLENDING_TIME_UNTOLD")


def by_place(frames: Sequence[Frame]) -> dict[Place, list[Frame]]:
    """The frames of each place; those that tell none are of one."""
    found: dict[Place, list[Frame]] = {}
    for frame in frames:
        found.setdefault(place_of(frame), []).append(frame)
    return found


def place_of(frame: Frame) -> Place:
    plane = frame.plane
    if plane is None:
        return ()
    numbers = (value for vector in (plane.position, plane.along_row, plane.along_column) for value in vector)
    return plane.frame_of_reference, *(round(float(value), _DIGITS) + 0.0 for value in numbers)


def _tells_apart(places: Collection[list[Frame]], kind: str) -> bool:
    return all(len({frame.times.get(kind) for frame in place} - {None}) == len(place) for place in places)


def _positions(frames: Sequence[Frame]) -> list[list[Frame]]:
    found: dict[float, list[Frame]] = {}
    for frame in frames:
        found.setdefault(frame.times[POSITION], []).append(frame)
    return [found[position] for position in sorted(found)]


def _ranks(places: Collection[list[Frame]], kind: str) -> list[list[Frame]]:
    ordered = [sorted(place, key=lambda frame: frame.times[kind]) for place in places]
    if len({len(place) for place in ordered}) > 1:
        raise refused("BLENDING_TIME_UNTOLD")
    return [list(point) for point in zip(*ordered, strict=True)]
