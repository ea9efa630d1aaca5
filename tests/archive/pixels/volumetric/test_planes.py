"""Planes and slabs through volumes, every pixel by arithmetic (PS3.3 §C.11.26, PS3.4 §FF.2)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.archive.pixels.blends import matrix_of
from tests.archive.pixels.states import item, line
from tests.archive.pixels.volumetric.views import drawn, grey_plane, input_of, linear, plane, slices_of


def expected(corner, right, down, size, value):
    """Display values at the centres of pixels of 1 mm."""
    rows, columns = np.arange(size[1]) + 0.5, np.arange(size[0]) + 0.5
    points = (
        np.array(corner) + rows[:, None, None] * np.array(down) + columns[None, :, None] * np.array(right)
    )
    return value(points[..., 0], points[..., 1], points[..., 2])


def test_plane_on_an_image_is_that_image():
    """Pixels of 1 mm whose centres are those of the voxels: the corner is half a voxel before the first."""
    values = np.arange(60).reshape(3, 4, 5) * 4
    slices = slices_of(values)

    made = drawn(grey_plane([input_of(slices)], **plane((-0.5, -0.5, 1), size=(5, 4))), slices)

    np.testing.assert_array_equal(made, values[1])


def test_oblique_plane_shows_what_lies_in_it():
    """A field that grows linearly is the same between voxels: 2 x + 3 y + 5 z + 10, 20 by 16 mm in 20 by 16 pixels."""
    slices = slices_of(linear((24, 24, 24), x=2, y=3, z=5, plus=10))
    right, down = (0.8, 0.0, 0.6), (0.36, 0.8, -0.48)
    corner, size = (0.5, 1.0, 8.5), (14, 12)

    made = drawn(grey_plane([input_of(slices)], **plane(corner, right=right, down=down, size=size)), slices)

    wanted = expected(corner, right, down, size, lambda x, y, z: 2 * x + 3 * y + 5 * z + 10)
    assert made.shape == (12, 14)
    np.testing.assert_allclose(made, wanted, atol=0.501)


def test_images_in_any_order_and_at_any_distances_make_the_volume():
    """At 0, 1, 4 and 6 mm with 10 for each mm: 25 at 2.5 mm, in the middle between 1 and 4 mm."""
    depths = [4.0, 0.0, 6.0, 1.0]
    slices = slices_of([np.full((3, 3), 10 * z) for z in depths], depths=depths)

    made = drawn(grey_plane([input_of(slices)], **plane((-0.5, -0.5, 2.5), size=(3, 3))), slices)

    assert (made == 25).all()


@pytest.mark.parametrize(("method", "value"), [("MAXIMUM_IP", 140), ("MINIMUM_IP", 60), ("AVERAGE_IP", 100)])
def test_slab_is_as_thick_on_both_sides_of_its_plane(method, value):
    """20 for each mm, 4 mm about 5 mm: from 60 at 3 mm to 140 at 7 mm, 100 in the mean."""
    slices = slices_of(linear((11, 4, 4), z=20))
    by = grey_plane([input_of(slices, RenderingMethod=method)], **plane((-0.5, -0.5, 5), size=(4, 4), slab=4))

    assert (drawn(by, slices) == value).all()


def test_slab_shows_a_voxel_only_where_a_ray_passes_it():
    values = np.full((5, 4, 4), 10)
    values[3, 1, 2] = 200
    slices = slices_of(values)
    by = grey_plane(
        [input_of(slices, RenderingMethod="MAXIMUM_IP")], **plane((-0.5, -0.5, 2), size=(4, 4), slab=2)
    )

    made = drawn(by, slices)

    assert made[1, 2] == 200
    assert np.count_nonzero(made == 10) == 15


def test_slab_counts_nothing_beyond_the_volume():
    """4 mm about the first image: of the samples at -2, -1, 0, 1 and 2 mm the last three are there."""
    slices = slices_of(linear((6, 3, 3), z=20))
    shown = {
        method: drawn(
            grey_plane(
                [input_of(slices, RenderingMethod=method)], **plane((-0.5, -0.5, 0), size=(3, 3), slab=4)
            ),
            slices,
        )
        for method in ("MINIMUM_IP", "AVERAGE_IP", "MAXIMUM_IP")
    }

    assert {method: set(made.ravel()) for method, made in shown.items()} == {
        "MINIMUM_IP": {0}, "AVERAGE_IP": {20}, "MAXIMUM_IP": {40},
    }  # fmt: skip


def test_beyond_half_a_voxel_there_is_nothing():
    """Columns at -1, -0.5 + 0, ...: two pixels of half a millimetre of every voxel, black outside of them."""
    slices = slices_of(np.full((2, 3, 3), 77))
    by = grey_plane([input_of(slices)], **plane((-1.5, -0.5, 0), size=(5, 3)))

    made = drawn(by, slices)

    assert [set(column) for column in made.T] == [{0}, {77}, {77}, {77}, {0}]


def test_what_is_shown_is_windowed_before_it_is_interpolated():
    """0 and 200 in a window from 0 to 100 are black and white: grey in between, where 100 itself would be white."""
    slices = slices_of([np.zeros((3, 3)), np.full((3, 3), 200)])
    given = input_of(slices, WindowCenter=50, WindowWidth=100)

    made = drawn(grey_plane([given], **plane((-0.5, -0.5, 0.5), size=(3, 3))), slices)

    assert (made == 128).all()


def test_rescale_is_that_of_each_image():
    """1 by a slope of 100 and 10 by one of 10 are the same value, also in between."""
    first, second = slices_of([np.full((3, 3), 1), np.full((3, 3), 10)])
    first.RescaleSlope, second.RescaleSlope = 100, 10
    first.RescaleIntercept = second.RescaleIntercept = 0

    made = drawn(
        grey_plane([input_of([first, second])], **plane((-0.5, -0.5, 0.5), size=(3, 3))), [first, second]
    )

    assert (made == 100).all()


def test_without_a_voi_all_values_there_can_be_are_shown():
    """51 of the 0 to 255 that 8 bits can hold, twice: by the slope 2 of one image, 102 of 0 to 510."""
    slices = slices_of([np.full((3, 3), 102), np.full((3, 3), 51)], BitsStored=8, HighBit=7)
    slices[1].RescaleSlope, slices[1].RescaleIntercept = 2, 0
    given = input_of(slices)
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction"):
        delattr(given[1], keyword)

    made = drawn(grey_plane([given], **plane((-0.5, -0.5, 0.5), size=(3, 3))), slices)

    assert (made == 51).all()


def test_voi_table_of_the_state_is_followed():
    slices = slices_of(linear((2, 1, 4), x=1))
    table = item(LUTDescriptor=[4, 0, 8], LUTData=np.array([9, 5, 7, 200], "<u2").tobytes())
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "OW"

    made = drawn(
        grey_plane([input_of(slices, VOILUTSequence=[table])], **plane((-0.5, -0.5, 0), size=(4, 1))), slices
    )

    assert made.tolist() == [[9, 5, 7, 200]]


def test_inverse_turns_black_and_white_over_but_nothing_stays_black():
    slices = slices_of(np.full((2, 2, 2), 55))
    by = grey_plane([input_of(slices)], **plane((-0.5, -0.5, 0), size=(3, 2)), PresentationLUTShape="INVERSE")

    assert drawn(by, slices).tolist() == [[200, 200, 0], [200, 200, 0]]


def test_padding_is_nothing_and_neither_is_what_lies_half_way_to_it():
    slices = slices_of([[[8, 8, 9, 8]], [[8, 8, 9, 8]]], PixelPaddingValue=9)

    on = drawn(grey_plane([input_of(slices)], **plane((-0.5, -0.5, 0), size=(4, 1))), slices)
    between = drawn(grey_plane([input_of(slices)], **plane((0, -0.5, 0), size=(3, 1))), slices)

    assert (on.tolist(), between.tolist()) == ([[8, 8, 0, 8]], [[8, 0, 0]])


def test_volume_in_other_coordinates_comes_by_the_matrix_of_its_registration():
    """The state's point (x, y, z) is (x + 1, y, z) among the images: columns one farther."""
    slices = slices_of(linear((2, 2, 5), x=10))
    matrix = np.array(matrix_of((1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 1, 0))).reshape(4, 4)

    made = drawn(grey_plane([input_of(slices)], **plane((-0.5, -0.5, 0), size=(4, 2))), slices, matrix=matrix)

    assert made[0].tolist() == [10, 20, 30, 40]


def test_size_is_that_of_the_finest_pixels_or_what_is_wished_for():
    slices = slices_of(np.full((2, 8, 8), 5), PixelSpacing=[0.5, 0.5])
    by = grey_plane([input_of(slices)], **plane((0, 0, 0), size=(3, 2)))

    assert drawn(by, slices).shape == (4, 6)
    assert drawn(by, slices, size=(90, 100)).shape == (60, 90)


def test_annotations_are_drawn_in_units_of_the_display():
    """A line along the middle of the height, in a layer of a grey of its own."""
    slices = slices_of(np.zeros((2, 8, 8)))
    by = grey_plane([input_of(slices)], **plane((-0.5, -0.5, 0), size=(8, 8)))
    by.GraphicAnnotationSequence = [line(0, 0.5, 1, 0.5, units="DISPLAY")]
    by.GraphicLayerSequence = [
        item(GraphicLayer="L", GraphicLayerOrder=1, GraphicLayerRecommendedDisplayGrayscaleValue=0x6400)
    ]

    made = drawn(by, slices)

    assert made[4].tolist() == [100] * 8
    assert np.count_nonzero(made) == 8
