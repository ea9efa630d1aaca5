from __future__ import annotations

import pytest
import torch

from compute.kernels.windowing import apply_voi_window, window_from_values


@pytest.mark.parametrize(("value_hu", "expected"), [(-161.0, 0.0), (39.5, 0.5), (241.0, 1.0)])
def test_soft_tissue_window_follows_the_linear_function(value_hu, expected, device, dtype):
    pixels = torch.full((1, 1, 1, 1, 1), value_hu, device=device, dtype=dtype)
    center, width = (torch.tensor([v], device=device, dtype=dtype) for v in (40.0, 400.0))

    shown = apply_voi_window(pixels, center=center, width=width)

    torch.testing.assert_close(shown, torch.full_like(shown, expected))


def test_width_of_one_is_a_threshold(device, dtype):
    pixels = torch.tensor([99.0, 100.0], device=device, dtype=dtype).view(1, 1, 1, 1, 2)
    one, center = (torch.tensor([v], device=device, dtype=dtype) for v in (1.0, 100.0))
    assert apply_voi_window(pixels, center=center, width=one).flatten().tolist() == [0.0, 1.0]


def test_width_below_one_is_refused(device, dtype):
    pixels = torch.zeros((1, 1, 1, 1, 1), device=device, dtype=dtype)
    bad = torch.tensor([0.5], device=device, dtype=dtype)
    with pytest.raises(ValueError, match="Window Width"):
        apply_voi_window(pixels, center=bad, width=bad)


def test_window_without_units_spans_the_body_and_not_the_air(device):
    pixels = torch.zeros((1, 1, 1, 100, 100), device=device)
    pixels[..., 40:60, 40:60] = torch.linspace(200, 800, 400, device=device).view(20, 20)
    center, width = window_from_values(pixels)
    assert center - width / 2 == pytest.approx(0, abs=2)
    assert center + width / 2 == pytest.approx(797, abs=8)  # the 99.5th of 200 ... 800


def test_window_of_an_even_picture_is_still_a_window(device):
    assert window_from_values(torch.full((1, 1, 2, 2, 2), 7.0, device=device))[1] >= 1
