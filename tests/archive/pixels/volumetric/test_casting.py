"""Volume renderings: opacity, colours, projection and light, by arithmetic (PS3.3 §C.11.30 to §C.11.32)."""

from __future__ import annotations

import numpy as np
import pytest

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.rendering.volumetric.services import volumetric_state
from tests.archive.pixels.images import part10
from tests.archive.pixels.volumetric.views import camera, component, drawn, input_of, rendering, slices_of

# From above the first image, looking along +z; rows run with -y upwards, as they lie in the images.
ABOVE = camera((2, 2, -10.5), (2, 2, 0), (-2.5, 2.5, 2.5, -2.5, 10, 40))


def table(**opacities: int) -> list[int]:
    """Opacities of 8 bits of some values; the others are clear."""
    made = [0] * 256
    for value, opacity in opacities.items():
        made[int(value[1:])] = opacity
    return made


def slabs(*values: int):
    """Images of 5 by 5 voxels, all of one value."""
    return slices_of([np.full((5, 5), value) for value in values])


def test_opacity_adds_up_from_the_viewpoint_on():
    """Samples in the middle of each step of 1 mm, on the images: 2 of 100 with 51 / 255, 3 of 200 with 102 / 255."""
    slices = slabs(0, 100, 100, 200, 200, 200, 0)
    by = rendering(input_of(slices), component(table=table(v100=51, v200=102)), **ABOVE)

    made = drawn(by, slices)

    front, back = 1 - 0.8**2, 1 - 0.6**3
    expected = 100 * front + 0.8**2 * 200 * back
    assert made.shape == (5, 5, 3)
    assert (made == int(expected + 0.5)).all()


def test_what_is_opaque_hides_what_lies_behind_it():
    slices = slabs(100, 200)

    opaque = component(table=table(v100=255, v200=255))
    below = camera((2, 2, 11.5), (2, 2, 0), (-2.5, 2.5, 2.5, -2.5, 10, 40))

    assert (drawn(rendering(input_of(slices), opaque, **ABOVE), slices) == 100).all()
    assert (drawn(rendering(input_of(slices), opaque, **below), slices) == 200).all()


def test_opacity_is_that_of_a_step_as_long_as_the_state_s():
    """Steps of 1 mm for one of 4 mm: four of them are as opaque as it, 0.36."""
    slices = slabs(*[100] * 4)
    by = rendering(input_of(slices), component(table=table(v100=92)), **ABOVE, SamplingStepSize=4.0)

    assert (drawn(by, slices) == int(100 * 92 / 255 + 0.5)).all()


def test_colours_come_from_the_table_of_the_component():
    slices = slabs(0, 153, 0)
    by = rendering(input_of(slices), component(colour="Green", table=table(v153=255)), **ABOVE)

    assert (drawn(by, slices) == [0, 153, 0]).all()


def test_up_is_up_and_right_is_right():
    """A voxel at x = 3, y = 1, seen along +z with -y up: as in the image. Along -z, right and left are turned over."""
    values = np.zeros((2, 5, 5))
    values[:, 1, 3] = 200
    slices = slices_of(values)
    seen = component(table=table(v200=255))
    behind = camera((2, 2, 11.5), (2, 2, 0), (-2.5, 2.5, 2.5, -2.5, 10, 40))

    assert np.argwhere(drawn(rendering(input_of(slices), seen, **ABOVE), slices)[..., 0] == 200).tolist() == [
        [1, 3]
    ]
    assert np.argwhere(
        drawn(rendering(input_of(slices), seen, **behind), slices)[..., 0] == 200
    ).tolist() == [[1, 1]]


@pytest.mark.parametrize(("depth", "width"), [(20, 20), (40, 10)])
def test_perspective_makes_what_is_twice_as_far_half_as_wide(depth, width):
    """A plate of 5 mm, where the field of view is 40 mm wide at 80 mm: at a quarter of that it is seen as 20 mm."""
    values = np.zeros((2, 31, 31))
    values[:, 13:18, 13:18] = 200
    slices = slices_of(values)
    view = camera((15, 15, -depth), (15, 15, 0), (-20, 20, 20, -20, depth - 5, 80), projection="PERSPECTIVE")
    opaque = component(table=[0] * 100 + [255] * 156)

    made = drawn(rendering(input_of(slices), opaque, **view), slices, size=(40, 40))

    (rows,), (columns,) = np.nonzero(made[..., 0].any(axis=1)), np.nonzero(made[..., 0].any(axis=0))
    assert (len(rows), len(columns)) == (width, width)


