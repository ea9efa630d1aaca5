"""Masks of presentation states: expected pictures by the arithmetic of PS3.4 N.2.1.2 and PS3.3 C.7.6.10.

Masks of XA/XRF states, by region and reversed, are left to `test_angiography_states`.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.wishes import Rendering
from tests.archive.pixels.images import image, part10
from tests.archive.pixels.states import COLOUR, PSEUDO_COLOUR, VARIABLE_MODALITY, carried, item, state

FILM = [[[10, 20, 30]], [[20, 40, 60]], [[110, 21, 90]]]
# 255 * ((x + 0.25) / 255 + 0.5) + 0.5, without the fraction: 128 more than the difference.
MIDDLE = 128
AROUND_ZERO = [item(WindowCenter=-0.25, WindowWidth=255, VOILUTFunction="LINEAR_EXACT")]


def film(frames=FILM, **elements):
    return image(np.array(frames, np.uint8), NumberOfFrames=len(frames), **elements)


def masked(sop_class=None, *, voi=AROUND_ZERO, rescale=(), **elements):
    """A state with this mask item, that shows differences around the middle grey."""
    said = {"MaskSubtractionSequence": [item(**elements)], "RecommendedViewingMode": "SUB", **dict(rescale)}
    if voi:
        said["SoftcopyVOILUTSequence"] = voi
    return state(**said) if sop_class is None else state(sop_class, **said)


def shown(by, *, frame, of=None) -> Any:
    data = part10(film() if of is None else of)
    made = drawn(parse(data), data, Rendering(format="PNG", presentation=carried(by), frames=(frame,)))
    return np.asarray(Image.open(io.BytesIO(made))).tolist()


def around_middle(*rows):
    return (np.array(rows) + MIDDLE).tolist()


def test_the_mean_of_the_mask_frames_is_taken_away():
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2])

    assert shown(by, frame=3) == around_middle([110 - 15, 21 - 30, 90 - 45])


def test_a_mask_may_be_one_frame_which_then_is_nothing():
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=2)

    assert shown(by, frame=2) == around_middle([0, 0, 0])


@pytest.mark.parametrize(
    ("offset", "frame", "expected"),
    [({}, 3, [90, -19, 30]), ({"TIDOffset": 2}, 3, [100, 1, 60]), ({"TIDOffset": -1}, 2, [-90, 19, -30])],
)
def test_of_time_intervals_the_mask_lies_so_many_frames_back(offset, frame, expected):
    assert shown(masked(MaskOperation="TID", **offset), frame=frame) == around_middle(expected)


def test_a_frame_without_a_mask_frame_is_shown_as_it_is():
    assert shown(masked(MaskOperation="TID"), frame=1) == around_middle([10, 20, 30])


def test_contrast_frames_are_averaged_from_the_current_one_on():
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=1, ContrastFrameAveraging=2)

    assert shown(by, frame=1) == around_middle([5, 10, 15])


def test_without_a_range_the_mask_ends_where_too_few_frames_are_left_to_be_averaged():
    """PS3.3 C.7.6.10.1.1: at the last frame number minus Contrast Frame Averaging plus one."""
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=1, ContrastFrameAveraging=2)

    assert shown(by, frame=2) == around_middle([(20 + 110) // 2 - 10, 30 - 20, (60 + 90) // 2 - 30])
    assert shown(by, frame=3) == np.clip(np.array([[110, 21, 90]]) + MIDDLE, 0, 255).tolist()


def test_the_frames_that_the_state_names_are_its_range():
    """PS3.3 C.11.13: Referenced Frame Number plays the role of the applicable frame range."""
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=1, ContrastFrameAveraging=2)
    by.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber = [2, 3]

    assert shown(by, frame=3) == around_middle([100, 1, 60])
    with pytest.raises(PixelsUnreadable) as refused:
        shown(by, frame=1)
    assert refused.value.code == "PRESENTATION_UNSUITED"


def test_frames_out_of_the_range_are_shown_as_they_are():
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=1, ApplicableFrameRange=[3, 3])

    assert shown(by, frame=2) == around_middle([20, 40, 60])
    assert shown(by, frame=3) == around_middle([100, 1, 60])


DOT = np.array([[0, 0, 0], [0, 100, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        # The mask is the dot, and is taken away: it shows as -100 where it has come to lie.
        ([1.0, 0.0], [[0, 0, 0], [0, 0, 0], [0, -100, 0]]),
        ([-1.0, 0.0], [[0, -100, 0], [0, 0, 0], [0, 0, 0]]),
        ([0.0, 1.0], [[0, 0, 0], [-100, 0, 0], [0, 0, 0]]),
        ([0.0, -1.0], [[0, 0, 0], [0, 0, -100], [0, 0, 0]]),
        ([0.5, 0.0], [[0, 0, 0], [0, -50, 0], [0, -50, 0]]),
        ([0.0, -0.25], [[0, 0, 0], [0, -75, -25], [0, 0, 0]]),
        ([1.0, 1.0], [[0, 0, 0], [0, 0, 0], [-100, 0, 0]]),
    ],
)
def test_a_mask_shifts_as_the_standard_says(shift, expected):
    """PS3.3 C.7.6.10.1.2: "A positive row offset is a shift toward the pixels of the lower row of the pixel plane. A
    positive column offset is a shift toward the pixels of the left hand side column of the pixel plane."
    """
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=1, MaskSubPixelShift=shift)

    assert shown(by, frame=2, of=film([DOT, np.zeros((3, 3))])) == around_middle(*expected)


def test_without_a_window_no_difference_is_the_middle_of_all_that_can_be():
    """From -255 to 255, in 510 steps."""
    by = masked(voi=None, MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2])

    assert shown(by, frame=3) == [[(95 + 255) // 2, (-9 + 255) // 2, (45 + 255) // 2]]


def test_the_rescale_of_the_state_goes_first_and_that_of_the_image_does_not_count():
    rescale = {"RescaleSlope": 0.5, "RescaleIntercept": 7, "RescaleType": "US"}
    by = masked(MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2], rescale=rescale)

    left = shown(by, frame=3, of=film(RescaleSlope=9, RescaleIntercept=-99))

    assert left == around_middle(
        [47, -5, 22]
    )  # 47.5, -4.5 and 22.5, of which the window leaves the whole numbers


def test_values_linear_to_the_intensity_are_subtracted_as_logarithms():
    """255 ln(1 + x) / ln 256: from 0 to 1 it is an eighth of the range, from 15 to 255 half of it."""
    linear = film([[[0, 15]], [[1, 255]]], PixelIntensityRelationship="LIN")
    by = masked(MaskOperation="TID")

    assert shown(by, frame=2, of=linear) == around_middle([32, 127])


def test_mask_and_contrast_frames_have_each_their_modality_transformation():
    """PS3.3 C.11.35: an item for each subset of frames. 4 * 20 - 5 - (10 + 7) is 58."""
    mask, contrast = (
        item(ReferencedImageSequence=[item(ReferencedSOPInstanceUID="1.2.3.4.5", ReferencedFrameNumber=frame)],
             RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="US")
        for frame, slope, intercept in ((1, 1, 7), (2, 4, -5))
    )  # fmt: skip
    by = masked(
        VARIABLE_MODALITY, MaskOperation="TID", rescale={"VariableModalityLUTSequence": [mask, contrast]}
    )

    assert shown(by, frame=2, of=film([[[10]], [[20]]])) == around_middle([58])


def test_a_table_is_looked_up_by_signed_differences():
    table = item(LUTDescriptor=[3, 0xFFFF, 8], LUTData=[50, 100, 200])
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    by = masked(voi=[item(VOILUTSequence=[table])], MaskOperation="TID")

    assert shown(by, frame=2, of=film([[[5, 5, 5]], [[4, 5, 6]]])) == [[50, 100, 200]]


def test_the_state_may_ask_for_frames_as_they_are():
    by = masked(MaskOperation="TID")
    by.RecommendedViewingMode = "NAT"

    assert shown(by, frame=3) == np.clip(np.array([[110, 21, 90]]) + MIDDLE, 0, 255).tolist()


def test_differences_may_be_shown_in_pseudo_colours():
    palette: dict[str, Any] = {}
    for colour, first in (("Red", 0), ("Green", 100), ("Blue", 200)):
        palette[f"{colour}PaletteColorLookupTableDescriptor"] = [2, 0, 8]
        palette[f"{colour}PaletteColorLookupTableData"] = bytes([first, first + 50])
    by = masked(PSEUDO_COLOUR, MaskOperation="TID", rescale=palette)

    assert shown(by, frame=2, of=film([[[200, 0]], [[0, 200]]])) == [[[0, 100, 200], [50, 150, 250]]]


def test_a_state_of_colour_takes_nothing_away():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 1, 2, 3)

    assert shown(masked(COLOUR, MaskOperation="TID"), frame=2, of=film(pixels)) == pixels[1].tolist()


@pytest.mark.parametrize(
    "mask",
    [
        {"MaskOperation": "AVG_SUB"},
        {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": [4]},
        {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": [0]},
        {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": [1] * 65},
        {"MaskOperation": "TID", "ContrastFrameAveraging": 0},
        {"MaskOperation": "TID", "MaskSubPixelShift": [float("nan"), 0.0]},
        {"MaskOperation": "TID", "MaskSubPixelShift": [1.0, 0.0, 0.0]},
    ],
)
def test_a_mask_that_is_none_is_refused(mask):
    with pytest.raises(PixelsUnreadable) as refused:
        shown(masked(**mask), frame=2)

    assert refused.value.code == "PRESENTATION_UNSUITED"


@pytest.mark.parametrize("operation", ["REV_TID", "NONE", "SUBTRACT"])
def test_operations_that_are_not_enumerated_are_refused_by_name(operation):
    """PS3.3 C.11.13: AVG_SUB and TID, "which overrides the requirements of the Mask Module"."""
    with pytest.raises(PixelsUnreadable) as refused:
        shown(masked(MaskOperation=operation, ApplicableFrameRange=[2, 3]), frame=2)

    assert refused.value.code == "MASK_OPERATION"
