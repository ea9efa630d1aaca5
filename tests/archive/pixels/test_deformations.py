"""Where a deformation takes points from: after @ (before @ point + vector at the point), PS3.3 C.20.3.1.1.

Points are the pixels of an axial picture of 1 mm at 0 mm, each expected by that arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.rendering.deformable import (
    MOST_ITEMS,
    field_of,
    registration_from_plain,
    registration_to_plain,
)
from archive.pixels.rendering.planes import Grid, Numbers
from archive.pixels.rendering.registrations import Registered
from tests.archive.pixels.blends import deformable, deformed, matrix_of
from tests.archive.pixels.images import part10
from tests.archive.pixels.states import item

DOWN, RIGHT = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
Y, X = np.mgrid[:5, :5].astype(float)
HERE = np.stack([X, Y, 0 * X], axis=-1)
SHIFT = matrix_of((1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 1, 0))
QUARTER_TURN = matrix_of((0, -1, 0, 0), (1, 0, 0, 0), (0, 0, 1, 0))


def constant(*vector: float, shape: tuple[int, int, int] = (1, 5, 5)) -> Numbers:
    vectors: Numbers = np.broadcast_to(np.array(vector, float), (*shape, 3)).copy()
    return vectors


def moved_by(*vector: float) -> Numbers:
    moved: Numbers = HERE + np.array(vector)
    return moved


def taken_from(one: Dataset, grid: Grid | None = None, size: int = 5) -> Numbers:
    """The source points of the picture by the first item."""
    field = field_of(part10(deformable(one)), 0)
    return field.deformed(grid or Grid(np.zeros(3), DOWN, RIGHT), rows=size, columns=size).points


def registered_by(*items: Dataset) -> tuple[Registered, ...]:
    plain = registration_to_plain(part10(deformable(*items)))
    return registration_from_plain(plain, uid="1.2.3.55").registered


def test_one_vector_everywhere_is_a_shift():
    assert taken_from(deformed(constant(2, 1, -3))).tolist() == moved_by(2, 1, -3).tolist()


def test_vectors_that_grow_evenly_are_a_scaling():
    """Of 0 mm at 0 mm and 4 mm at 4 mm, interpolated between the only two columns: twice as far."""
    vectors = [[[(0, 0, 0), (4, 0, 0)], [(0, 4, 0), (4, 4, 0)]]]

    assert taken_from(deformed(vectors, steps=(4, 4, 1))).tolist() == (2 * HERE).tolist()


def test_matrices_stand_before_and_behind_the_vector_of_the_registered_point():
    """A vector of (0, x, 0) at x, also where the matrix before moves x by 1: (x + 1, y + x), turned (-y - x, x + 1)."""
    vectors = [[[(0, 0, 0), (0, 4, 0)], [(0, 0, 0), (0, 4, 0)]]]

    made = taken_from(deformed(vectors, steps=(4, 4, 1), before=SHIFT, after=QUARTER_TURN))

    assert made.tolist() == np.stack([-Y - X, X + 1, 0 * X], axis=-1).tolist()


def test_nothing_is_told_beyond_half_a_cell_around_the_grid():
    """Two columns of 2 mm at 1 and 3 mm reach from 0 mm up to 4 mm; rows and planes all."""
    made = taken_from(deformed(constant(1, 0, 0, shape=(1, 5, 2)), start=(1, 0, 0), steps=(2, 1, 1)))

    assert (~np.isnan(made[..., 0])).tolist() == (X < 4).tolist()
    assert made[:, :4].tolist() == moved_by(1, 0, 0)[:, :4].tolist()


@pytest.mark.parametrize("hole", [(np.nan, np.nan, np.nan), (0, np.nan, 0), (np.inf, 0, 0)])
def test_vector_that_is_no_number_leaves_what_it_counts_for_undefined(hole):
    """Columns at 0, 2 and 4 mm, the middle one without a vector: at 1 and 3 mm half of it would count."""
    vectors = constant(0, 0, 0, shape=(1, 5, 3))
    vectors[0, 3, 1] = hole

    made = taken_from(deformed(vectors, steps=(2, 1, 1)))

    assert np.isnan(made[..., 0]).tolist() == ((Y == 3) & (X > 0) & (X < 4)).tolist()


def test_depth_is_interpolated_and_planes_follow_the_cross_product():
    """Two planes 4 mm apart, of 0 and 8 mm: 2 mm at 1 mm of depth."""
    vectors = np.concatenate([constant(0, 0, 0), constant(0, 0, 8)])

    made = taken_from(deformed(vectors, steps=(1, 1, 4)), Grid(np.array([0.0, 0, 1]), DOWN, RIGHT))

    assert made.tolist() == moved_by(0, 0, 1 + 2).tolist()


def along_one_axis_after_the_other(vectors: Numbers, cell: Numbers) -> Numbers:
    """A vector at a column, row and plane, by what numpy interpolates along a line."""
    for position in cell[::-1]:  # planes are the first axis, then rows
        flat = vectors.reshape(len(vectors), -1)
        line = [np.interp(position, np.arange(len(flat)), values) for values in flat.T]
        vectors = np.array(line).reshape(vectors.shape[1:])
    return vectors


def test_irregular_field_in_an_oblique_grid_is_interpolated_in_all_three_directions():
    random = np.random.default_rng(4)
    vectors = random.normal(size=(4, 6, 5, 3))
    across, along = np.array([0.8, 0.6, 0]), np.array([-0.48, 0.64, 0.6])
    axes = np.array([across, along, np.cross(across, along)])
    start, steps = np.array([1.0, -2, 3]), np.array([1.5, 0.75, 2])
    grid = Grid(start + axes.T @ [2, 1, 1], 0.11 * axes[1] + 0.04 * axes[2], 0.13 * axes[0] + 0.03 * axes[2])

    made = taken_from(
        deformed(vectors, start=start, steps=steps, directions=[*across, *along]), grid, size=16
    )

    rows, columns = np.mgrid[:16, :16]
    points = grid.start + rows[..., None] * grid.down + columns[..., None] * grid.right
    expected = np.array(
        [
            point + along_one_axis_after_the_other(vectors, axes @ (point - start) / steps)
            for point in points.reshape(-1, 3)
        ]
    )
    np.testing.assert_allclose(made.reshape(-1, 3), expected, atol=1e-3)


def test_bounds_hold_all_vectors_that_are_told():
    vectors = constant(1, 0, 0)
    vectors[0, 1, 1], vectors[0, 2, 2] = (-3, 2, 5), (np.nan, 99, 99)

    (one,) = registered_by(deformed(vectors, after=QUARTER_TURN))

    assert one.deformation is not None
    assert (one.deformation.low.tolist(), one.deformation.high.tolist()) == ([-3, 0, 0], [1, 2, 5])
    assert one.deformation.span_along(np.array([0.0, 1.0, 0.0])) == (
        -3.0,
        1.0,
    )  # x of the vector, turned to y


def test_item_without_a_grid_is_a_matrix_that_leads_the_other_way():
    (one,) = registered_by(deformed(None, before=SHIFT, after=QUARTER_TURN))

    assert one.matrix is not None
    assert np.round(one.matrix @ [0, 1, 0, 1], 9).tolist() == [0, 0, 0, 1]


def test_item_that_names_images_is_for_them_alone():
    image = item(ReferencedSOPInstanceUID="1.2.9", ReferencedFrameNumber=2)

    made = registration_from_plain(
        registration_to_plain(
            part10(deformable(deformed(constant(0, 0, 0), ReferencedImageSequence=[image])))
        ),
        uid="1.2.3.55",
    )

    assert made.frame_of_reference == "1.2.77"
    assert made.of("1.2.9", 2, "1.2.78") is made.registered[0]
    assert made.of("1.2.9", 1, "1.2.78") is None


def with_grid(**elements: Any) -> Dataset:
    made = deformed(constant(0, 0, 0))
    for keyword, value in elements.items():
        setattr(made.DeformableRegistrationGridSequence[0], keyword, value)
    return made


def test_more_items_than_anybody_writes_are_refused():
    with pytest.raises(PixelsUnreadable) as refusal:
        registration_to_plain(part10(deformable(*[deformed(None)] * (MOST_ITEMS + 1))))

    assert refusal.value.code == "REGISTRATION_GRID"


def with_two_grids() -> Dataset:
    made = deformed(constant(0, 0, 0))
    made.DeformableRegistrationGridSequence.append(made.DeformableRegistrationGridSequence[0])
    return made


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (with_grid(GridDimensions=[5, 5, 2]), "REGISTRATION_GRID"),
        (with_grid(GridDimensions=[5, 5]), "REGISTRATION_GRID"),
        (with_grid(GridDimensions=[1 << 30, 1 << 30, 1 << 30]), "REGISTRATION_GRID"),
        (with_grid(GridResolution=[1.0, 0.0, 1.0]), "REGISTRATION_GRID"),
        (with_grid(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), "REGISTRATION_GRID"),
        (with_grid(ImagePositionPatient=None), "REGISTRATION_GRID"),
        (with_two_grids(), "REGISTRATION_GRID"),
        (deformed(constant(0, 0, 0), before=[0.0] * 16), "REGISTRATION_MATRIX"),
        (deformed(None, after=[1.0] * 15), "REGISTRATION_MATRIX"),
    ],
)
def test_what_cannot_be_followed_is_refused(one, code):
    with pytest.raises(PixelsUnreadable) as refusal:
        registration_to_plain(part10(deformable(one)))

    assert refusal.value.code == code
