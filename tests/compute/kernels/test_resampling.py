from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from compute.kernels.resampling import Plane, sample_plane, sample_trilinear, stretch


def ramp(device, dtype=torch.float64):
    """voxels[k, j, i] = i + 10 j + 100 k: trilinear sampling of a linear field is exact."""
    k, j, i = torch.meshgrid(*(torch.arange(n, dtype=dtype, device=device) for n in (4, 5, 6)), indexing="ij")
    return (i + 10 * j + 100 * k)[None, None]


def test_linear_field_is_sampled_exactly_between_voxels(device, dtype):
    rng = np.random.default_rng(3)
    indices = torch.tensor(rng.uniform([0, 0, 0], [5, 4, 3], (50, 3)), device=device)
    expected = indices[:, 0] + 10 * indices[:, 1] + 100 * indices[:, 2]
    sampled = sample_trilinear(ramp(device, dtype), indices, outside=-1.0)
    torch.testing.assert_close(sampled[0, 0].double(), expected, rtol=1e-5, atol=1e-4)


def test_whole_number_voxels_are_sampled_as_they_are(device):
    indices = torch.tensor([[2.5, 0.0, 0.0]], device=device, dtype=torch.float64)
    assert sample_trilinear(ramp(device).to(torch.int16), indices, outside=0).item() == 2.5


def test_points_beyond_the_outermost_half_voxel_are_outside(device):
    indices = torch.tensor([[-0.5, 0, 0], [-0.51, 0, 0], [5.5, 0, 0], [5.6, 0, 0]], device=device).double()
    assert sample_trilinear(ramp(device), indices, outside=-1.0).flatten().tolist() == [0.0, -1.0, 5.0, -1.0]


@pytest.mark.parametrize("degrees", [0.0, 20.0, 45.0])
def test_plane_cut_through_a_turned_volume_follows_patient_space(device, degrees):
    """A field that is linear in patient space reads the same in any plane, however the volume is turned."""
    angle = math.radians(degrees)
    turn = torch.tensor(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]],
        dtype=torch.float64,
    )
    affine = torch.eye(4, dtype=torch.float64)
    affine[:3, :3] = turn @ torch.diag(torch.tensor([0.7, 0.9, 2.0], dtype=torch.float64))
    affine[:3, 3] = torch.tensor([-11.0, 7.0, 3.0])
    k, j, i = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in (12, 30, 30)), indexing="ij")
    places = torch.stack([i, j, k, torch.ones_like(i)], dim=-1) @ affine.T
    voxels = (2 * places[..., 0] - 3 * places[..., 1] + 5 * places[..., 2])[None, None].to(device)
    middle = affine @ torch.tensor([14.0, 14.0, 5.0, 1.0], dtype=torch.float64)
    origin = (float(middle[0]), float(middle[1]), float(middle[2]))
    plane = Plane(origin, (1, 0, 0), (0, 0, -1), 0.5, 4, 6)

    cut = sample_plane(voxels, affine=affine, plane=plane, outside=float("nan"))[0, 0].cpu()

    x = origin[0] + 0.5 * torch.arange(6, dtype=torch.float64)
    z = origin[2] - 0.5 * torch.arange(4, dtype=torch.float64)
    torch.testing.assert_close(cut, (2 * x[None] - 3 * origin[1] + 5 * z[:, None]), rtol=1e-9, atol=1e-9)


def test_stretched_picture_keeps_its_mean(device):
    picture = torch.rand((1, 1, 8, 8), device=device, generator=torch.Generator(device).manual_seed(1))
    wide = stretch(picture, rows=16, columns=16)
    assert wide.shape == (1, 1, 16, 16)
    assert float(wide.mean()) == pytest.approx(float(picture.mean()), abs=0.02)
