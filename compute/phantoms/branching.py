"""Vessel trees that grow into an organ: deterministic by seed, radii by Murray's law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compute.phantoms.shapes import Capsule, Ellipsoid, Shape, Vector

Points = NDArray[np.float64]


def grow_tree(
    root: Vector,
    organ: Shape,
    *,
    leaves: int,
    leaf_radius: float,
    seed: int,
    keep_clear: tuple[Ellipsoid, ...] = (),
) -> list[Capsule]:
    """Rods from the root to random places of the organ; parents carry the cube root of what they feed.

    `keep_clear`: solids no rod may come near, so that what is known of them stays true.
    """
    rng = np.random.default_rng(seed)
    nodes: list[Points] = [np.asarray(root, dtype=float)]
    parents = [-1]
    lengths = [0.0]
    for target in _places(organ, leaves, rng, nodes[0]):
        parent = _nearest(target, nodes, lengths)
        bend = nodes[parent] + 0.5 * (target - nodes[parent]) + rng.normal(0, 2.0, 3)
        if _hits(nodes[parent], bend, keep_clear) or _hits(bend, target, keep_clear):
            continue
        for point in (bend, target):
            lengths.append(lengths[parent] + float(np.linalg.norm(point - nodes[parent])))
            nodes.append(point)
            parents.append(parent)
            parent = len(nodes) - 1
    radii = _murray(parents, leaf_radius)
    return [
        Capsule(_vector(nodes[p]), _vector(nodes[i]), min(radii[p], radii[i] * 1.25), radii[i])
        for i, p in enumerate(parents)
        if p >= 0
    ]


def _places(organ: Shape, count: int, rng: np.random.Generator, root: Points) -> list[Points]:
    """Random places well inside the organ, those near the root first."""
    lower, upper = (np.asarray(corner) for corner in organ.bounds())
    found: list[Points] = []
    while len(found) < count:
        batch = rng.uniform(lower, upper, (256, 3))
        x, y, z = (batch[:, axis].astype(np.float32) for axis in range(3))
        found.extend(batch[organ.distance(x, y, z) < -4.0])
    return sorted(found[:count], key=lambda p: float(np.linalg.norm(p - root)))


def _nearest(target: Points, nodes: list[Points], lengths: list[float]) -> int:
    gaps = np.linalg.norm(np.asarray(nodes) - target, axis=1)
    return int(np.argmin(gaps + 0.25 * np.asarray(lengths)))


def _hits(start: Points, end: Points, solids: tuple[Ellipsoid, ...]) -> bool:
    along = start + np.linspace(0, 1, 8)[:, None] * (end - start)
    x, y, z = along.T.astype(np.float32)
    return any(bool((solid.distance(x, y, z) < 6.0).any()) for solid in solids)


def _murray(parents: list[int], leaf_radius: float) -> list[float]:
    carried = np.zeros(len(parents))
    has_child = set(parents)
    for i in range(len(parents) - 1, 0, -1):
        if i not in has_child:
            carried[i] += leaf_radius**3
        carried[parents[i]] += carried[i]
    return [float(v) for v in np.cbrt(carried)]


def _vector(point: Points) -> Vector:
    return (float(point[0]), float(point[1]), float(point[2]))
