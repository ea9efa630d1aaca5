"""The three planes people know, cut through the middle of a volume in patient space."""

from __future__ import annotations

import math
from itertools import product

import torch

from compute.kernels.resampling import Plane
from compute.volumes import SeriesVolume

Vector = tuple[float, float, float]
_DIRECTIONS: dict[str, tuple[Vector, Vector]] = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}


def key_plane(volume: SeriesVolume, name: str) -> Plane:
    """The plane of this name through the volume's centre, as large as the volume, seen as usual.

    Convention  axial from the feet, coronal from the front, sagittal from the left: the patient's left or
    back is on the right of the picture, the head or front on top. Pixels are square, as fine as the finest voxel edge.
    """
    right, down = (torch.tensor(v, dtype=torch.float64) for v in _DIRECTIONS[name])
    normal = torch.linalg.cross(right, down)
    corners = _corners(volume)
    middle = corners.mean(dim=0)
    across, along = corners @ right, corners @ down
    spacing = min(volume.spacing_mm)
    columns = max(1, round(float(across.max() - across.min()) / spacing))
    rows = max(1, round(float(along.max() - along.min()) / spacing))
    first = (
        right * ((across.max() + across.min()) / 2 - spacing * (columns - 1) / 2)
        + down * ((along.max() + along.min()) / 2 - spacing * (rows - 1) / 2)
        + normal * (middle @ normal)
    )
    origin = (float(first[0]), float(first[1]), float(first[2]))
    return Plane(origin, *_DIRECTIONS[name], spacing, rows, columns)


def shifted(plane: Plane, distance_mm: float) -> Plane:
    """The plane moved along its normal."""
    right, down = (torch.tensor(v, dtype=torch.float64) for v in (plane.right, plane.down))
    moved = torch.tensor(plane.origin_mm, dtype=torch.float64) + torch.linalg.cross(right, down) * distance_mm
    origin = (float(moved[0]), float(moved[1]), float(moved[2]))
    return Plane(origin, plane.right, plane.down, plane.spacing_mm, plane.rows, plane.columns)


def nearest_view(volume: SeriesVolume, axis: int) -> str:
    """The name of the plane seen when looking along one axis of the volume (0 slices, 1 rows, 2 columns)."""
    direction = volume.affine[:3, 2 - axis].abs()
    return ("sagittal", "coronal", "axial")[int(direction.argmax())]


def outside_value(volume: SeriesVolume) -> float:
    """What to show where the picture leaves the volume: air for CT, black for the rest."""
    return -1024.0 if volume.modality == "CT" else min(0.0, float(volume.voxels.amin()))


def _corners(volume: SeriesVolume) -> torch.Tensor:
    """The outer corners of the volume, half a voxel beyond the outermost centres; (8, 3) mm."""
    depth, height, width = volume.voxels.shape[2:]
    indices = torch.tensor(
        [(i - 0.5, j - 0.5, k - 0.5, 1.0) for i, j, k in product((0, width), (0, height), (0, depth))],
        dtype=torch.float64,
    )
    return (indices @ volume.affine.T)[:, :3]


def unit(vector: torch.Tensor) -> Vector:
    """The vector's direction, rounded so that axis-aligned stays exactly axis-aligned."""
    length = math.sqrt(float(vector @ vector))
    x, y, z = (round(float(v) / length, 9) for v in vector)
    return (x, y, z)
