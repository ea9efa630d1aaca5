"""Blending presentation states: expected pictures by the arithmetic of PS3.4 N.2.4 and the geometry of PS3.3 C.7.6.2.

R = Rs * A + Y * (1 - A), and so for green and blue.
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
from archive.pixels.pool import PixelPool
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.placing import FramesOver
from archive.pixels.rendering.volumes import Layer, Superimposed
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.sources import PixelSource
from tests.archive.pixels.blends import blending_state, placed_image
from tests.archive.pixels.images import part10
from tests.archive.pixels.states import area, carried, item, line

UNDER = np.array([[0, 100], [200, 255]], np.uint8)
FULL = np.full((2, 2), 255, np.uint8)


def shown(
    under: FileDataset,
    over: FileDataset | list[FileDataset],
    by: FileDataset,
    *,
    spacing_mm: float = 0.2,
    **wish: Any,
) -> np.ndarray:
    """The picture by the state of the image with the others over it, which lie that far from one another."""
    below, above = part10(under), [part10(one) for one in (over if isinstance(over, list) else [over])]
    asked = Rendering(format="PNG", presentation=carried(by), **wish)
    layers = [Layer(parse(one), one, 1) for one in above]
    made = drawn(parse(below), below, asked, over=[Superimposed(layers, spacing_mm)])
    return np.asarray(Image.open(io.BytesIO(made)))


def over(samples: Any, **elements: Any) -> FileDataset:
    return placed_image(samples, uid="1.2.3.4.7", **elements)


def axial(size: int, values: dict[float, int]) -> list[FileDataset]:
    """Images to be superimposed, each all of one value, by their depths in mm."""
    return [
        over(np.full((size, size), value, np.uint8), ImagePositionPatient=[0, 0, z])
        for z, value in values.items()
    ]


def test_colours_lie_over_grey_with_their_opacity():
    """The palette is red: black at its first entry, full red at its last; a quarter of it is seen."""
    made = shown(placed_image(UNDER), over(FULL), blending_state(opacity=0.25))

    assert made[0, 0].tolist() == [round(0.25 * 255), 0, 0]
    assert made[0, 1].tolist() == [round(0.25 * 255 + 0.75 * 100), 75, 75]
    assert made[1, 1].tolist() == [255, round(0.75 * 255), round(0.75 * 255)]


@pytest.mark.parametrize(("opacity", "expected"), [(0.0, [100, 100, 100]), (1.0, [255, 0, 0])])
def test_ends_of_the_opacity_show_one_of_the_images_alone(opacity, expected):
    assert shown(placed_image(UNDER), over(FULL), blending_state(opacity=opacity))[0, 1].tolist() == expected


def test_each_set_has_transformations_of_its_own():
    """Underlying: slope 2, LINEAR_EXACT of 0 to 400. Superimposed: 100 - x of 0 to 100."""
    exact = {"VOILUTFunction": "LINEAR_EXACT"}
    below = {"RescaleSlope": 2, "RescaleIntercept": 0, "RescaleType": "US",
             "SoftcopyVOILUTSequence": [item(WindowCenter=200, WindowWidth=400, **exact)]}  # fmt: skip
    above = {"RescaleSlope": -1, "RescaleIntercept": 100, "RescaleType": "US",
             "SoftcopyVOILUTSequence": [item(WindowCenter=50, WindowWidth=100, **exact)]}  # fmt: skip
    by = blending_state(opacity=0.5, under=below, over=above)

    made = shown(placed_image(UNDER), over(np.full((2, 2), 40, np.uint8)), by)

    red = round(0.6 * 255)  # the palette's index: 60 of 100, of 256 entries
    assert made[0, 1].tolist() == [round(0.5 * red + 0.5 * 0.5 * 255), 64, 64]
    assert made[1, 0].tolist() == [round(0.5 * red + 0.5 * 255), 128, 128]


def test_voi_counts_for_the_image_it_names():
    other = item(ReferencedSOPInstanceUID="1.2.3.4.99")
    voi = item(
        WindowCenter=50, WindowWidth=100, VOILUTFunction="LINEAR_EXACT", ReferencedImageSequence=[other]
    )
    by = blending_state(opacity=0.0, under={"SoftcopyVOILUTSequence": [voi]})

    assert shown(placed_image(UNDER), over(FULL), by)[0, 1].tolist() == [100, 100, 100]


def test_what_lies_beyond_the_superimposed_image_is_the_underlying_alone():
    """A pixel of 1 mm at the centre of the underlying image's second column."""
    small = over(np.array([[255]], np.uint8), ImagePositionPatient=[1, 0, 5])

    made = shown(placed_image(UNDER), small, blending_state(opacity=1.0))

    assert made.tolist() == [[[0] * 3, [255, 0, 0]], [[200] * 3, [255] * 3]]


