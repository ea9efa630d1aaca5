"""The outlines of graphic objects as points to be joined, and the dashes along them.

Reference  PS3.3 §C.10.5.1.2 (Graphic Data and Graphic Type), §C.10.5.1.3.13 (Line Style)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Point = tuple[float, float]
_CURVE_STEPS = 16
_ROUND_STEPS = 90
_MOST_DASHES = 20_000


def outline_of(kind: str | None, points: Sequence[Point]) -> list[Point]:
    """What is to be joined by straight lines; nothing for a point, and for what has too few points."""
    if kind == "POLYLINE" and len(points) > 1:
        return list(points)
    if kind == "INTERPOLATED" and len(points) > 1:
        return _curve(points)
    if kind == "CIRCLE" and len(points) > 1:
        (x, y), edge = points[0], points[1]
        radius = float(np.hypot(edge[0] - x, edge[1] - y))
        return _round((x, y), (radius, 0.0), (0.0, radius))
    if kind == "ELLIPSE" and len(points) > 3:
        a, b, c, d = (np.array(point) for point in points[:4])
        return _round(tuple((a + b) / 2), tuple((b - a) / 2), tuple((d - c) / 2))
    return []


def _round(centre: Sequence[float], major: Sequence[float], minor: Sequence[float]) -> list[Point]:
    turns = np.linspace(0, 2 * np.pi, _ROUND_STEPS)
    outline = np.array(centre) + np.outer(np.cos(turns), major) + np.outer(np.sin(turns), minor)
    return [(float(x), float(y)) for x, y in outline]


def _curve(points: Sequence[Point]) -> list[Point]:
    """A Catmull-Rom spline, which goes through every point; closed where it ends as it begins."""
    given = np.array(points)
    if (given[0] == given[-1]).all():
        around = np.vstack([given[-2], given, given[1]])
    else:
        around = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    share = np.linspace(0, 1, _CURVE_STEPS, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * p1 + (p2 - p0) * share + (2 * p0 - 5 * p1 + 4 * p2 - p3) * share**2
               + (3 * p1 - p0 - 3 * p2 + p3) * share**3)
        for p0, p1, p2, p3 in zip(around, around[1:], around[2:], around[3:], strict=False)
    ]  # fmt: skip
    return [(float(x), float(y)) for x, y in np.vstack([*pieces, given[-1:]])]


def dashes(
    outline: Sequence[Point], pattern: int, step: float
) -> tuple[list[list[Point]], list[list[Point]]]:
    """The pieces of an outline that are on, and those that are off.

    Each of the 32 bits of the pattern stands for a piece as long as `step`, the least first. An outline too long to
    be seen in one picture is on as a whole.
    """
    length = sum(float(np.hypot(x1 - x0, y1 - y0)) for (x0, y0), (x1, y1) in pairwise(outline))
    if not length / step < _MOST_DASHES:
        return [list(outline)], []
    lists: tuple[list[list[Point]], list[list[Point]]] = ([], [])
    bit, left, was_on = 0, step, None
    for start, stop in pairwise(outline):
        way = float(np.hypot(stop[0] - start[0], stop[1] - start[1]))
        done = 0.0
        while done < way:
            go = min(left, way - done)
            is_on = bool(pattern >> bit & 1)
            pieces = lists[0 if is_on else 1]
            if is_on is not was_on:
                pieces.append([_between(start, stop, done / way)])
                was_on = is_on
            done, left = done + go, left - go
            pieces[-1].append(_between(start, stop, min(done / way, 1.0)))
            if left <= 1e-9:
                bit, left = (bit + 1) % 32, step
    return lists


def _between(start: Point, stop: Point, share: float) -> Point:
    return start[0] + (stop[0] - start[0]) * share, start[1] + (stop[1] - start[1]) * share
