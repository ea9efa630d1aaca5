"""The volumes frames make, and which of a volume's frames are laid over another frame.

Reference  PS3.3 §C.11.14.1.1, §C.11.33.1.1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archive.pixels.rendering.deformations import Deformation
from archive.pixels.rendering.planes import Grid, Plane
from archive.pixels.rendering.registrations import Coordinates
from archive.pixels.rendering.stacks import SAME_PLACE_MM, Stack, depths, is_parallel, usual_distance_mm
from integrations.dicomweb.blending.frames import Frame
from integrations.dicomweb.blending.refusals import refused
from integrations.dicomweb.blending.registering import Registrations
from integrations.dicomweb.retrieve.subjects import Subject

MOST_OVER_ONE = 512
MOST_IN_ANSWER = 20_000


@dataclass(frozen=True, slots=True)
class Over:
    """Some frames of a volume, in the order of their depth, that are laid over another frame.

    What deforms them is an item of a registration, counted from 0.
    """

    frames: tuple[Frame, ...]
    spacing_mm: float
    matrix: tuple[float, ...] | None
    number: int
    deformed_by: tuple[Subject, int] | None = None


@dataclass(frozen=True, slots=True)
class Covered:
    """A frame to be shown, and what lies over it. Those of one film show one place at one time after the other."""

    below: Frame
    over: tuple[Over, ...]
    film: int | None = None

    @property
    def subjects_over(self) -> list[Subject]:
        """The images it comes from, each once."""
        found = {frame.subject.pk: frame.subject for one in self.over for frame in one.frames}
        return list(found.values())

    @property
    def registrations(self) -> list[Subject]:
        """Those that deform, each once."""
        found = {
            one.deformed_by[0].pk: one.deformed_by[0] for one in self.over if one.deformed_by is not None
        }
        return list(found.values())


class Volume:
    """Parallel frames of the same coordinates, in the order of their depth."""

    def __init__(
        self,
        frames: Sequence[tuple[Frame, Plane]],
        coordinates: Coordinates,
        registrations: Registrations,
    ) -> None:
        """Raises  NotAcceptable if two of them lie in one place."""
        depth = depths([plane for _frame, plane in frames])
        order = np.argsort(depth, kind="stable")
        if len(frames) > 1 and float(np.diff(depth[order]).min()) < SAME_PLACE_MM:
            raise refused("BLENDING_AMBIGUOUS")
        placed = [frames[at] for at in order]
        self.frames = [frame for frame, _plane in placed]
        self.coordinates, self._registrations = coordinates, registrations
        self.spacing_mm = usual_distance_mm(depth[order])
        self._stack = Stack([plane for _frame, plane in placed], spacing_mm=self.spacing_mm)

    def over(self, frame: Frame, plane: Plane, coordinates: Coordinates, *, number: int) -> Over | None:
        """What of it lies over a frame of these coordinates; None if nothing does.

        Raises  NotAcceptable if it is more than is decoded for one picture, or if the frame itself is deformed.
        """
        way = coordinates.leading_to(self.coordinates)
        if way is None:
            if coordinates.frame_of_reference == self.coordinates.frame_of_reference:
                raise refused("BLENDING_REGISTRATION_INVERSE")
            return None
        reached = self._reached(frame, plane.grid.moved(way.matrix), way.deformation)
        if len(reached) > MOST_OVER_ONE:
            raise refused("BLENDING_TOO_LARGE")
        frames = tuple(self.frames[at] for at in reached)
        values = None if way.matrix is None else tuple(float(value) for value in way.matrix.ravel())
        deformed_by = None
        if way.deformation is not None:
            deformed_by = self._registrations.object_of(way.deformation), way.deformation.item
        return Over(frames, self.spacing_mm, values, number, deformed_by) if frames else None

    def _reached(self, frame: Frame, grid: Grid, deformation: Deformation | None) -> list[int]:
        if deformation is None:
            return self._stack.reached(grid, rows=frame.rows, columns=frame.columns)
        return self._stack.reached_through(deformation, grid, rows=frame.rows, columns=frame.columns)


def volumes_of(frames: Sequence[Frame], registrations: Registrations) -> list[Volume]:
    """The volumes placed frames make, in the order of their first ones; what has no place is left out.

    Raises  NotAcceptable if none has, or if two lie in one place.
    """
    groups: list[tuple[Coordinates, list[tuple[Frame, Plane]]]] = []
    for frame in frames:
        if frame.plane is None:
            continue
        coordinates, plane = registrations.coordinates(frame), frame.plane
        for theirs, held in groups:
            if theirs.is_same(coordinates) and is_parallel(held[0][1], plane):
                held.append((frame, plane))
                break
        else:
            groups.append((coordinates, [(frame, plane)]))
    if not groups:
        raise refused("BLENDING_UNPLACED")
    return [Volume(held, coordinates, registrations) for coordinates, held in groups]


def first_over(
    frame: Frame, registrations: Registrations, volumes: Sequence[Volume], *, number: int
) -> Over | None:
    """What lies over a frame: of several volumes that reach it, of that with the fewest frames: a parallel one."""
    plane = frame.plane
    if plane is None:
        return None
    coordinates = registrations.coordinates(frame)
    found = [over for volume in volumes if (over := volume.over(frame, plane, coordinates, number=number))]
    return min(found, key=lambda over: len(over.frames), default=None)


def check_amount(covered: Sequence[Covered]) -> None:
    """Raises  NotAcceptable if more frames would be decoded than for one answer."""
    decoded = sum(len(over.frames) + 1 for one in covered for over in one.over)
    if max(decoded, len(covered)) > MOST_IN_ANSWER:
        raise refused("BLENDING_TOO_LARGE")


def refuse_apart(frames: Sequence[Frame], registrations: Registrations, volumes: Sequence[Volume]) -> None:
    """Raises  NotAcceptable with the reason why no frame reaches any of the volumes."""
    placed = [frame for frame in frames if frame.plane is not None]
    if not placed:
        raise refused("BLENDING_UNPLACED")
    ours = {registrations.coordinates(frame).frame_of_reference for frame in placed}
    theirs = {volume.coordinates.frame_of_reference for volume in volumes}
    raise refused("BLENDING_FRAME_OF_REFERENCE" if ours.isdisjoint(theirs) else "BLENDING_PLANES")
