"""Slices of one plane that are more than one stack: told by how they are numbered and how far they lie apart.

Thin and thick reconstructions, or two scans that overlap, may come in one series with the same plane and
matrix. Together their positions look uneven; each by itself is even.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from archive.studies.geometry.slices import SAME_PLACE_MM, Slice, Vectors
from archive.studies.geometry.stacks import UNEVEN, distances_of, is_even

STACK_AT_LEAST = 4
STACKS_AT_MOST = 16
_OTHER_SPACING = 1.5
_MOSTLY = 0.8


def split_plane(slices: Sequence[Slice], indices: list[int]) -> list[list[int]]:
    """The indices as one stack, or as several even ones where that explains positions that are uneven."""
    distances = distances_of(slices, indices)
    if distances is None or len(indices) < 2 * STACK_AT_LEAST or is_even(distances):
        return [indices]
    numbers = [slices[index].number for index in indices]
    for parts in (_runs(distances, numbers), _stretches(distances)):
        is_enough = 1 < len(parts) <= STACKS_AT_MOST and _explain(distances, parts)
        if is_enough and not _is_interleaved(distances, parts):
            return [[indices[one] for one in part] for part in parts]
    return [indices]


def _explain(distances: Vectors, parts: Sequence[Sequence[int]]) -> bool:
    return all(len(part) >= STACK_AT_LEAST and is_even(distances[list(part)]) for part in parts)


def _is_interleaved(distances: Vectors, parts: Sequence[Sequence[int]]) -> bool:
    """Whether runs are one stack taken in turns (odd slices, then even ones) of which a slice is missing."""
    steps = np.diff(np.unique(np.round(distances, 2)))
    spacing = float(np.median(steps))
    own = [float(np.median(np.diff(np.unique(np.round(distances[list(part)], 2))))) for part in parts]
    is_in_turns = all(abs(one / (spacing * len(parts)) - 1) <= UNEVEN for one in own)
    return is_in_turns and float((np.abs(steps / spacing - 1) <= UNEVEN).mean()) >= _MOSTLY


def _runs(distances: Vectors, numbers: Sequence[int | None]) -> list[list[int]]:
    """Slices in the order of their numbers, cut wherever they turn round: each run is one way along the normal."""
    if any(number is None for number in numbers):
        return []
    order = sorted(range(len(numbers)), key=lambda one: (numbers[one] or 0, one))
    parts: list[list[int]] = [[order[0]]]
    heading = 0.0
    for before, one in itertools.pairwise(order):
        step = distances[one] - distances[before]
        turn = 0.0 if abs(step) <= SAME_PLACE_MM else float(np.sign(step))
        if turn and heading and turn != heading:
            parts.append([])
            heading = 0.0
        elif turn:
            heading = turn
        parts[-1].append(one)
    return parts


def _stretches(distances: Vectors) -> list[list[int]]:
    """Slices in order of place, cut where the spacing changes for good: thin here, thick there."""
    order = np.argsort(distances, kind="stable")
    steps = np.diff(distances[order])
    parts: list[list[int]] = [[int(order[0])]]
    spacing = 0.0
    for at, step in enumerate(steps):
        one = int(order[at + 1])
        if spacing and not 1 / _OTHER_SPACING < step / spacing < _OTHER_SPACING:
            is_for_good = at + 1 < len(steps) and abs(steps[at + 1] / step - 1) <= UNEVEN if step else False
            if is_for_good:
                parts.append([])
                spacing = float(step)
        elif not spacing:
            spacing = float(step)
        parts[-1].append(one)
    return parts
