"""How much each of several parallel planes counts, and where an image's pixels lie (PS3.3 C.7.6.2, C.8.8.3.2)."""

from __future__ import annotations

import numpy as np
import pytest

from archive.pixels.rendering.planes import Grid, Plane, plane_from, plane_of
from archive.pixels.rendering.stacks import Stack, usual_distance_mm
from tests.archive.pixels.blends import placed_image


def plane_at(z: float, *, tilt: float = 0.0) -> Plane:
    """An axial plane, tilted about its rows by an angle in degrees."""
    angle = np.deg2rad(tilt)
    found = plane_from("1.2", [0, 0, z], [1, 0, 0, 0, np.cos(angle), np.sin(angle)], [1, 1])
    assert found is not None
    return found


def stack(*depths: float, spacing_mm: float = 2.0) -> Stack:
    return Stack([plane_at(z) for z in depths], spacing_mm=spacing_mm)


def shares(of: Stack, depth: float, *, planes: int) -> list[float]:
    return [round(float(of.share(at, np.array(depth))), 6) for at in range(planes)]


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (0, [1, 0, 0]), (0.5, [0.75, 0.25, 0]), (2, [0, 1, 0]), (3, [0, 0.5, 0.5]),
        (-1, [1, 0, 0]), (-1.1, [0, 0, 0]), (5, [0, 0, 1]), (5.1, [0, 0, 0]),
    ],
)  # fmt: skip
def test_share_is_linear_between_planes_and_whole_half_a_distance_beyond(depth, expected):
    assert shares(stack(0, 2, 4), depth, planes=3) == expected


@pytest.mark.parametrize(("depth", "expected"), [(0.9, [1, 0]), (2, [0, 0]), (3.1, [0, 1])])
def test_gap_where_planes_are_missing_is_not_bridged(depth, expected):
    assert shares(stack(0, 4), depth, planes=2) == expected


@pytest.mark.parametrize(
    ("z", "tilt", "expected"), [(0.09, 0, [0]), (0, 0.05, [0]), (0.11, 0, []), (0, 0.1, [])]
)
def test_single_plane_is_where_it_is_to_a_tenth_of_a_millimetre(z, tilt, expected):
    one = stack(0, spacing_mm=usual_distance_mm(np.array([0.0])))

    assert one.reached(plane_at(z, tilt=tilt).grid, rows=1, columns=1) == expected


def test_grid_across_a_stack_reaches_the_planes_between_its_corners():
    """Rows down from 3.5 mm to 0.5 mm: planes at 0, 2 and 4 mm count, that at 6 mm does not."""
    upright = plane_from("1.2", [0, 0, 3.5], [1, 0, 0, 0, 0, -1], [1, 1])
    assert upright is not None

    assert stack(0, 2, 4, 6).reached(upright.grid, rows=4, columns=2) == [0, 1, 2]


def test_pixels_are_moved_by_a_matrix():
    """A quarter turn about z: x becomes y, y becomes -x; then 10 mm along x."""
    quarter = np.array([[0.0, -1, 0, 10], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])

    moved = Grid(np.array([1.0, 2, 3]), np.array([0.0, 1, 0]), np.array([1.0, 0, 0])).moved(quarter)

    assert moved.start.tolist() == [8, 1, 3]
    assert moved.down.tolist() == [-1, 0, 0]
    assert moved.right.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("offsets", "expected"), [([0, 2.5, 5], [0, 0, 7.5]), ([5, 7.5, 10], None), ([0, 1], None)]
)
def test_frames_of_a_dose_lie_by_their_offsets_from_the_first(offsets, expected):
    dose = placed_image(np.zeros((3, 2, 2), np.uint8), NumberOfFrames=3, GridFrameOffsetVector=offsets)

    plane = plane_of(dose, 2)

    assert (None if plane is None else plane.position.tolist()) == expected
