"""A plane, or a slab of parallel planes, through volumes: where its pixels lie, and what they show.

A slab reaches as far to one side of the plane as to the other, by half of its thickness.

Conventions  points in mm in the coordinates of the state (VPS-RCS); a pixel is where its centre is.
Reference    PS3.3 §C.11.26 (multi-planar reconstruction geometry), §C.11.23 (rendering method), PS3.17 §XXX.8
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.numbers import direction, length_mm, vector
from archive.pixels.rendering.volumetric.refusals import refused
from archive.pixels.rendering.volumetric.volumes import Volume
from archive.pixels.rendering.volumetric.voxels import Shares

METHODS = frozenset(["MAXIMUM_IP", "MINIMUM_IP", "AVERAGE_IP"])
MOST_STEPS = 256
MOST_AT_ONCE = 1 << 17  # points
_MOST_OBLIQUE = 1e-3  # the cosine of the angle between the directions of width and height


@dataclass(frozen=True, slots=True)
class PlanarView:
    """The rectangle: its upper left corner, its directions and its size; a thickness of 0 is a single plane."""

    corner: Numbers
    right: Numbers
    down: Numbers
    width_mm: float
    height_mm: float
    thickness_mm: float = 0.0

    @property
    def size_mm(self) -> tuple[float, float]:
        return self.width_mm, self.height_mm

    def steps(self, distance_mm: float) -> Numbers:
        """How far from the plane samples are taken, no farther apart than this unless they are too many."""
        if self.thickness_mm == 0:
            return np.zeros(1)
        count = min(int(np.ceil(self.thickness_mm / distance_mm)) + 1, MOST_STEPS)
        return np.linspace(-self.thickness_mm / 2, self.thickness_mm / 2, max(count, 2))

    def corners(self) -> Numbers:
        """The eight corners of the slab, or the four of the plane, each twice."""
        half = self.thickness_mm / 2
        return np.array(
            [
                self.corner + across * self.right + along * self.down + apart * self._normal
                for across in (0.0, self.width_mm)
                for along in (0.0, self.height_mm)
                for apart in (-half, half)
            ]
        )

    def shown(self, volume: Volume, *, size: tuple[int, int], method: str) -> Shares:
        """What a volume shows at this many pixels (width, height); no number where it is not. Shapes  rows, columns."""
        width, height = size
        steps = self.steps(volume.lattice.finest_mm)
        made = np.empty((height, width), np.float32)
        rows_at_once = max(1, MOST_AT_ONCE // width)
        across = (np.arange(width) + 0.5)[:, None] * (self.width_mm / width) * self.right
        for top in range(0, height, rows_at_once):
            rows = np.arange(top, min(top + rows_at_once, height)) + 0.5
            along = rows[:, None] * (self.height_mm / height) * self.down
            points = self.corner + along[:, None, :] + across[None, :, :]
            projection = _PROJECTIONS[method](points.shape[:2])
            for apart in steps:
                projection.add(volume.at(points + apart * self._normal))
            made[top : top + len(rows)] = projection.result()
        return made

    @property
    def _normal(self) -> Numbers:
        return np.cross(self.right, self.down)


def planar_view_of(state: Dataset) -> PlanarView:
    """Raises PixelsUnreadable: VOLUMETRIC_STYLE for other than a plane; PRESENTATION_UNSUITED."""
    if state.get("MultiPlanarReconstructionStyle") != "PLANAR":
        raise refused("VOLUMETRIC_STYLE")
    kind = state.get("MPRThicknessType")
    right, down = direction(state, "MPRViewWidthDirection"), direction(state, "MPRViewHeightDirection")
    if kind not in {"THIN", "SLAB"} or abs(float(right @ down)) > _MOST_OBLIQUE:
        raise unreadable("PRESENTATION_UNSUITED")
    return PlanarView(
        corner=vector(state, "MPRTopLeftHandCorner"),
        right=right,
        down=down,
        width_mm=length_mm(state, "MPRViewWidth"),
        height_mm=length_mm(state, "MPRViewHeight"),
        thickness_mm=length_mm(state, "MPRSlabThickness") if kind == "SLAB" else 0.0,
    )


def method_of(state: Dataset, item: Dataset) -> str:
    """How a slab of an input becomes a plane. Raises PixelsUnreadable VOLUMETRIC_METHOD."""
    if state.get("MPRThicknessType") != "SLAB":
        return "AVERAGE_IP"
    method = str(item.get("RenderingMethod") or state.get("RenderingMethod"))
    if method not in METHODS:
        raise refused("VOLUMETRIC_METHOD")
    return method


class _Extreme:
    """The largest, or the smallest, of what is there along each ray."""

    def __init__(self, shape: tuple[int, ...], *, is_least: bool = False) -> None:
        self._found: NDArray[Any] = np.full(shape, np.nan, np.float32)
        self._pick = np.fmin if is_least else np.fmax

    def add(self, values: Shares) -> None:
        self._found = self._pick(self._found, values)

    def result(self) -> Shares:
        return self._found


class _Mean:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self._total, self._count = np.zeros(shape), np.zeros(shape, np.int32)

    def add(self, values: Shares) -> None:
        is_there = np.isfinite(values)
        self._total += np.where(is_there, values, 0)
        self._count += is_there

    def result(self) -> Shares:
        mean = np.where(self._count > 0, self._total / np.maximum(self._count, 1), np.nan)
        return mean.astype(np.float32)


def _least(shape: tuple[int, ...]) -> _Extreme:
    return _Extreme(shape, is_least=True)


_PROJECTIONS: dict[str, Callable[[tuple[int, ...]], _Extreme | _Mean]] = {
    "MAXIMUM_IP": _Extreme,
    "MINIMUM_IP": _least,
    "AVERAGE_IP": _Mean,
}
