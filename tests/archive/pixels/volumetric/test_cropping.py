"""What of a volume is left in a view (PS3.3 §C.11.24)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.rendering.volumetric.services import volumetric_state
from tests.archive.pixels.blends import matrix_of
from tests.archive.pixels.images import part10
from tests.archive.pixels.states import item
from tests.archive.pixels.volumetric.views import drawn, grey_plane, input_of, plane, slices_of

SLICES = slices_of(np.full((3, 4, 6), 90))
VIEW = plane((-0.5, -0.5, 1), size=(6, 4))
OWN: dict[str, Any] = {"Crop": "YES", "CroppingSpecificationIndex": 1}


def crop(number: int = 1, **elements):
    return item(CroppingSpecificationNumber=number, **elements)


def box(*corners: float, number: int = 1):
    return crop(number, VolumeCroppingMethod="BOUNDING_BOX", BoundingBoxCrop=list(corners))


def oblique(*planes: tuple[Sequence[float], Sequence[float]], number: int = 1):
    each = [item(Plane=equation, PlaneNormal=normal) for equation, normal in planes]
    return crop(number, VolumeCroppingMethod="OBLIQUE_PLANES", ObliqueCroppingPlaneSequence=each)


def columns_left(by, **how) -> list[int]:
    """The columns that are shown, each as a whole."""
    made = drawn(by, SLICES, **how)
    assert all(len(set(column)) == 1 for column in made.T)
    return [at for at, value in enumerate(made[0]) if value]


@pytest.mark.parametrize("corners", [(2, -9, -9, 4, 9, 9), (4, 9, -9, 2, -9, 9)])
def test_box_leaves_what_lies_between_two_opposite_corners(corners):
    by = grey_plane([input_of(SLICES, **OWN)], **VIEW, VolumeCroppingSequence=[box(*corners)])

    assert columns_left(by) == [2, 3, 4]


def test_box_is_one_of_the_volume_also_where_that_is_registered():
    """The state's x from 2 to 4 is 3 to 5 among the images, which the state sees at 2 to 4."""
    matrix = np.array(matrix_of((1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 1, 0))).reshape(4, 4)
    by = grey_plane([input_of(SLICES, **OWN)], **VIEW, VolumeCroppingSequence=[box(2, -9, -9, 4, 9, 9)])

    assert columns_left(by, matrix=matrix) == [2, 3, 4]


@pytest.mark.parametrize("sign", [1, -1])
def test_oblique_plane_takes_away_what_its_normal_points_to(sign):
    """x = 3, written either way round; the normal along x."""
    planes = ([sign, 0, 0, -3 * sign], [1, 0, 0])
    by = grey_plane([input_of(SLICES, **OWN)], **VIEW, VolumeCroppingSequence=[oblique(planes)])

    assert columns_left(by) == [0, 1, 2, 3]


def test_oblique_planes_leave_what_all_of_them_enclose():
    by = grey_plane(
        [input_of(SLICES, **OWN)],
        **VIEW,
        VolumeCroppingSequence=[oblique(([1, 0, 0, -4], [1, 0, 0]), ([1, 0, 0, -1], [-1, 0, 0]))],
    )

    assert columns_left(by) == [1, 2, 3, 4]


def test_diagonal_plane_cuts_pixel_by_pixel():
    """x + y = 4 leaves the columns up to 4 - y of each row."""
    planes = ([1, 1, 0, -4], [0.7071, 0.7071, 0])
    by = grey_plane([input_of(SLICES, **OWN)], **VIEW, VolumeCroppingSequence=[oblique(planes)])

    assert [np.count_nonzero(row) for row in drawn(by, SLICES)] == [5, 4, 3, 2]


def test_cropping_of_all_inputs_and_of_one_are_both_done():
    by = grey_plane(
        [input_of(SLICES, Crop="YES", CroppingSpecificationIndex=[2])],
        **VIEW,
        GlobalCrop="YES",
        GlobalCroppingSpecificationIndex=1,
        VolumeCroppingSequence=[box(1, -9, -9, 9, 9, 9), box(-9, -9, -9, 3, 9, 9, number=2)],
    )

    assert columns_left(by) == [1, 2, 3]


def test_cropping_that_is_not_asked_for_is_not_done():
    by = grey_plane([input_of(SLICES)], **VIEW, VolumeCroppingSequence=[box(2, -9, -9, 4, 9, 9)])

    assert columns_left(by) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        (crop(VolumeCroppingMethod="INCLUDE_SEG"), "VOLUMETRIC_CROP"),
        (crop(VolumeCroppingMethod="EXCLUDE_SEG"), "VOLUMETRIC_CROP"),
        (box(1, 2, 3, number=1), "PRESENTATION_UNSUITED"),
        (box(2, -9, -9, 4, 9, 9, number=7), "PRESENTATION_UNSUITED"),
        (oblique(), "PRESENTATION_UNSUITED"),
        (oblique(([0, 0, 0, 1], [1, 0, 0])), "PRESENTATION_UNSUITED"),
        (oblique(*[([1, 0, 0, 1], [1, 0, 0])] * 65), "PRESENTATION_UNSUITED"),
        (oblique(([1, 0, 0, 1], [0, 1, 0])), "PRESENTATION_UNSUITED"),
    ],
)
def test_cropping_that_cannot_be_followed_is_refused_by_name(spoiled, code):
    by = grey_plane([input_of(SLICES, **OWN)], **VIEW, VolumeCroppingSequence=[spoiled])

    with pytest.raises(PixelsUnreadable) as refusal:
        volumetric_state(part10(by))

    assert refusal.value.code == code
