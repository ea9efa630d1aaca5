"""Values between voxels: trilinear sampling, and planes cut through a volume in patient space."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

_BATCH = 1 << 16  # points at a time: what they need stays in the cache


@dataclass(frozen=True)
class Plane:
    """A rectangle of sample points in patient space.

    Convention  `origin_mm` is the centre of the first pixel, LPS; `right` and `down` are unit vectors along
    a row and a column; points are `spacing_mm` apart both ways.
    """

    origin_mm: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    spacing_mm: float
    rows: int
    columns: int


def sample_plane(voxels: Tensor, *, affine: Tensor, plane: Plane, outside: float) -> Tensor:
    """The multiplanar reformation of a volume in one plane, oblique or not.

    Shapes   voxels (B, C, D, H, W), any number type; affine (4, 4) float64; result (B, C, rows, columns)
             float32 (float64 for float64 voxels).
    Units    mm, LPS; affine maps (column, row, slice) indices of voxel centres to patient space.
    Returns  `outside` where the plane leaves the volume by more than half a voxel.
    """
    device = voxels.device
    real = torch.float64
    origin, right, down = (
        torch.tensor(v, dtype=real, device=device) for v in (plane.origin_mm, plane.right, plane.down)
    )
    along = torch.arange(plane.columns, dtype=real, device=device) * plane.spacing_mm
    below = torch.arange(plane.rows, dtype=real, device=device) * plane.spacing_mm
    points = origin + below[:, None, None] * down + along[None, :, None] * right
    to_index = torch.linalg.inv(affine.to(device=device, dtype=real))
    indices = points @ to_index[:3, :3].T + to_index[:3, 3]
    flat = sample_trilinear(voxels, indices.reshape(-1, 3), outside=outside)
    return flat.reshape(*voxels.shape[:2], plane.rows, plane.columns)


def sample_trilinear(voxels: Tensor, indices: Tensor, *, outside: float) -> Tensor:
    """Values at fractional indices, by gathering eight neighbours: only points asked for are converted.

    Shapes       voxels (B, C, D, H, W); indices (N, 3) as (column, row, slice); result (B, C, N).
    Convention   index 0 is the centre of the first voxel; up to half a voxel outside the value is that of
                 the edge, further out it is `outside`.
    """
    parts = [_sample(voxels, some, outside=outside) for some in torch.split(indices, _BATCH)]
    return torch.cat(parts, dim=2)


def _sample(voxels: Tensor, indices: Tensor, *, outside: float) -> Tensor:
    depth, height, width = voxels.shape[2:]
    sizes = torch.tensor([width, height, depth], dtype=indices.dtype, device=indices.device)
    inside = ((indices >= -0.5) & (indices <= sizes - 0.5)).all(dim=1)
    held = indices.clamp_min(0).minimum(sizes - 1)
    lower = held.floor()
    part = (held - lower).to(torch.float64 if voxels.dtype == torch.float64 else torch.float32)
    low = lower.long()
    high = torch.minimum(low + 1, (sizes - 1).long())
    weights = [(1 - part[:, axis], part[:, axis]) for axis in range(3)]
    steps = [1, width, width * height]
    places = [(low[:, axis] * step, high[:, axis] * step) for axis, step in enumerate(steps)]
    flat = voxels.reshape(*voxels.shape[:2], -1)
    total = torch.zeros((*voxels.shape[:2], indices.shape[0]), dtype=part.dtype, device=voxels.device)
    for x, y, z in product((0, 1), repeat=3):
        where = places[0][x] + places[1][y] + places[2][z]
        weight = weights[0][x] * weights[1][y] * weights[2][z]
        total += flat.index_select(2, where).to(part.dtype) * weight
    return total.masked_fill_(~inside, outside)


def stretch(image: Tensor, *, rows: int, columns: int) -> Tensor:
    """An image (B, C, H, W) resampled to a number of rows and columns that cover the same area, float32."""
    shown: Tensor = torch.nn.functional.interpolate(
        image.to(torch.float32), size=(rows, columns), mode="bilinear", align_corners=False
    )
    return shown