def test_coarser_image_is_resampled_linearly_between_its_centres():
    """Centres at 0 and 4 mm; underlying pixels at 0, 1, 2, 3, 4 mm: 0, 50, 100, 150, 200 of 255."""
    coarse = over(np.array([[0, 200]], np.uint8), PixelSpacing=[4, 4])

    made = shown(placed_image(np.zeros((1, 5), np.uint8)), coarse, blending_state(opacity=1.0))

    assert made[0, :, 0].tolist() == [0, 50, 100, 150, 200]


def test_image_turned_in_the_plane_is_turned_back():
    """Its rows run down and its columns to the right."""
    turned = over(np.array([[10, 20], [30, 40]], np.uint8), ImageOrientationPatient=[0, 1, 0, 1, 0, 0])

    assert shown(placed_image(UNDER), turned, blending_state(opacity=1.0))[..., 0].tolist() == [
        [10, 30],
        [20, 40],
    ]


def test_where_the_superimposed_image_does_not_reach_the_underlying_is_alone():
    apart = over(FULL, ImagePositionPatient=[0, 0, 5.2])

    assert shown(placed_image(UNDER), apart, blending_state(opacity=1.0))[..., 0].tolist() == UNDER.tolist()


def test_padding_is_not_superimposed():
    padded = over(np.array([[255, 7], [255, 255]], np.uint8), PixelPaddingValue=7)

    made = shown(placed_image(UNDER), padded, blending_state(opacity=1.0))

    assert made[0, 1].tolist() == [100, 100, 100]
    assert made[0, 0].tolist() == [255, 0, 0]


def test_palette_of_16_bits_reaches_from_none_to_all_of_a_colour():
    by = blending_state(opacity=1.0, palette_bits=16)

    made = shown(placed_image(UNDER), over(np.array([[0, 51], [204, 255]], np.uint8)), by)

    assert made[..., 0].tolist() == [[0, 51], [204, 255]]


def test_area_and_turning_follow_the_blending():
    """The second column, turned clockwise: its top comes to lie on the right."""
    by = blending_state(opacity=0.0, ImageRotation=90, DisplayedAreaSelectionSequence=area((2, 1), (2, 2)))

    assert shown(placed_image(UNDER), over(FULL), by)[..., 0].tolist() == [[255, 100]]


@pytest.mark.parametrize(("named", "brightest"), [("1.2.3.4.5", 255), ("1.2.3.4.7", 0)])
def test_annotations_are_those_of_the_underlying_image(named, brightest):
    black = np.zeros((9, 9), np.uint8)
    mark = line(0, 4.5, 9, 4.5)
    mark.ReferencedImageSequence = [item(ReferencedSOPInstanceUID=named)]
    by = blending_state(opacity=0.5, GraphicAnnotationSequence=[mark])

    made = shown(placed_image(black), over(black), by)

    assert made[4, 4].tolist() == [brightest] * 3
    assert made[0].max() == 0


@pytest.mark.parametrize(
    "elements",
    [
        {"FrameOfReferenceUID": "1.2.99"}, {"PixelSpacing": None}, {"SOPInstanceUID": "1.2.98"},
    ],
)  # fmt: skip
def test_images_without_a_plane_or_of_no_set_are_refused(elements):
    with pytest.raises(PixelsUnreadable) as refusal:
        shown(placed_image(UNDER), over(FULL, **elements), blending_state(opacity=0.5))
    assert refusal.value.code == "PRESENTATION_UNSUITED"


