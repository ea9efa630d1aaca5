"""XA/XRF grayscale softcopy presentation states: expected pictures by arithmetic.

Reference  PS3.3 C.11.19 to C.11.21, C.7.6.10.1, C.8.19.7.1; PS3.4 N.2.5
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileDataset

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.wishes import Rendering
from tests.archive.pixels.images import image, part10
from tests.archive.pixels.states import ANGIOGRAPHY, carried, item, state

# 255 * ((x + 0.25) / 255 + 0.5) + 0.5, without the fraction: 128 more than the difference.
MIDDLE = 128
AROUND_ZERO = [item(WindowCenter=-0.25, WindowWidth=255, VOILUTFunction="LINEAR_EXACT")]
RAMP = np.tile(np.arange(0, 50, 10), (4, 1))  # column x is 10 x everywhere
HERE, ELSEWHERE = "1.2.3.4.5", "1.2.3.4.99"
MASK_1 = {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1}


def film(*frames: Any, **elements: Any) -> FileDataset:
    return image(np.array(frames, np.uint8), NumberOfFrames=len(frames), **elements)


def masked(*masks: Dataset, **elements: Any) -> FileDataset:
    """A state with these masks, that shows differences around the middle grey."""
    return state(
        ANGIOGRAPHY, MaskSubtractionSequence=list(masks), SoftcopyVOILUTSequence=AROUND_ZERO, **elements
    )


def viewed(first: int, last: int, **elements: Any) -> dict[str, list[Dataset]]:
    return {"MultiFramePresentationSequence": [
        item(FrameDisplaySequence=[item(StartTrim=first, StopTrim=last, **elements)])
    ]}  # fmt: skip


def shown(by: FileDataset, of: FileDataset, *, frame: int) -> np.ndarray:
    data = part10(of)
    made = drawn(parse(data), data, Rendering(format="PNG", presentation=carried(by), frames=(frame,)))
    return np.asarray(Image.open(io.BytesIO(made)))


def differences(by: FileDataset, of: FileDataset, *, frame: int) -> Any:
    return (shown(by, of, frame=frame).astype(int) - MIDDLE).tolist()


def rectangle(top: int, left: int, bottom: int, right: int) -> list[int]:
    """Corners as row and column in turn; the upper left pixel is 1\\1."""
    return [top, left, top, right, bottom, right, bottom, left]


def shift(left: float, *vertices: int) -> Dataset:
    made = item(MaskSubPixelShift=[0.0, left])
    if vertices:
        made.VerticesOfTheRegion = list(vertices)
    return made


def moved(regions: list[Dataset]) -> dict[str, Any]:
    return {**MASK_1, "PixelShiftSequence": [item(RegionPixelShiftSequence=regions)]}


def test_each_region_has_its_shift_and_the_last_one_counts_where_they_overlap():
    """C.11.19.1.2: beyond the union of the regions there is no shift; to the left is positive."""
    regions = [shift(1.0, *rectangle(1, 1, 4, 3)), shift(2.0, *rectangle(1, 3, 2, 4))]
    shifts = [item(PixelShiftFrameRange=[2, 2], RegionPixelShiftSequence=regions)]
    under = RAMP.copy()
    under[:, 0:3] = RAMP[:, 1:4]
    under[0:2, 2:4] = [40, 40]  # two columns on, and at the border its nearest pixel

    left = differences(masked(item(**MASK_1, PixelShiftSequence=shifts)), film(RAMP, 0 * RAMP), frame=2)

    assert left == (-under).tolist()


def test_an_item_without_vertices_is_for_the_whole_frame_and_regions_may_lie_over_it():
    regions = [shift(1.0), shift(0.0, *rectangle(1, 1, 1, 5))]
    shifts = [item(PixelShiftFrameRange=[1, 9], RegionPixelShiftSequence=regions)]
    under = np.hstack([RAMP[:, 1:], RAMP[:, -1:]])
    under[0] = RAMP[0]

    left = differences(masked(item(**MASK_1, PixelShiftSequence=shifts)), film(RAMP, 0 * RAMP), frame=2)

    assert left == (-under).tolist()


def test_a_region_may_be_a_triangle_with_corners_outside_of_the_image():
    """Below the diagonal from the upper left pixel, and on it."""
    shifts = [item(PixelShiftFrameRange=[2, 2], RegionPixelShiftSequence=[shift(1.0, 1, 1, 9, 9, 9, 1)])]

    left = differences(masked(item(**MASK_1, PixelShiftSequence=shifts)), film(RAMP, 0 * RAMP), frame=2)

    below = np.tri(4, 5, dtype=bool)
    assert left == (-np.where(below, np.minimum(RAMP + 10, 40), RAMP)).tolist()


def test_frames_have_shifts_of_their_own():
    shifts = [
        item(PixelShiftFrameRange=[frame, frame], RegionPixelShiftSequence=[shift(float(left))])
        for frame, left in ((2, 1), (3, 2))
    ]
    by = masked(item(**MASK_1, PixelShiftSequence=shifts))
    of = film(RAMP, 0 * RAMP, 0 * RAMP, 0 * RAMP)

    assert [differences(by, of, frame=frame)[0] for frame in (2, 3, 4)] == [
        [-10, -20, -30, -40, -40], [-20, -30, -40, -40, -40], [0, -10, -20, -30, -40],
    ]  # fmt: skip


def test_reversed_masks_go_back_as_the_frames_go_on_over_all_ranges():
    """C.7.6.10.1.1: the offset back from the first frame of the range, and two more with each frame after it."""
    by = masked(item(MaskOperation="REV_TID", TIDOffset=1, ApplicableFrameRange=[4, 5, 8, 8]))
    values = [1, 2, 4, 8, 16, 32, 64, 100]
    of = film(*([[value]] for value in values))

    found = {frame: differences(by, of, frame=frame)[0][0] for frame in (4, 5, 8)}

    assert found == {4: 8 - 4, 5: 16 - 2, 8: 100 - 4}  # 4 - 1, 5 - 3 and 8 - 5


@pytest.mark.parametrize("frame", [3, 6])
def test_frames_out_of_every_range_and_those_of_no_operation_are_shown_as_they_are(frame):
    by = masked(
        item(MaskOperation="REV_TID", TIDOffset=1, ApplicableFrameRange=[4, 5]),
        item(MaskOperation="NONE", ApplicableFrameRange=[6, 6]),
    )
    of = film(*([[value]] for value in (1, 2, 3, 4, 5, 6)))

    assert differences(by, of, frame=frame) == [[frame]]


def test_each_image_has_its_masks():
    elsewhere, here = (
        item(
            MaskOperation="TID",
            TIDOffset=offset,
            ReferencedImageSequence=[item(ReferencedSOPInstanceUID=uid)],
        )
        for uid, offset in ((ELSEWHERE, 1), (HERE, 2))
    )

    assert differences(masked(elsewhere, here), film([[1]], [[20]], [[50]]), frame=3) == [[49]]


def test_some_of_the_mask_may_be_left_to_be_seen():
    """C.8.19.7.1: Psub = Pcontrast - (1 - X / 100) * Pmask."""
    by = masked(item(**MASK_1), **viewed(1, 2, RecommendedViewingMode="SUB", MaskVisibilityPercentage=25.0))

    assert differences(by, film([[40]], [[90]]), frame=2) == [[60]]


def test_with_some_of_the_mask_left_the_range_without_a_window_is_narrower():
    """From 0 - 0.5 * 255 to 255, in 382.5 steps: 102 is 229.5 of them, and 0.6 of white."""
    by = masked(item(**MASK_1), **viewed(1, 2, RecommendedViewingMode="SUB", MaskVisibilityPercentage=50.0))
    del by.SoftcopyVOILUTSequence

    assert shown(by, film([[0]], [[102]]), frame=2).tolist() == [[round(0.6 * 255)]]


def test_frames_may_be_viewed_as_they_are():
    by = masked(item(**MASK_1), **viewed(2, 2, RecommendedViewingMode="NAT"))
    of = film([[10]], [[30]], [[70]])

    assert [differences(by, of, frame=frame) for frame in (2, 3)] == [[[30]], [[60]]]


def test_each_frame_is_made_a_logarithm_by_its_own_table():
    """PS3.4 N.2.5.1. The tables add 5 to the mask, and take the half of the contrast frame."""
    more = table([value + 5 for value in range(100)], frames=[1, 1])
    less = table([value // 2 for value in range(100)], frames=[2, 3])
    by = masked(item(**MASK_1, PixelIntensityRelationshipLUTSequence=[more, less]))
    of = film([[10, 20]], [[80, 60]], PixelIntensityRelationship="LIN")

    assert differences(by, of, frame=2) == [[40 - 15, 30 - 25]]


def table(entries: list[int], *, frames: list[int]) -> Dataset:
    made = item(
        LUTDescriptor=[len(entries), 0, 8], LUTData=entries, LUTFunction="TO_LOG", LUTFrameRange=frames
    )
    made["LUTDescriptor"].VR, made["LUTData"].VR = "US", "US"
    return made


def test_edges_are_enhanced_by_the_percentage_the_frame_is_viewed_with():
    """Half of what a pixel differs from the mean of the nine, which is 6 around the dot: 54 gets 24, 0 loses 3."""
    dot = np.zeros((5, 5))
    dot[2, 2] = 54
    expected = np.zeros((5, 5), int)
    expected[1:4, 1:4] = -3
    expected[2, 2] = 54 + 24
    by = masked(item(**MASK_1), **viewed(1, 2, RecommendedViewingMode="SUB", DisplayFilterPercentage=50.0))

    assert differences(by, film(0 * dot, dot), frame=2) == expected.tolist()


def test_shutters_are_those_of_the_frame_in_the_grey_of_the_state():
    column, row = (
        item(ShutterShape="RECTANGULAR", ShutterLeftVerticalEdge=left, ShutterRightVerticalEdge=right,
             ShutterUpperHorizontalEdge=upper, ShutterLowerHorizontalEdge=lower, ReferencedImageSequence=[
                 item(ReferencedSOPInstanceUID=HERE, ReferencedFrameNumber=frame)])
        for frame, left, right, upper, lower in ((1, 2, 2, 1, 2), (2, 1, 3, 2, 2))
    )  # fmt: skip
    by = state(ANGIOGRAPHY, FrameDisplayShutterSequence=[column, row], ShutterPresentationValue=0x8000)
    of = film([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]])

    assert shown(by, of, frame=1).tolist() == [[128, 2, 128], [128, 5, 128]]
    assert shown(by, of, frame=2).tolist() == [[128, 128, 128], [4, 5, 6]]


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        ({"MaskOperation": "SUBTRACT"}, "MASK_OPERATION"),
        ({"MaskOperation": "REV_TID", "TIDOffset": 1}, "PRESENTATION_UNSUITED"),
        (moved([shift(1.0, 1, 1, 2)]), "PRESENTATION_UNSUITED"),
        (moved([shift(1.0, 1, 1, 2, 2)]), "PRESENTATION_UNSUITED"),
        (moved([shift(1.0)] * 65), "PRESENTATION_UNSUITED"),
    ],
    ids=["operation unknown", "reversed without a range", "half a corner", "two corners", "regions without end"],
)  # fmt: skip
def test_a_mask_that_is_none_is_refused(mask, code):
    with pytest.raises(PixelsUnreadable) as refused:
        shown(masked(item(**mask)), film([[1]], [[2]]), frame=2)

    assert refused.value.code == code
