"""Measured geometry, on slices laid out by arithmetic."""

import math

import pytest

from archive.studies.geometry import Slice, judge_thin_slice, measure_geometry, order_along_normal

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)


def axial(*z: float, spacing=(0.5, 0.5), shear=0.0):
    return [Slice((0.0, shear * depth, depth), AXIAL, spacing, 512, 512) for depth in z]


def test_even_slices_in_any_order_are_one_volume():
    geometry = measure_geometry(axial(3.0, 0.0, 1.0, 2.0))

    assert (geometry.spacing_mm, geometry.extent_mm, geometry.orientation) == (1.0, 3.0, "axial")
    assert geometry.is_volume
    assert geometry.pixel_spacing_mm == [0.5, 0.5]


def test_a_missing_slice_is_a_gap_and_counted():
    geometry = measure_geometry(axial(0, 1, 2, 5, 6))

    assert (geometry.spacing_mm, geometry.gaps, geometry.missing_slices) == (1.0, 1, 2)
    assert not geometry.is_volume
    assert "gaps" in geometry.reason


def test_slices_nearer_than_half_the_spacing_overlap():
    geometry = measure_geometry(axial(0, 1, 2, 2.3, 3.3, 4.3))

    assert geometry.overlaps == 1
    assert not geometry.is_volume


def test_a_position_taken_twice_is_a_duplicate_and_does_not_change_the_spacing():
    geometry = measure_geometry(axial(0, 0, 2, 2, 4, 4))

    assert (geometry.duplicates, geometry.spacing_mm, geometry.gaps) == (3, 2.0, 0)
    assert not geometry.is_volume


def test_a_tilted_gantry_shears_the_volume_by_its_angle():
    geometry = measure_geometry(axial(0, 1, 2, 3, shear=math.tan(math.radians(15))))

    assert geometry.tilt_degrees == pytest.approx(15.0, abs=0.01)
    assert geometry.spacing_mm == 1.0
    assert not geometry.is_volume


def test_slices_of_different_planes_are_told_apart():
    slices = [*axial(0, 1, 2), Slice((0, 0, 0), CORONAL, (0.5, 0.5), 512, 512)]

    geometry = measure_geometry(slices)

    assert geometry.is_mixed
    assert judge_thin_slice(geometry, threshold_mm=1.5)[0] is False


def test_an_oblique_stack_is_measured_along_its_own_normal():
    turn = math.radians(30)
    orientation = (1, 0, 0, 0, math.cos(turn), math.sin(turn))
    normal = (0.0, -math.sin(turn), math.cos(turn))
    slices = [Slice([0.7 * step * part for part in normal], orientation, (1, 1), 64, 64) for step in range(5)]

    geometry = measure_geometry(slices)

    assert geometry.spacing_mm == pytest.approx(0.7, abs=1e-4)
    assert geometry.tilt_degrees == pytest.approx(0, abs=0.01)
    assert geometry.is_volume


@pytest.mark.parametrize(
    ("slices", "reason"),
    [
        ([], "no positions"),
        ([Slice(None, None)], "no positions"),
        (axial(0), "One slice"),
        ([Slice((0, 0, 0), AXIAL, frames=20)], "Multi-frame"),
        ([Slice((0, 0, 0), (1, 0, 0, 1, 0, 0)), Slice((0, 0, 1), (1, 0, 0, 1, 0, 0))], "perpendicular"),
    ],
)
def test_what_cannot_be_measured_says_why(slices, reason):
    geometry = measure_geometry(slices)

    thin, why = judge_thin_slice(geometry, threshold_mm=1.5)

    assert thin is None
    assert reason in geometry.reason == why


@pytest.mark.parametrize(("step", "thin"), [(0.625, True), (1.5, True), (1.6, False), (5.0, False)])
def test_thin_is_judged_by_measured_spacing(step, thin):
    geometry = measure_geometry(axial(0, step, 2 * step))

    verdict, why = judge_thin_slice(geometry, threshold_mm=1.5)

    assert verdict is thin
    assert f"{step:g} mm" in why


def test_slices_are_ordered_along_the_normal():
    assert order_along_normal(axial(2, 0, 1)) == [1, 2, 0]
    assert order_along_normal([Slice(None, None), Slice(None, None)]) == [0, 1]
