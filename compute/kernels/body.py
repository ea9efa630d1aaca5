"""Telling the body from the couch it lies on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_BLOCK = 6


def body_mask(voxels: Tensor, *, threshold: float) -> Tensor:
    """Where the body is, coarsely: what hangs together with the middle of the picture above a threshold.

    Thin plates (a couch, a sheet) fall away because a block counts only if its mean is above the threshold
    and its neighbours' are too.
    Shapes   voxels (B, C, D, H, W), slices along D; result (B, C, D, H, W) bool, in blocks of 6 x 6 pixels.
    Returns  all True if nothing stands out, so that a picture is never lost.
    """
    depth, height, width = voxels.shape[2:]
    if min(height, width) < 4 * _BLOCK:
        return torch.ones_like(voxels, dtype=torch.bool)
    step = max(1, depth // 64)
    coarse = functional.avg_pool3d(voxels[0, 0, ::step][None, None].float(), (1, _BLOCK, _BLOCK))
    solid = (coarse > threshold).float()
    core = 1 - functional.max_pool3d(1 - solid, (1, 3, 3), stride=1, padding=(0, 1, 1))
    found = _connected(core, _seed(core))
    if not found.any():
        return torch.ones_like(voxels, dtype=torch.bool)
    grown = functional.max_pool3d(found, 3, stride=1, padding=1)
    whole = functional.interpolate(grown, size=(depth, height, width), mode="nearest")
    return whole.bool().expand_as(voxels)


def _seed(core: Tensor) -> Tensor:
    """The part of the core in the middle third of the picture."""
    height, width = core.shape[3:]
    seed = torch.zeros_like(core)
    rows, columns = slice(height // 3, 2 * height // 3), slice(width // 3, 2 * width // 3)
    seed[:, :, :, rows, columns] = core[:, :, :, rows, columns]
    return seed


def _connected(core: Tensor, seed: Tensor) -> Tensor:
    """What of the core can be reached from the seed."""
    reached = seed
    for _ in range(int(sum(core.shape[2:]))):
        wider = functional.max_pool3d(reached, 3, stride=1, padding=1) * core
        if torch.equal(wider, reached):
            break
        reached = wider
    return reached
