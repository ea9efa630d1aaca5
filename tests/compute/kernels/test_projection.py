from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from compute.kernels.body import without_surroundings
from compute.kernels.projection import project, project_slab

REFERENCE: dict[str, Callable[..., Any]] = {"maximum": np.max, "minimum": np.min, "average": np.mean}


@pytest.mark.parametrize("mode", sorted(REFERENCE))
@pytest.mark.parametrize("axis", [2, 3, 4])
@pytest.mark.parametrize("kind", [torch.int16, torch.float32])
def test_projection_agrees_with_numpy(device, mode, axis, kind):
    voxels = np.random.default_rng(5).integers(-1000, 1000, (1, 2, 7, 6, 5))
    shown = project(torch.tensor(voxels, dtype=kind, device=device), axis=axis, mode=mode)
    np.testing.assert_allclose(shown.cpu().numpy(), REFERENCE[mode](voxels, axis=axis), rtol=1e-6)


def test_slab_at_the_edge_is_cut_off_there(device):
    voxels = torch.arange(10, device=device).view(1, 1, 10, 1, 1)
    assert project_slab(voxels, axis=2, center=9, thickness=4).item() == 9
    assert project_slab(voxels, axis=2, center=0, thickness=4).item() == 3
    assert project_slab(voxels, axis=2, center=5, thickness=1).item() == 5


def test_body_is_told_from_the_couch_under_it(device):
    voxels = torch.full((1, 1, 4, 120, 120), -1000, dtype=torch.int16, device=device)
    voxels[..., 20:80, 30:90] = 40
    voxels[..., 100:104, :] = 300
    cleared = without_surroundings(voxels, threshold=-350, air=-1024)
    assert (cleared[..., 24:78, 36:84] == 40).all()
    assert (cleared[..., 98:, :] == -1024).all()
    assert (voxels[..., 100:104, :] == 300).all()


def test_picture_without_a_body_is_left_whole(device):
    empty = torch.full((1, 1, 3, 60, 60), -1000, device=device)
    torch.testing.assert_close(without_surroundings(empty, threshold=-350, air=-1024), empty)
