"""Advanced blending presentation states: expected pictures by the arithmetic of PS3.4 N.2.6.

FOREGROUND is first * opacity + second * (1 - opacity), EQUAL the mean; what is padding takes no part.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import FileDataset

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.volumes import Layer, Superimposed
from archive.pixels.rendering.wishes import Rendering
from tests.archive.pixels.blends import advanced_state, blending_input, placed_image, step, threshold
from tests.archive.pixels.images import part10
from tests.archive.pixels.states import area, carried, item

ONE, TWO, THREE = "1.2.3.4.5", "1.2.3.4.7", "1.2.3.4.8"
GREY = np.array([[0, 100], [200, 255]], np.uint8)
EXACT = {"WindowCenter": 50, "WindowWidth": 100, "VOILUTFunction": "LINEAR_EXACT"}


def shown(by: FileDataset, below: FileDataset, *over: FileDataset, **wish: Any) -> Any:
    """The picture of the first input, with the others over it."""
    data, *others = (part10(one) for one in (below, *over))
    volumes = [
        Superimposed([Layer(parse(one), one, 1)], 0.2, number=number)
        for number, one in enumerate(others, start=2)
    ]
    asked = Rendering(format="PNG", presentation=carried(by), **wish)
    return np.asarray(Image.open(io.BytesIO(drawn(parse(data), data, asked, over=volumes)))).tolist()


def full(value: int, *, uid: str = TWO, **elements: Any) -> FileDataset:
    return placed_image(np.full((2, 2), value, np.uint8), uid=uid, **elements)


def two(
    first: dict[str, Any] | None = None, second: dict[str, Any] | None = None, *, opacity: float | None = 0.25
):
    """A state of a grey input and a red one."""
    inputs = [blending_input(ONE, **(first or {})), blending_input(TWO, colour="Red", **(second or {}))]
    return advanced_state(inputs, [step(2, 1, opacity=opacity)])


def test_one_input_is_shown_in_its_colours():
    by = advanced_state([blending_input(ONE, colour="Green")], [step(1)])

    assert shown(by, placed_image(GREY)) == [[[0, 0, 0], [0, 100, 0]], [[0, 200, 0], [0, 255, 0]]]


def test_foreground_has_the_opacity_of_the_first_input():
    made = shown(two(), placed_image(GREY), full(255))

    assert made[0] == [[64, 0, 0], [64 + 75, 75, 75]]


def test_equal_inputs_are_their_mean():
    inputs = [blending_input(ONE), blending_input(TWO, colour="Red"), blending_input(THREE, colour="Blue")]
    by = advanced_state(inputs, [step(1, 2, 3)])

    made = shown(by, placed_image(GREY), full(90), full(30, uid=THREE))

    assert made[1][0] == [round((200 + 90) / 3), round(200 / 3), round((200 + 30) / 3)]


def test_padding_takes_no_part():
    """Padding is, of the pixels of a row, the first of one input and the second of the other; then of both."""
    one = placed_image(np.array([[7, 100], [7, 100]], np.uint8), PixelPaddingValue=7)
    other = placed_image(np.array([[50, 9], [9, 50]], np.uint8), uid=TWO, PixelPaddingValue=9)

    assert shown(two(), one, other) == [[[50, 0, 0], [100] * 3], [[0] * 3, [round(12.5 + 75), 75, 75]]]
    assert shown(two(opacity=None), one, other)[1] == [[0] * 3, [75, 50, 50]]


def test_results_are_inputs_of_further_steps():
    """Half of red 204 and grey 100; a quarter of blue 80 over it."""
    inputs = [blending_input(ONE), blending_input(TWO, colour="Red"), blending_input(THREE, colour="Blue")]
    by = advanced_state(inputs, [step(3, 4, opacity=0.25), step(2, 1, opacity=0.5, result=4)])

    made = shown(by, placed_image(GREY), full(204), full(80, uid=THREE))

    assert made[0][1] == [round(0.75 * 152), round(0.75 * 50), round(0.75 * 50 + 20)]


@pytest.mark.parametrize(
    ("thresholds", "visible"),
    [
        ([threshold("RANGE_INCL", 100, 200)], [False, True, True, False]),
        ([threshold("RANGE_EXCL", 100, 200)], [True, False, False, True]),
        ([threshold("GREATER_OR_EQUAL", 200)], [False, False, True, True]),
        ([threshold("GREATER_THAN", 200)], [False, False, False, True]),
        ([threshold("LESS_OR_EQUAL", 100)], [True, True, False, False]),
        ([threshold("LESS_THAN", 100)], [True, False, False, False]),
        ([threshold("LESS_THAN", 100), threshold("GREATER_THAN", 200)], [True, False, False, True]),
    ],
)
def test_values_that_no_threshold_holds_for_are_padding(thresholds, visible):
    over = placed_image(GREY, uid=TWO)
    by = two(second={"ThresholdSequence": thresholds}, opacity=1.0)

    made = np.array(shown(by, placed_image(np.full((2, 2), 40, np.uint8)), over)).reshape(4, 3)

    assert (made[:, 1] == 0).tolist() == visible
    assert (made[:, 1] == 40).tolist() == [not each for each in visible]


def test_thresholds_are_for_what_was_measured_and_the_window_for_what_is_left():
    """Slope 2, so 50 HU and more is 25 stored and more; LINEAR_EXACT of 0 to 100 HU."""
    over = placed_image(np.array([[24, 25], [40, 50]], np.uint8), uid=TWO, RescaleSlope=2, RescaleIntercept=0)
    said = {
        "ThresholdSequence": [threshold("GREATER_OR_EQUAL", 50)],
        "SoftcopyVOILUTSequence": [item(**EXACT)],
    }

    made = shown(two(second=said, opacity=1.0), full(0, uid=ONE), over)

    assert [pixel[0] for row in made for pixel in row] == [0, 128, 204, 255]


def test_modality_transformation_of_the_state_goes_before_that_of_the_image():
    over = full(25, RescaleSlope=2, RescaleIntercept=0)
    said = {
        "SoftcopyVOILUTSequence": [item(**EXACT)],
        "RescaleSlope": 4,
        "RescaleIntercept": 0,
        "RescaleType": "HU",
    }

    assert shown(two(second=said, opacity=1.0), full(0, uid=ONE), over)[0][0] == [255, 0, 0]


def test_colours_are_blended_as_they_are():
    colour = placed_image(np.full((2, 2, 3), (10, 20, 40), np.uint8), uid=TWO)
    by = advanced_state([blending_input(ONE), blending_input(TWO)], [step(2, 1, opacity=0.5)])

    assert shown(by, full(100, uid=ONE), colour)[0][0] == [55, 60, 70]


def test_inverted_grey_stays_inverted_and_a_palette_does_not_mind():
    inverted = full(55, PhotometricInterpretation="MONOCHROME1")
    by = advanced_state([blending_input(ONE), blending_input(TWO)], [step(2, 1, opacity=1.0)])

    assert shown(by, full(0, uid=ONE), inverted)[0][0] == [200] * 3
    assert shown(two(opacity=1.0), full(0, uid=ONE), inverted)[0][0] == [55, 0, 0]


def test_area_is_that_of_the_geometry():
    by = two(opacity=0.5)
    by.DisplayedAreaSelectionSequence = area((2, 1), (2, 1))

    assert shown(by, placed_image(GREY), full(0)) == [[[50] * 3]]


@pytest.mark.parametrize(
    "steps",
    [
        [], [step(1, result=4)], [step(1), step(2)], [step(5)], [step()],
        [step(2, opacity=0.5)], [step(2, 1, opacity=1.5)],
        [step(1, 4), step(5, result=4), step(4, result=5)], [step(1, result=2), step(2)],
    ],
    ids=["none", "none shown", "two shown", "of nothing", "without inputs", "one in front of nothing",
         "more than all", "in a circle", "result numbered as an input"],
)  # fmt: skip
def test_steps_that_make_no_picture_are_refused(steps):
    by = advanced_state([blending_input(ONE), blending_input(TWO)], steps)

    with pytest.raises(PixelsUnreadable) as refusal:
        shown(by, placed_image(GREY), full(0))
    assert refusal.value.code == "PRESENTATION_UNSUITED"


@pytest.mark.parametrize(
    "said",
    [
        {"ThresholdSequence": [threshold("NEAR", 1)]}, {"ThresholdSequence": [threshold("RANGE_INCL", 1)]},
        {"ReferencedImageSequence": [item(ReferencedSOPInstanceUID="1.2.98")]},
    ],
    ids=["unknown threshold", "half a range", "another image"],
)  # fmt: skip
def test_inputs_that_cannot_be_followed_are_refused(said):
    by = two(second=said)

    with pytest.raises(PixelsUnreadable) as refusal:
        shown(by, placed_image(GREY), full(0))
    assert refusal.value.code == "PRESENTATION_UNSUITED"
