"""Projections of a volume along one of its axes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Mode = Literal["maximum", "minimum", "average"]


def project(voxels: Tensor, *, axis: int, mode: Mode = "maximum") -> Tensor:
    """The brightest, darkest or mean value along one axis.

    Shapes   voxels (B, C, D, H, W), any number type; the axis is left out of the result.
    Returns  the dtype of voxels; an average of integers is float32.
    """
    if mode == "maximum":
        return voxels.amax(dim=axis)
    if mode == "minimum":
        return voxels.amin(dim=axis)
    kept = voxels.dtype if voxels.is_floating_point() else torch.float32
    return voxels.mean(dim=axis, dtype=torch.float32).to(kept)


def project_slab(voxels: Tensor, *, axis: int, center: int, thickness: int, mode: Mode = "maximum") -> Tensor:
    """The projection of `thickness` slices about slice `center`, cut off at the volume's ends."""
    size = voxels.shape[axis]
    first = min(max(center - thickness // 2, 0), size - 1)
    last = min(max(first + thickness, first + 1), size)
    return project(voxels.narrow(axis, first, last - first), axis=axis, mode=mode)
