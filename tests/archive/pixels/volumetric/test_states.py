"""Volumetric states that cannot be followed, and volumes that are none, by name (PS3.3 §A.80, §C.11.23, §C.11.26)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.rendering.volumetric import sizes
from archive.pixels.rendering.volumetric.services import volumetric_state
from tests.archive.pixels.images import part10
from tests.archive.pixels.states import item, line
from tests.archive.pixels.volumetric.views import drawn, grey_plane, input_of, plane, slices_of

SLICES = slices_of(np.full((3, 4, 4), 90))
VIEW = plane((-0.5, -0.5, 1), size=(4, 4))


def code_of(by: FileDataset) -> str:
    with pytest.raises(PixelsUnreadable) as refusal:
        volumetric_state(part10(by))
    return refusal.value.code


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1"}, "PRESENTATION_UNSUITED"),
        ({"MultiPlanarReconstructionStyle": "CURVED"}, "VOLUMETRIC_STYLE"),
        ({"MPRThicknessType": "CURVED"}, "PRESENTATION_UNSUITED"),
        ({"MPRThicknessType": "SLAB", "MPRSlabThickness": 3.0}, "VOLUMETRIC_METHOD"),
        ({"MPRThicknessType": "SLAB", "RenderingMethod": "MAXIMUM_IP"}, "PRESENTATION_UNSUITED"),
        ({"MPRViewWidth": 0.0}, "PRESENTATION_UNSUITED"),
        ({"MPRViewHeight": float("nan")}, "PRESENTATION_UNSUITED"),
        ({"MPRViewWidthDirection": [0, 0, 0]}, "PRESENTATION_UNSUITED"),
        ({"MPRViewWidthDirection": [0.5, 0.5, 0]}, "PRESENTATION_UNSUITED"),
        ({"MPRTopLeftHandCorner": [0, 0]}, "PRESENTATION_UNSUITED"),
        ({"MPRTopLeftHandCorner": [0, 0, float("inf")]}, "PRESENTATION_UNSUITED"),
        ({"PresentationLUTShape": "OTHER"}, "PRESENTATION_UNSUITED"),
        ({"PresentationAnimationStyle": "INPUT_SEQ"}, "VOLUMETRIC_ANIMATION"),
        ({"PresentationAnimationStyle": "CROSSCURVE"}, "VOLUMETRIC_ANIMATION"),
        ({"PresentationAnimationStyle": "FLYTHROUGH"}, "VOLUMETRIC_ANIMATION"),
        ({"VolumetricAnnotationSequence": [item(GraphicType="POINT")]}, "VOLUMETRIC_ANNOTATION"),
        ({"VolumetricPresentationStateInputSequence": []}, "VOLUMETRIC_INPUTS"),
        ({"VolumetricPresentationInputSetSequence": []}, "VOLUMETRIC_INPUTS"),
        ({"GraphicAnnotationSequence": [line(0, 0, 1, 1, units="PIXEL")]}, "PRESENTATION_UNSUITED"),
    ],
)
def test_states_that_cannot_be_followed_are_refused_by_name(elements, code):
    assert code_of(grey_plane([input_of(SLICES)], **(VIEW | elements))) == code


def test_view_that_moves_about_a_still_one_is_shown_as_that():
    by = grey_plane([input_of(SLICES)], **VIEW, PresentationAnimationStyle="SWIVEL")

    assert (drawn(by, SLICES) == 90).all()


def test_grey_plane_has_one_input():
    assert code_of(grey_plane([input_of(SLICES), input_of(SLICES, number=2)], **VIEW)) == "VOLUMETRIC_INPUTS"


def refusal_of(slices: list[FileDataset]) -> str:
    with pytest.raises(PixelsUnreadable) as refusal:
        drawn(grey_plane([input_of(slices)], **VIEW), slices)
    return refusal.value.code


def changed(**elements: Any) -> list[FileDataset]:
    """A volume of which the second image is another."""
    made = slices_of(np.full((3, 4, 4), 90))
    for keyword, value in elements.items():
        setattr(made[1], keyword, value)
    return made


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"ImagePositionPatient": [0, 0, 2]}, "VOLUME_AMBIGUOUS"),
        ({"ImagePositionPatient": [0.5, 0, 1]}, "VOLUME_NOT_ALIGNED"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.8, 0.6]}, "VOLUME_NOT_PARALLEL"),
        ({"ImageOrientationPatient": [-1, 0, 0, 0, -1, 0]}, "VOLUME_NOT_PARALLEL"),
        ({"PixelSpacing": [1, 2]}, "VOLUME_UNLIKE"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "VOLUME_NOT_GREY"),
    ],
)
def test_images_that_make_no_volume_are_refused_by_name(elements, code):
    assert refusal_of(changed(**elements)) == code


def test_one_image_is_no_volume():
    assert refusal_of(slices_of(np.full((1, 4, 4), 90))) == "VOLUME_SINGLE"


def test_images_of_other_sizes_make_no_volume():
    slices = slices_of(np.full((2, 4, 4), 90))
    (other,) = slices_of(np.full((1, 5, 4), 90), depths=[2.0], root="1.2.3.4.3")

    by = grey_plane([input_of(slices)], **plane((-0.5, -0.5, 1.5), size=(4, 4)))
    with pytest.raises(PixelsUnreadable) as refusal:
        drawn(by, [*slices, other])

    assert refusal.value.code == "VOLUME_UNLIKE"


def test_rounded_positions_are_still_straight_behind_each_other():
    slices = changed(ImagePositionPatient=[0.03, -0.02, 1.0])

    assert (drawn(grey_plane([input_of(slices)], **plane((0, 0, 1), size=(3, 3))), slices) == 90).all()


def test_volume_beyond_the_largest_is_refused_by_name(monkeypatch):
    monkeypatch.setattr("archive.pixels.rendering.volumetric.voxels.MOST_VOXELS", 4 * 4)
    slices = slices_of(np.full((3, 4, 4), 90))
    by = grey_plane([input_of(slices)], **plane((-0.5, -0.5, 0.5), size=(4, 4)))
    with pytest.raises(PixelsUnreadable) as refusal:
        drawn(by, slices)

    assert refusal.value.code == "VOLUME_TOO_LARGE"


def test_no_side_of_a_picture_is_longer_than_the_longest():
    """Of 10 m by a thousandth of a millimetre, in pixels of a millionth."""
    assert max(sizes.size_of((1e4, 1e-3), pixel_mm=1e-6, wished=None, samples=1)) == 8192


def test_picture_takes_no_more_samples_than_are_bounded():
    """4 m by 2 m at 0.1 mm would be 8e8 pixels; what is asked for, 8192 by 8192 for 100 steps each."""
    for wished in (None, (8192, 8192)):
        width, height = sizes.size_of((4000, 2000), pixel_mm=0.1, wished=wished, samples=100)

        assert width * height * 100 <= sizes.MOST_SAMPLES * 1.01
        assert abs(width / height - 2) < 0.01