@pytest.mark.parametrize(
    "elements", [{"RelativeOpacity": 1.5}, {"RelativeOpacity": None}, {"BlendingSequence": []}]
)
def test_states_that_cannot_be_followed_are_refused(elements):
    with pytest.raises(PixelsUnreadable) as refusal:
        shown(placed_image(UNDER), over(FULL), blending_state(opacity=0.5, **elements))
    assert refusal.value.code == "PRESENTATION_UNSUITED"


def test_image_between_two_is_interpolated_between_them():
    """Superimposed images at 4 and 8 mm of 40 and 200: at 5 mm a quarter of the way, 80 of 255."""
    volume = axial(2, {4: 40, 8: 200})

    made = shown(placed_image(UNDER), volume, blending_state(opacity=1.0), spacing_mm=4)

    assert (made[..., 0] == 80).all()


def test_padding_of_either_image_is_not_interpolated():
    """The first pixel of the image above, and the second of that below, hold nothing."""
    padded = {"PixelPaddingValue": 7}
    volume = [
        over(np.array(samples, np.uint8), ImagePositionPatient=[0, 0, z], **padded)
        for samples, z in (([[200, 7]], 4), ([[7, 200]], 6))
    ]

    made = shown(
        placed_image(np.array([[1, 2]], np.uint8)), volume, blending_state(opacity=1.0), spacing_mm=2
    )

    assert made.tolist() == [[[1] * 3, [2] * 3]]


def test_each_image_of_a_volume_is_shown_by_the_voi_named_for_it():
    """At 4.4 mm the image at 4 mm is nearer: (0.8 * 40 + 0.2 * 200) = 72 of its window of 0 to 144 is a half."""
    vois = [
        item(WindowCenter=center, WindowWidth=2 * center, VOILUTFunction="LINEAR_EXACT",
             ReferencedImageSequence=[item(ReferencedSOPInstanceUID=uid)])
        for center, uid in ((72, "1.2.3.4.7"), (500, "1.2.3.4.8"))
    ]  # fmt: skip
    by = blending_state(opacity=1.0, over={"SoftcopyVOILUTSequence": vois})
    named = by.BlendingSequence[1].ReferencedSeriesSequence[0].ReferencedImageSequence
    named.append(item(ReferencedSOPInstanceUID="1.2.3.4.8"))
    volume = [
        placed_image(np.full((2, 2), value, np.uint8), uid=uid, ImagePositionPatient=[0, 0, z])
        for value, uid, z in ((40, "1.2.3.4.7", 4), (200, "1.2.3.4.8", 6))
    ]

    made = shown(placed_image(UNDER, ImagePositionPatient=[0, 0, 4.4]), volume, by, spacing_mm=2)

    assert (made[..., 0] == 128).all()


def test_picture_across_a_volume_takes_a_row_of_each_image():
    """A coronal picture: its rows lie at 7, 6, 5 mm, where axial images of one value each are."""
    volume = axial(3, {5: 10, 6: 20, 7: 30})
    upright: dict[str, Any] = {
        "ImagePositionPatient": [0, 1, 7],
        "ImageOrientationPatient": [1, 0, 0, 0, 0, -1],
    }
    coronal = placed_image(np.zeros((3, 3), np.uint8), **upright)

    made = shown(coronal, volume, blending_state(opacity=1.0), spacing_mm=1)

    assert made[..., 0].tolist() == [[30] * 3, [20] * 3, [10] * 3]


def test_both_objects_reach_the_decoders_process():
    pool = PixelPool(processes=1)
    wish = Rendering(format="PNG", presentation=carried(blending_state(opacity=1.0)))
    below, above = (PixelSource(data=part10(one)) for one in (placed_image(UNDER), over(FULL)))
    try:
        arguments = {"wish": wish.to_plain(), "over": [FramesOver(((0, 1),), 0.2).to_plain()]}
        made = pool.run("blend", arguments, below, others=[above]).body
    finally:
        pool.close()

    assert np.asarray(Image.open(io.BytesIO(made)))[0, 0].tolist() == [255, 0, 0]
