"""Telling the body from the couch it lies on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_BLOCK = 6


def without_surroundings(voxels: Tensor, *, threshold: float, air: float) -> Tensor:
    """A copy of the voxels with everything that does not hang together with the body set to air.

    The body is found coarsely, in blocks of 6 x 6 pixels: what is connected with the middle of the picture
    above a threshold. Thin plates (a couch, a sheet) fall away because a block counts only if its mean is
    above the threshold and its neighbours' are too. Where nothing stands out, the voxels stay as they are.

    Shapes   voxels (B, C, D, H, W) with B = C = 1, slices along D; result as voxels, same dtype.
    """
    depth, height, width = voxels.shape[2:]
    coarse = body_blocks(voxels, threshold=threshold)
    cleared = voxels.clone()
    if coarse is None:
        return cleared
    for k in range(depth):
        block = coarse[k * coarse.shape[0] // depth]
        fine = block.repeat_interleave(_BLOCK, 0).repeat_interleave(_BLOCK, 1)
        whole = torch.zeros((height, width), dtype=torch.bool, device=voxels.device)
        whole[: fine.shape[0], : fine.shape[1]] = fine
        cleared[0, 0, k].masked_fill_(~whole, air)
    return cleared


def body_blocks(voxels: Tensor, *, threshold: float) -> Tensor | None:
    """Which blocks hold the body: (d, H // 6, W // 6) bool for about 64 slices d; None if none stands out."""
    depth, height, width = voxels.shape[2:]
    if min(height, width) < 4 * _BLOCK:
        return None
    step = max(1, depth // 64)
    coarse = functional.avg_pool3d(voxels[:, :, ::step].float(), (1, _BLOCK, _BLOCK))
    solid = (coarse > threshold).float()
    core = 1 - functional.max_pool3d(1 - solid, (1, 3, 3), stride=1, padding=(0, 1, 1))
    found = _connected(core, _seed(core))
    if not found.any():
        return None
    return functional.max_pool3d(found, 3, stride=1, padding=1)[0, 0].bool()


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
    for _ in range(sum(core.shape[2:])):
        wider = reached
        for _ in range(8):  # eight steps before each look whether anything was gained
            wider = functional.max_pool3d(wider, 3, stride=1, padding=1) * core
        if torch.equal(wider, reached):
            break
        reached = wider
    return reached
