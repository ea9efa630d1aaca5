"""Planes in colour: classification of each input, and inputs laid over each other (PS3.3 §C.11.27, PS3.4 §FF.2.3.3)."""

from __future__ import annotations

import numpy as np
import pytest

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.rendering.volumetric.services import volumetric_state
from tests.archive.pixels.images import part10
from tests.archive.pixels.states import item
from tests.archive.pixels.volumetric.views import (
    colour_plane,
    component,
    compositor,
    drawn,
    input_of,
    plane,
    slices_of,
    weighting,
)

VIEW = plane((-0.5, -0.5, 0), size=(4, 2))


def flat(value: int, root: str = "1.2.3.4.1", columns: int = 4):
    return slices_of(np.full((2, 2, columns), value), root=root)


def over(first: float, second: float):
    """Weights that do not depend on opacity."""
    return compositor(lambda _one, _two: first, lambda _one, _two: second)


# The second over the first by its own opacity: Porter and Duff.
OVER = compositor(lambda _one, two: 1 - two, lambda _one, two: two)


def test_one_input_is_shown_in_the_colours_of_its_table():
    slices = flat(153)
    by = colour_plane([input_of(slices)], [component(colour="Red", alpha="NONE")], **VIEW)

    made = drawn(by, slices)

    assert made.shape == (2, 4, 3)
    assert (made == [153, 0, 0]).all()


def test_input_without_a_table_is_grey():
    slices = flat(42)

    assert (drawn(colour_plane([input_of(slices)], [component()], **VIEW), slices) == [42, 42, 42]).all()


def test_second_input_lies_over_the_first_by_its_opacity():
    """Grey 102 under red 204 of an opacity of 68 / 255, which is 4 of 15: 11 and 4 fifteenths of them."""
    below, above = flat(102), flat(204, "1.2.3.4.2")
    inputs = [input_of(below), input_of(above, number=2, set_uid="1.2.8.2")]
    components = [component(1), component(2, colour="Red", table=[68] * 256)]

    made = drawn(colour_plane(inputs, components, [OVER], **VIEW), below, above)

    weight_below, weight_above = np.rint(255 * 11 / 15) / 255, np.rint(255 * 4 / 15) / 255
    grey = weight_below * 102
    assert (made == np.floor([grey + weight_above * 204 + 0.5, grey + 0.5, grey + 0.5])).all()


def test_where_the_second_input_is_not_the_first_is_shown_alone():
    below, above = flat(102), flat(255, "1.2.3.4.2", columns=2)
    inputs = [input_of(below), input_of(above, number=2, set_uid="1.2.8.2")]
    components = [component(1), component(2, colour="Blue")]

    made = drawn(colour_plane(inputs, components, [OVER], **VIEW), below, above)

    assert made[0].tolist() == [[0, 0, 255]] * 2 + [[102] * 3] * 2


def test_first_opacity_is_the_upper_half_of_the_weight_s_index():
    """Weights of one opacity each, 17 for each fifteenth: of the first 5 of 15, of the second 10 of 15."""
    below, above = flat(255), flat(255, "1.2.3.4.2")
    inputs = [input_of(below), input_of(above, number=2, set_uid="1.2.8.2")]
    components = [
        component(1, colour="Red", table=[85] * 256), component(2, colour="Blue", table=[170] * 256)
    ]  # fmt: skip
    by_own = compositor(lambda one, _two: one, lambda _one, two: two)

    made = drawn(colour_plane(inputs, components, [by_own], **VIEW), below, above)

    assert made[0, 0].tolist() == [85, 0, 170]


def test_third_input_meets_what_was_made_with_one_minus_its_own_opacity():
    """Red and green by halves, then blue of opacity 5 / 15: 1 - A is 10 / 15 for what was there."""
    volumes = [flat(255, f"1.2.3.4.{number}") for number in (1, 2, 3)]
    inputs = [
        input_of(volume, number=number, set_uid=f"1.2.8.{number}")
        for number, volume in enumerate(volumes, start=1)
    ]
    components = [
        component(1, colour="Red"), component(2, colour="Green"), component(3, colour="Blue", table=[85] * 256),
    ]  # fmt: skip
    by_own = compositor(lambda one, _two: one, lambda _one, two: two)

    made = drawn(colour_plane(inputs, components, [over(0.6, 0.4), by_own], **VIEW), *volumes)

    assert made[0, 0].tolist() == [102, 68, 85]


def test_colours_beyond_white_are_white():
    below, above = flat(255), flat(255, "1.2.3.4.2")
    inputs = [input_of(below), input_of(above, number=2, set_uid="1.2.8.2")]

    made = drawn(colour_plane(inputs, [component(1), component(2)], [over(1, 1)], **VIEW), below, above)

    assert (made == 255).all()


def two_to_one(kind: str):
    made = component()
    made.ComponentType = kind
    return made


def uneven(entries: int):
    table = weighting(lambda one, _two: one)
    table.LUTDescriptor = [entries, 0, 8]
    table["LUTDescriptor"].VR = "US"
    return item(WeightingTransferFunctionSequence=[table, table])


@pytest.mark.parametrize(
    ("components", "compositors", "code"),
    [
        ([two_to_one("TWO_TO_RGBA")], [], "VOLUMETRIC_COMPONENT"),
        ([two_to_one("THREE_TO_RGBA")], [], "PRESENTATION_UNSUITED"),
        ([], [], "VOLUMETRIC_INPUTS"),
        ([component(7)], [], "VOLUMETRIC_INPUTS"),
        ([component()] * 9, [OVER] * 8, "VOLUMETRIC_INPUTS"),
        ([component(alpha="OTHER")], [], "VOLUMETRIC_ALPHA"),
        ([component(alpha="TABLE")], [], "VOLUMETRIC_ALPHA"),
        ([component(), component(2, alpha="NONE")], [OVER], "VOLUMETRIC_ALPHA"),
        ([component(), component(2)], [], "PRESENTATION_UNSUITED"),
        ([component(), component(2)], [OVER, OVER], "PRESENTATION_UNSUITED"),
        ([component(), component(2)], [item()], "PRESENTATION_UNSUITED"),
        ([component(), component(2)], [uneven(128)], "PRESENTATION_UNSUITED"),
    ],
)  # fmt: skip
def test_colours_that_cannot_be_made_are_refused_by_name(components, compositors, code):
    below, above = flat(1), flat(2, "1.2.3.4.2")
    inputs = [input_of(below), input_of(above, number=2, set_uid="1.2.8.2")]

    with pytest.raises(PixelsUnreadable) as refusal:
        volumetric_state(part10(colour_plane(inputs, components, compositors, **VIEW)))

    assert refusal.value.code == code
