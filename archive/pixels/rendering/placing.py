"""Where frames lie, and when they were taken; which of them are laid over a picture: plain values for another process.

Reference  PS3.3 §C.7.6.2 (image plane), §C.8.20.3.1 (segment of a frame)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.functional_groups import frame_value
from archive.pixels.parsing import ParsedObject
from archive.pixels.rendering.deformable import field_of
from archive.pixels.rendering.planes import Plane, plane_of
from archive.pixels.rendering.timing import Times, times_of
from archive.pixels.rendering.volumes import Layer, Superimposed
from archive.pixels.walking import Data

MOST_FRAMES = 20_000


@dataclass(frozen=True, slots=True)
class FramesOver:
    """The frames of a volume over a picture, as `Superimposed` wants them.

    Each is its object, counted from 0 among those that go with the picture, and its number in it. The matrix is that
    of 4 by 4, row after row. What they are deformed by is the object of a registration, and the item of it from 0.
    """

    frames: tuple[tuple[int, int], ...]
    spacing_mm: float
    matrix: tuple[float, ...] | None = None
    number: int = 0
    deformed_by: tuple[int, int] | None = None

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture of a film: its object, counted from 0 among all of the film's, its frame, and what lies over it."""

    object: int
    frame: int
    over: tuple[FramesOver, ...]

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)


def superimposed_from_plain(
    values: Mapping[str, Any],
    images: Mapping[int, tuple[ParsedObject, Data]],
    registrations: Mapping[int, Data],
) -> Superimposed:
    """What `FramesOver.to_plain` says of these objects. Raises PixelsUnreadable if a deformation cannot be followed."""
    matrix, deformed_by = values["matrix"], values["deformed_by"]
    layers = []
    for at, frame in values["frames"]:
        parsed, data = images[at]
        layers.append(Layer(parsed, data, frame))
    return Superimposed(
        layers=layers,
        spacing_mm=values["spacing_mm"],
        matrix=None if matrix is None else np.array(matrix).reshape(4, 4),
        number=values["number"],
        field=None if deformed_by is None else field_of(registrations[deformed_by[0]], deformed_by[1]),
    )


def registrations_in(over: Sequence[Mapping[str, Any]]) -> set[int]:
    """Which of the objects are registrations."""
    return {each["deformed_by"][0] for each in over if each["deformed_by"] is not None}


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where and when one frame was taken; None where it does not say.

    `segment` is the one a frame of a segmentation shows.
    """

    plane: Plane | None
    segment: int | None = None
    times: Times = field(default_factory=dict)


def places_to_plain(header: Dataset, count: int) -> dict[str, Any]:
    """The places of this many frames. Raises PixelsUnreadable if they are more than any picture is made of."""
    if count > MOST_FRAMES:
        raise unreadable("PIXELS_TOO_LARGE")
    return {"frames": [_place_to_plain(header, frame) for frame in range(1, count + 1)]}


def places_from_plain(values: Mapping[str, Any]) -> list[FramePlace]:
    return [
        FramePlace(_plane_from_plain(plane), segment, times) for plane, segment, times in values["frames"]
    ]


def _place_to_plain(header: Dataset, frame: int) -> list[Any]:
    plane = plane_of(header, frame)
    segment = frame_value(header, frame, "SegmentIdentificationSequence", "ReferencedSegmentNumber")
    placed = None if plane is None else _plane_to_plain(plane)
    return [placed, segment if isinstance(segment, int) else None, times_of(header, frame)]


def _plane_to_plain(plane: Plane) -> list[Any]:
    vectors = [vector.tolist() for vector in (plane.position, plane.along_row, plane.along_column)]
    return [plane.frame_of_reference, *vectors, plane.row_spacing, plane.column_spacing]


def _plane_from_plain(values: Sequence[Any] | None) -> Plane | None:
    if values is None:
        return None
    frame_of_reference, *vectors, row_spacing, column_spacing = values
    position, along_row, along_column = (np.array(vector) for vector in vectors)
    return Plane(frame_of_reference, position, along_row, along_column, row_spacing, column_spacing)
