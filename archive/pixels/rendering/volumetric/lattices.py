"""Where the voxels of a volume lie: images of one size straight behind each other, at any distances.

Indices count from 0 at the centre of the first voxel: along the images, their rows, and their columns. Half a voxel
beyond the outermost centres belongs to the volume, and nothing farther away.

Conventions  points in mm in the patient's coordinates of the volume; shapes (..., 3).
Reference    PS3.3 §C.11.23.1 (volume input requirements: distances may vary), §C.7.6.2 (image plane)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from archive.pixels.rendering.planes import Numbers, Plane
from archive.pixels.rendering.stacks import SAME_PLACE_MM, depths
from archive.pixels.rendering.volumetric.refusals import refused

MOST_VOXELS = 1 << 28
_MOST_TURN = 1e-3  # the sine of an angle: a quarter of a millimetre over 250
_MOST_ASIDE = 0.1  # of a pixel, but
_LEAST_ASIDE_MM = 0.05  # positions are decimal strings, and rounded
_SAME_SPACING = 1e-3
_SAME_GAP = 1e-4  # over a thousand images that is still a tenth of one


@dataclass(frozen=True, slots=True)
class Lattice:
    """The depths of the images along their normal, from the position of one of them, and what all of them share."""

    origin: Numbers
    normal: Numbers
    along_column: Numbers
    along_row: Numbers
    row_spacing: float
    column_spacing: float
    depths: Numbers
    rows: int
    columns: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.depths), self.rows, self.columns

    @property
    def finest_in_plane_mm(self) -> float:
        return min(self.row_spacing, self.column_spacing)

    @property
    def finest_mm(self) -> float:
        """The least distance of two voxels."""
        return min(self.finest_in_plane_mm, float(np.diff(self.depths).min()))

    def indices(self, points: Numbers) -> Numbers:
        """Where points lie among the voxels; the outermost half voxels reach from -0.5 on and to the count - 0.5."""
        found: Numbers = (points - self.origin) @ self.axes / (1.0, self.row_spacing, self.column_spacing)
        found[..., 0] = self._depth_index(found[..., 0])
        return found

    @property
    def diagonal_mm(self) -> float:
        least, most = self.bounds_mm()
        return float(np.linalg.norm(most - least))

    @property
    def axes(self) -> Numbers:
        """The directions across the images, to the next row, and to the next column, in columns. Shapes  (3, 3)."""
        return np.stack([self.normal, self.along_column, self.along_row], axis=1)

    def bounds_mm(self) -> tuple[Numbers, Numbers]:
        """The least and the largest distance from the origin along each of the axes that belongs to the volume."""
        before, after = self.depths[1] - self.depths[0], self.depths[-1] - self.depths[-2]
        spacings = np.array([self.row_spacing, self.column_spacing])
        least = np.array([self.depths[0] - before / 2, *(-spacings / 2)])
        most = np.array([self.depths[-1] + after / 2, *((np.array(self.shape[1:]) - 0.5) * spacings)])
        return least, most

    def reached(self, points: Numbers) -> range:
        """The planes that count anywhere between these points."""
        index = self.indices(points)
        if (index.max(axis=0) < -0.5).any() or (index.min(axis=0) > np.array(self.shape) - 0.5).any():
            return range(0)
        low, high = float(index[:, 0].min()), float(index[:, 0].max())
        return range(max(int(np.floor(low)), 0), min(int(np.ceil(high)), self.shape[0] - 1) + 1)

    def to_plain(self) -> dict[str, Any]:
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in said.items()
        }

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Lattice:
        made: dict[str, Any] = {
            name: np.array(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**made)

    def _depth_index(self, apart: Numbers) -> Numbers:
        count, depths = len(self.depths), self.depths
        gaps = np.diff(depths)
        if np.ptp(gaps) <= _SAME_GAP * gaps[0]:
            even: Numbers = (apart - depths[0]) * ((count - 1) / (depths[-1] - depths[0]))
            return even
        index: Numbers = np.interp(apart, depths, np.arange(count, dtype=float))
        before, after = depths[1] - depths[0], depths[-1] - depths[-2]
        index = np.where(apart < depths[0], (apart - depths[0]) / before, index)
        return np.where(apart > depths[-1], count - 1 + (apart - depths[-1]) / after, index)


def lattice_of(planes: Sequence[Plane], *, rows: int, columns: int) -> tuple[Lattice, list[int]]:
    """The lattice of these planes, and which of them each of its images is.

    Raises  PixelsUnreadable by name if they make no volume.
    """
    if len(planes) < 2:
        raise refused("VOLUME_SINGLE")
    _check_alike(planes)
    apart, first = depths(planes), planes[0]
    order = [int(at) for at in np.argsort(apart, kind="stable")]
    if float(np.diff(apart[order]).min()) < SAME_PLACE_MM:
        raise refused("VOLUME_AMBIGUOUS")
    lattice = Lattice(
        first.position, first.normal, first.along_column, first.along_row, first.row_spacing,
        first.column_spacing, apart[order], rows, columns,
    )  # fmt: skip
    return lattice, order


def _check_alike(planes: Sequence[Plane]) -> None:
    first = planes[0]
    positions = np.stack([plane.position for plane in planes]) - first.position
    turns = [
        float(np.linalg.norm(np.cross(axis, getattr(first, name))))
        if axis @ getattr(first, name) > 0
        else 1.0
        for plane in planes
        for name, axis in (("along_row", plane.along_row), ("along_column", plane.along_column))
    ]
    if max(turns) > _MOST_TURN:
        raise refused("VOLUME_NOT_PARALLEL")
    spacings = np.array([(plane.row_spacing, plane.column_spacing) for plane in planes])
    if not np.allclose(spacings, spacings[0], rtol=_SAME_SPACING, atol=0):
        raise refused("VOLUME_UNLIKE")
    aside = np.abs(positions @ np.stack([first.along_column, first.along_row], axis=1))
    if (aside > np.maximum(_MOST_ASIDE * spacings[0], _LEAST_ASIDE_MM)).any():
        raise refused("VOLUME_NOT_ALIGNED")
