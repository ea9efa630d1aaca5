"""Rays through a volume, from the viewpoint on: what is seen along each of them.

    VOLUME_RENDERED         C = C + (1 - A) * c * a,  A = A + (1 - A) * a  of the samples one behind the other
    MAXIMUM_IP, MINIMUM_IP  the colour of the largest or smallest sample

The opacity of a sample is that of a step as long as the state's (Sampling Step Size): of a step of another length it is
1 - (1 - a) ** (length / state's). A state that does not say means the least distance of voxels. Behind is black.

Reference  PS3.3 §C.11.30 (rendering method), §C.11.30.2 (sampling step size), PS3.4 §FF.2.2
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.cameras import Camera, Rays
from archive.pixels.rendering.volumetric.classification import Classification, Colours
from archive.pixels.rendering.volumetric.shading import Shading
from archive.pixels.rendering.volumetric.volumes import Volume, moved

MOST_STEPS = 1024
RAYS_AT_ONCE = 1 << 15
_OPAQUE = 1 - 1e-3  # what lies behind would change no display value


@dataclass(frozen=True, slots=True)
class Casting:
    """How rays are followed: `step_mm` is that of the state, None if it says nothing."""

    method: str
    classification: Classification
    shading: Shading | None = None
    step_mm: float | None = None

    def picture(self, volume: Volume, camera: Camera, *, size: tuple[int, int]) -> Colours:
        """Shares of red, green and blue. Shapes  rows, columns, 3."""
        rays = camera.rays(size=size)
        made = np.empty((size[0] * size[1], 3))
        for first in range(0, len(made), RAYS_AT_ONCE):
            some = slice(first, first + RAYS_AT_ONCE)
            march = _March.of(Rays(rays.start[some], rays.step[some]), volume, camera, self.step_mm)
            made[some] = self._rendered(march) if self.method == "VOLUME_RENDERED" else self._extreme(march)
        return made.reshape(size[1], size[0], 3)

    def _rendered(self, march: _March) -> Colours:
        colour, opacity = np.zeros((march.count, 3)), np.zeros(march.count)
        for number in range(march.steps):
            at = march.under_way(number, opacity < _OPAQUE)
            points = march.points(number, at)
            shares = march.volume.at(points)
            alpha = self.classification.opacity(shares)
            is_seen = alpha > 0
            at, points, alpha = at[is_seen], points[is_seen], 1 - (1 - alpha[is_seen]) ** march.relative_step
            shown = self.classification.tones(shares[is_seen])
            if self.shading is not None and len(at):
                shown = self.shading.lit(shown, points, march.towards_eye(at), march.volume)
            share = (1 - opacity[at]) * alpha
            colour[at] += share[:, None] * shown
            opacity[at] += share
        return colour

    def _extreme(self, march: _March) -> Colours:
        pick = np.fmin if self.method == "MINIMUM_IP" else np.fmax
        found = np.full(march.count, np.nan, np.float32)
        for number in range(march.steps):
            at = march.under_way(number, np.ones(march.count, bool))
            found[at] = pick(found[at], march.volume.at(march.points(number, at)))
        return self.classification.tones(found)


@dataclass(frozen=True, slots=True)
class _March:
    """Some rays, from sample to sample: in the middle of each step from the near end on, as far as the volume is."""

    volume: Volume
    rays: Rays
    near: float
    depth_step: Numbers
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    relative_step: float

    @classmethod
    def of(cls, rays: Rays, volume: Volume, camera: Camera, step_mm: float | None) -> _March:
        lengths = np.linalg.norm(rays.step, axis=1)
        entry, exit_ = _crossing(rays, volume, camera)
        longest = float(np.max((exit_ - entry) * lengths, initial=0.0))
        meant = volume.lattice.finest_mm if step_mm is None else step_mm
        taken = max(min(meant, volume.lattice.finest_mm), longest / MOST_STEPS)
        depth_step = taken / lengths
        first, last = (
            np.ceil((depth - camera.near) / depth_step - 0.5).astype(np.int64) for depth in (entry, exit_)
        )
        return cls(volume, rays, camera.near, depth_step, first, last, taken / meant)

    @property
    def count(self) -> int:
        return len(self.first)

    @property
    def steps(self) -> int:
        return max(0, int((self.last - self.first).max(initial=0)))

    def under_way(self, number: int, is_wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The rays that have a sample of this number within the volume."""
        found: NDArray[np.int64] = np.nonzero(is_wanted & (self.first + number < self.last))[0]
        return found

    def points(self, number: int, at: NDArray[np.int64]) -> Numbers:
        depth = self.near + (self.first[at] + number + 0.5) * self.depth_step[at]
        return self.rays.start[at] + depth[:, None] * self.rays.step[at]

    def towards_eye(self, at: NDArray[np.int64]) -> Numbers:
        steps = self.rays.step[at]
        found: Numbers = -steps / np.linalg.norm(steps, axis=1)[:, None]
        return found


def _crossing(rays: Rays, volume: Volume, camera: Camera) -> tuple[Numbers, Numbers]:
    """The depths at which rays come into the volume and leave it, within the field of view; the same if they miss."""
    lattice = volume.lattice
    start = (volume.moved(rays.start) - lattice.origin) @ lattice.axes
    turning = None if volume.matrix is None else _turning(volume.matrix)
    step = moved(rays.step, turning) @ lattice.axes
    step = np.where(np.abs(step) < 1e-12, 1e-12, step)
    least, most = lattice.bounds_mm()
    ends = np.stack([(least - start) / step, (most - start) / step])
    entry = np.maximum(ends.min(axis=0).max(axis=1), camera.near)
    leave = np.minimum(ends.max(axis=0).min(axis=1), camera.far)
    return entry, np.maximum(leave, entry)


def _turning(matrix: Numbers) -> Numbers:
    """Without its shift."""
    made = matrix.copy()
    made[:3, 3] = 0
    return made
