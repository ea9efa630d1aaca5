"""Stacks: slices of one plane and matrix, measured along their normal.

Everything is measured from Image Position and Image Orientation (Patient). Slice Thickness is never asked:
it tells how thick a slice is, not how far the next one lies, and vendors fill it as they like.

Reference  PS3.3 §C.7.6.2.1.1
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.studies.geometry.phases import told_apart_by
from archive.studies.geometry.slices import SAME_DIRECTION, SAME_PLACE_MM, Slice, Vectors, normal_of, plane_of

GAP = 1.5
OVERLAP = 0.5
UNEVEN = 0.1
SAME_PIXEL_MM = 1e-4
TILT_DEGREES = 0.5
TOLD_APART_AT_MOST = 128

Indices = npt.NDArray[np.int64]
TraitsOf = Callable[[int], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stack:
    """Measured facts of one stack.

    `slices` counts images, `positions` places: in a stack of several phases each place has one image a
    phase. `gaps` and `overlaps` count neighbours further than 1.5 and nearer than 0.5 of the median
    distance `spacing_mm`; `missing_slices` how many would fill the gaps; `duplicates` images of a place
    that nothing tells apart; `incomplete_positions` places that lack a phase.
    """

    slices: int
    positions: int = 0
    phases: int = 1
    told_apart_by: str = ""
    incomplete_positions: int = 0
    orientation: str = ""
    spacing_mm: float | None = None
    pixel_spacing_mm: list[float] | None = None
    extent_mm: float | None = None
    gaps: int = 0
    missing_slices: int = 0
    largest_gap_mm: float = 0.0
    overlaps: int = 0
    duplicates: int = 0
    tilt_degrees: float = 0.0
    is_even: bool = True


def group_into_planes(slices: Sequence[Slice]) -> list[list[int]]:
    """Indices of placed slices that share orientation, matrix and pixel spacing, the largest group first."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    directions: list[Vectors] = []
    pixels: list[Vectors] = []
    for index, item in enumerate(slices):
        if not item.is_placed:
            continue
        direction = _which(item.orientation, directions, SAME_DIRECTION)
        pixel = _which(item.pixel_spacing, pixels, SAME_PIXEL_MM)
        groups.setdefault((direction, item.rows, item.columns, pixel), []).append(index)
    return sorted(groups.values(), key=len, reverse=True)


def distances_of(slices: Sequence[Slice], indices: Sequence[int]) -> Vectors | None:
    """How far along their common normal the slices lie; None if their directions are not perpendicular."""
    normal = normal_of(slices[indices[0]].orientation or ())
    if normal is None:
        return None
    return np.asarray([slices[index].position for index in indices], np.float64) @ normal


def measure_stack(slices: Sequence[Slice], indices: Sequence[int], traits_of: TraitsOf) -> Stack:
    """What the positions of these slices say; they share one orientation."""
    distances = distances_of(slices, indices)
    first = slices[indices[0]]
    pixel = None if first.pixel_spacing is None else [float(part) for part in first.pixel_spacing]
    if distances is None:
        return Stack(len(indices), pixel_spacing_mm=pixel)
    normal = normal_of(first.orientation or ())
    assert normal is not None  # noqa: S101 - distances were measured along it
    order = np.argsort(distances, kind="stable")
    places = _places(distances, order)
    facts = {
        "slices": len(indices),
        "positions": len(places),
        "orientation": plane_of(normal),
        "pixel_spacing_mm": pixel,
        **_repeated([[indices[one] for one in place] for place in places], traits_of),
    }
    starts = np.array([place[0] for place in places])
    return Stack(**facts, **_along(distances[starts]), tilt_degrees=_tilt(slices, indices, starts, normal))


def is_even(distances: Vectors) -> bool:
    """Whether neighbouring places, sorted, are the same distance apart."""
    steps = np.diff(np.unique(np.round(distances, 2)))
    return len(steps) == 0 or bool((np.abs(steps / np.median(steps) - 1) <= UNEVEN).all())


def _which(value: Sequence[float] | None, known: list[Vectors], tolerance: float) -> int:
    """The number of this vector among those seen, which it joins if it is new; -1 for none."""
    if value is None:
        return -1
    vector = np.asarray(value, np.float64)
    for which, other in enumerate(known):
        if np.abs(vector - other).max() <= tolerance:
            return which
    known.append(vector)
    return len(known) - 1


def _places(distances: Vectors, order: Indices) -> list[list[int]]:
    """Slices by place, places in order: neighbours nearer than a hundredth of a millimetre are one place."""
    breaks = np.flatnonzero(np.diff(distances[order]) > SAME_PLACE_MM) + 1
    return [[int(one) for one in part] for part in np.split(order, breaks)]


def _repeated(places: Sequence[Sequence[int]], traits_of: TraitsOf) -> dict[str, Any]:
    """Phases or duplicates: asked of one fullest place only, so the cost does not grow with the series.

    Phases need most places to be taken more than once; a few repeated slices stay duplicates.
    """
    counts = np.array([len(place) for place in places])
    extra = int((counts - 1).sum())
    if not extra:
        return {}
    most = int(counts.max())
    if (counts > 1).sum() * 2 < len(counts) or most > TOLD_APART_AT_MOST:
        return {"duplicates": extra}
    fullest = places[int(counts.argmax())]
    trait, kinds = told_apart_by([traits_of(index) for index in fullest])
    if kinds == 1:
        return {"duplicates": extra}
    return {
        "phases": kinds,
        "told_apart_by": trait,
        "duplicates": int((counts - kinds).clip(min=0).sum()),
        "incomplete_positions": int((counts < kinds).sum()),
    }


def _along(places: Vectors) -> dict[str, Any]:
    """Spacing, gaps and overlaps of places sorted along the normal."""
    steps = np.diff(places)
    if not len(steps):
        return {}
    spacing = float(np.median(steps))
    wide = steps[steps > GAP * spacing]
    return {
        "spacing_mm": round(spacing, 4),
        "extent_mm": round(float(places[-1] - places[0]), 3),
        "gaps": len(wide),
        "missing_slices": int(np.maximum(np.rint(wide / spacing) - 1, 1).sum()),
        "largest_gap_mm": round(float(wide.max()), 3) if len(wide) else 0.0,
        "overlaps": int((steps < OVERLAP * spacing).sum()),
        "is_even": not bool((np.abs(steps / spacing - 1) > UNEVEN).any()),
    }


def _tilt(slices: Sequence[Slice], indices: Sequence[int], starts: Indices, normal: Vectors) -> float:
    """The angle between the line of the slices' origins and the normal (gantry tilt), in degrees."""
    first, last = (
        np.asarray(slices[indices[int(which)]].position, np.float64) for which in (starts[0], starts[-1])
    )
    line = last - first
    along = float(line @ normal)
    if abs(along) <= SAME_PLACE_MM:
        return 0.0
    across = float(np.linalg.norm(line - along * normal))
    return round(float(np.degrees(np.arctan2(across, abs(along)))), 2)
