"""What is measured in a phantom's voxels is what arithmetic says of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compute.phantoms.calibration import TISSUE, calibration
from compute.phantoms.chest import BLOOD, chest
from compute.phantoms.geometry import StackGeometry, swivelled, tilted
from compute.phantoms.sampling import Renderer
from compute.phantoms.shapes import Cylinder, Ellipsoid, EllipticDisc, HalfTorus, sphere
from compute.phantoms.truth import Phantom, Structure


def volume_of(shape, geometry: StackGeometry, *, subsamples: int = 1) -> float:
    """The volume a solid has in voxels, each counted by the share of it that is filled."""
    phantom = Phantom("test", "CT", 0.0, (Structure(shape, 1.0, subsamples=subsamples),), value_range=(0, 1))
    voxel = math.prod(geometry.pixel_spacing_mm) * geometry.spacing_mm
    return float(Renderer(phantom, geometry).volume().sum(dtype=np.float64)) * voxel


def stack(pixel: float, spacing: float, *, field: float = 60.0, center=(0.3, -0.2, 0.4)) -> StackGeometry:
    n = round(field / pixel)
    return StackGeometry(n, n, round(field / spacing), (pixel, pixel), spacing, spacing, center)


@pytest.mark.parametrize(
    ("shape", "closed_form"),
    [
        (sphere((0, 0, 0), 20), 4 / 3 * math.pi * 10**3),
        (Ellipsoid((1, 2, 3), (12, 8, 10)), 4 / 3 * math.pi * 12 * 8 * 10),
        (Cylinder((0, 0, -15), (0, 0, 15), 6), math.pi * 36 * 30),
        (Cylinder((-12, -9, -10), (12, 9, 10), 5), math.pi * 25 * math.sqrt(24**2 + 18**2 + 20**2)),
        (HalfTorus((0, 0, -8), (0.6, 0.8), 14, 5), math.pi * 25 * math.pi * 14),
        (EllipticDisc((0, 0, 0), (14, 9), 12), math.pi * 14 * 9 * 12),
    ],
    ids=["sphere", "ellipsoid", "straight cylinder", "oblique cylinder", "half torus", "elliptic disc"],
)
def test_volume_in_voxels_agrees_with_the_closed_form(shape, closed_form):
    assert shape.volume_mm3 == pytest.approx(closed_form)
    assert volume_of(shape, stack(1.0, 1.0)) == pytest.approx(closed_form, rel=0.01)


@pytest.mark.parametrize("diameter", [3.0, 5.0, 8.0])
def test_small_nodule_keeps_its_volume_at_any_place_between_voxels(diameter):
    for shift in (0.0, 0.17, 0.5):
        nodule = sphere((shift, -shift, shift / 2), diameter)
        measured = volume_of(nodule, stack(1.0, 1.0, field=16, center=(0, 0, 0)), subsamples=4)
        assert measured == pytest.approx(math.pi / 6 * diameter**3, rel=0.02)


def test_measured_volume_converges_as_voxels_shrink():
    nodule = sphere((0.31, 0.22, 0.13), 9)
    errors = [
        abs(volume_of(nodule, stack(size, size, field=24)) / nodule.volume_mm3 - 1)
        for size in (3.0, 1.5, 0.75)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.01


@pytest.mark.parametrize(
    "turn", [lambda g: g, lambda g: tilted(g, 25), lambda g: swivelled(tilted(g, 15), 40)]
)
def test_volume_does_not_depend_on_how_the_stack_is_turned(turn):
    solid = Ellipsoid((2, -3, 1), (14, 9, 11))
    assert volume_of(solid, turn(stack(1.0, 1.0))) == pytest.approx(solid.volume_mm3, rel=0.01)


def test_thick_slices_blur_along_the_normal_but_keep_the_volume():
    solid = sphere((0, 0, 0), 24)
    assert volume_of(solid, stack(1.0, 5.0, center=(0, 0, 0))) == pytest.approx(solid.volume_mm3, rel=0.02)


def test_vessel_carries_its_closed_form_contrast():
    """The excess over the tissue, summed over a cross-section, is the area times the contrast."""
    geometry = StackGeometry(128, 128, 1, (1.0, 1.0), 1.0, 1.0, (0.0, 0.0, 5.0))
    image = Renderer(calibration(), geometry).slice(0)
    around = image[28:41, 48:60].astype(np.float64)  # 6 mm vessel at (-10, -30), nothing else near
    area = (around - TISSUE).sum() / (BLOOD - TISSUE)
    assert area == pytest.approx(math.pi * 3**2, rel=0.02)


def test_calcium_mass_is_concentration_times_volume():
    truth = calibration().ground_truth
    plaque = truth.named("calcification 5 mm")
    assert plaque.mass_mg_ha == pytest.approx(0.4 * math.pi / 6 * 5**3)  # 400 mg/cm3 = 0.4 mg/mm3
    assert plaque.value == pytest.approx(500.0)


def test_chest_lists_what_is_known_of_it():
    truth = chest(seed=0).ground_truth
    assert truth.named("nodule 8 mm").volume_mm3 == pytest.approx(math.pi / 6 * 8**3)
    assert truth.named("descending aorta").diameter_mm == 26.0
    assert {"vessel", "nodule", "calcification", "bone", "airway", "body"} <= {
        s.kind for s in truth.structures
    }


def test_same_seed_gives_the_same_voxels_and_another_seed_other_ones():
    geometry = StackGeometry(48, 48, 1, (8.0, 8.0), 2.0, 2.0)
    first, again, other = (Renderer(chest(seed=seed), geometry).slice(0) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_noise_has_the_asked_standard_deviation():
    geometry = StackGeometry(128, 128, 1, (0.5, 0.5), 1.0, 1.0, (0.0, 0.0, 0.0))
    noise = Renderer(calibration(seed=2, noise=10.0), geometry).slice(0) - Renderer(
        calibration(seed=2), geometry
    ).slice(0)
    assert noise.std() == pytest.approx(10.0, rel=0.05)
    assert abs(noise.mean()) < 0.5