def test_orthographic_width_does_not_depend_on_depth():
    values = np.zeros((2, 31, 31))
    values[:, 13:18, 13:18] = 200
    slices = slices_of(values)
    opaque = component(table=[0] * 100 + [255] * 156)
    widths = []
    for depth in (20, 40):
        view = camera((15, 15, -depth), (15, 15, 0), (-20, 20, 20, -20, depth - 5, 80))
        made = drawn(rendering(input_of(slices), opaque, **view), slices, size=(80, 80))
        widths.append(np.count_nonzero(made[..., 0].any(axis=0)))

    assert widths == [10, 10]


@pytest.mark.parametrize(("method", "value"), [("MAXIMUM_IP", 200), ("MINIMUM_IP", 10)])
def test_projections_show_the_colour_of_the_largest_or_smallest_sample(method, value):
    slices = slabs(40, 200, 10, 90)
    by = rendering(input_of(slices), component(colour="Blue", alpha="NONE"), **ABOVE, RenderingMethod=method)

    assert (drawn(by, slices) == [0, 0, value]).all()


def test_field_of_view_ends_at_its_near_and_far_planes():
    """Images at 0 to 4 mm, the viewpoint at -10.5 mm; from 11.5 to 12.5 mm off lies that at 1.5 to 2 mm alone."""
    slices = slabs(10, 20, 30, 40, 50)
    view = camera((2, 2, -10.5), (2, 2, 0), (-2.5, 2.5, 2.5, -2.5, 12, 13))
    by = rendering(
        input_of(slices), component(colour="Red", alpha="NONE"), **view, RenderingMethod="MAXIMUM_IP"
    )

    assert (drawn(by, slices)[..., 0] == 30).all()


def lit(light: tuple[float, float, float], **elements):
    """A wall of 200 behind nothing, seen straight on: its normal points to the viewpoint, along -z."""
    slices = slabs(0, 0, 200, 200)
    shading = {
        "ShadingStyle": "DOUBLESIDED", "AmbientReflectionIntensity": 0.25, "LightDirection": list(light), **elements,
    }  # fmt: skip
    by = rendering(input_of(slices), component(table=[0] * 150 + [255] * 106), **ABOVE, **shading)
    return drawn(by, slices)[2, 2, 0]


@pytest.mark.parametrize(
    ("light", "value"),
    [((0, 0, 1), 0.25 + 0.5), ((1, 0, 0), 0.25), ((0.6, 0, 0.8), 0.25 + 0.5 * 0.8), ((0, 0, -1), 0.25)],
)
def test_diffuse_light_is_that_of_the_angle_between_normal_and_light(light, value):
    assert lit(light, DiffuseReflectionIntensity=0.5) == int(200 * value + 0.5)


def test_specular_light_is_white_where_it_is_mirrored_to_the_viewpoint():
    """Straight on, all of it: 50 of 200 ambient and 0.4 of 255; from aside, with much shininess, nothing."""
    assert lit((0, 0, 1), SpecularReflectionIntensity=0.4, Shininess=1.0) == 50 + 102
    assert lit((0.6, 0, 0.8), SpecularReflectionIntensity=0.4, Shininess=1.0) == 50


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"RenderingMethod": "AVERAGE_IP"}, "VOLUMETRIC_METHOD"),
        ({"RenderingMethod": "MAXIMUM_IP"}, "VOLUMETRIC_ALPHA"),
        ({"ShadingStyle": "SINGLESIDED"}, "VOLUMETRIC_SHADING"),
        ({"ShadingStyle": "DOUBLESIDED"}, "PRESENTATION_UNSUITED"),
        ({"VolumeStreamSequence": []}, "VOLUMETRIC_INPUTS"),
        ({"RenderFieldOfView": [2.5, -2.5, 2.5, -2.5, 10, 40]}, "PRESENTATION_UNSUITED"),
        ({"RenderFieldOfView": [-2.5, 2.5, 2.5, -2.5, 0, 40]}, "PRESENTATION_UNSUITED"),
        ({"RenderProjection": "FISHEYE"}, "PRESENTATION_UNSUITED"),
        ({"ViewpointLookAtPoint": [2, 2, -10.5]}, "PRESENTATION_UNSUITED"),
        ({"ViewpointUpDirection": [0, 0, 1]}, "PRESENTATION_UNSUITED"),
        ({"SamplingStepSize": -1.0}, "PRESENTATION_UNSUITED"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.10"}, "VOLUMETRIC_SEGMENTED"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.11"}, "VOLUMETRIC_MULTIPLE"),
    ],
)
def test_renderings_that_cannot_be_made_are_refused_by_name(elements, code):
    by = rendering(input_of(slabs(1, 2)), component(), **(ABOVE | elements))

    with pytest.raises(PixelsUnreadable) as refusal:
        volumetric_state(part10(by))

    assert refusal.value.code == code
