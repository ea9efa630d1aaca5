"""Presentation states, statement by statement: expected pictures by the arithmetic of PS3.3 and PS3.4 N.2."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.services import referenced_by
from archive.pixels.rendering.wishes import Region, Rendering
from tests.archive.pixels.images import image, part10
from tests.archive.pixels.states import (
    COLOUR,
    PSEUDO_COLOUR,
    VARIABLE_MODALITY,
    area,
    carried,
    item,
    line,
    state,
)

GREY = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)


def shown(of, by, **wish) -> np.ndarray:
    data = part10(of)
    made = drawn(parse(data), data, Rendering(format="PNG", presentation=carried(by), **wish))
    return np.asarray(Image.open(io.BytesIO(made)))


@pytest.mark.parametrize(
    ("rotation", "flip", "expected"),
    [
        (0, "N", [[10, 20, 30], [40, 50, 60]]),
        (90, "N", [[40, 10], [50, 20], [60, 30]]),
        (180, "N", [[60, 50, 40], [30, 20, 10]]),
        (270, "N", [[30, 60], [20, 50], [10, 40]]),
        (0, "Y", [[30, 20, 10], [60, 50, 40]]),
        (90, "Y", [[10, 40], [20, 50], [30, 60]]),
    ],
)
def test_image_is_turned_clockwise_and_then_flipped(rotation, flip, expected):
    """PS3.3 C.10.6: the flip comes after the rotation."""
    assert shown(image(GREY), state(ImageRotation=rotation, ImageHorizontalFlip=flip)).tolist() == expected


def test_displayed_area_counts_from_one_and_has_both_corners_in_it():
    by = state(DisplayedAreaSelectionSequence=area((2, 1), (3, 2)))

    assert shown(image(GREY), by).tolist() == [[20, 30], [50, 60]]


def test_displayed_area_may_reach_beyond_the_image():
    by = state(DisplayedAreaSelectionSequence=area((0, 0), (4, 2)))

    assert shown(image(GREY), by).tolist() == [[0, 0, 0, 0, 0], [0, 10, 20, 30, 0], [0, 40, 50, 60, 0]]


def test_corners_of_the_displayed_area_are_named_as_they_are_shown():
    """PS3.3 C.10.4: the top left corner is that after the turning."""
    by = state(ImageRotation=180, DisplayedAreaSelectionSequence=area((3, 2), (2, 1)))

    assert shown(image(GREY), by).tolist() == [[60, 50], [30, 20]]


def test_area_larger_than_any_picture_is_refused():
    with pytest.raises(PixelsUnreadable) as refusal:
        shown(image(GREY), state(DisplayedAreaSelectionSequence=area((-(2**30), -(2**30)), (2**30, 2**30))))
    assert refusal.value.code == "PIXELS_TOO_LARGE"


def test_magnification_and_shape_of_pixels_are_followed():
    magnified = area((1, 1), (3, 2), PresentationSizeMode="MAGNIFY", PresentationPixelMagnificationRatio=4.0,
                     PresentationPixelSpacing=[2.0, 1.0])  # fmt: skip

    assert shown(image(GREY), state(DisplayedAreaSelectionSequence=magnified)).shape == (2 * 4 * 2, 3 * 4)
    fitted = area((1, 1), (3, 2), PresentationSizeMode="SCALE TO FIT", PresentationPixelAspectRatio=[2, 1])
    assert shown(image(GREY), state(DisplayedAreaSelectionSequence=fitted), size=(30, 90)).shape == (40, 30)


def test_what_is_magnified_is_cropped_to_the_viewport_and_never_fitted_to_it():
    """PS3.18 9.5.2.3: magnified as specified in the presentation state, then cropped."""
    twice = area((1, 1), (3, 2), PresentationSizeMode="MAGNIFY", PresentationPixelMagnificationRatio=2.0)
    by = state(DisplayedAreaSelectionSequence=twice)
    whole = shown(image(GREY), by)

    assert whole.shape == (4, 6)
    assert shown(image(GREY), by, size=(5, 3)).tolist() == whole[:3, :5].tolist()
    assert shown(image(GREY), by, size=(90, 60)).tolist() == whole.tolist()


def test_true_size_is_fitted_to_the_viewport_and_else_not_scaled():
    """PS3.18 9.5.2.3: the size of pixels on the screen is unlikely to be known."""
    true = area((2, 1), (3, 2), PresentationSizeMode="TRUE SIZE", PresentationPixelSpacing=[0.5, 0.5])
    by = state(DisplayedAreaSelectionSequence=true)

    assert shown(image(GREY), by).shape == (2, 2)
    assert shown(image(GREY), by, size=(40, 30)).shape == (30, 30)


def test_what_is_magnified_beyond_any_picture_is_refused():
    most = area(
        (1, 1), (8000, 8000), PresentationSizeMode="MAGNIFY", PresentationPixelMagnificationRatio=64.0
    )
    with pytest.raises(PixelsUnreadable) as refusal:
        shown(image(GREY), state(DisplayedAreaSelectionSequence=most), size=(10, 10))
    assert refusal.value.code == "PIXELS_TOO_LARGE"


def test_a_state_for_some_frames_is_for_no_others():
    of = image(np.array([[[1]], [[2]], [[3]]], np.uint8), NumberOfFrames=3)
    by = state()
    by.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber = [2, 3]

    assert shown(of, by, frames=(3,)).tolist() == [[3]]
    with pytest.raises(PixelsUnreadable) as refusal:
        shown(of, by, frames=(1,))
    assert refusal.value.code == "PRESENTATION_UNSUITED"


@pytest.mark.parametrize(("vr", "value"), [("LO", "second"), ("LO", "1.5"), ("SQ", [Dataset()])])
def test_a_state_whose_frames_are_no_numbers_is_refused(vr, value):
    by = state()
    by.ReferencedSeriesSequence[0].ReferencedImageSequence[0].add_new("ReferencedFrameNumber", vr, value)

    with pytest.raises(PixelsUnreadable) as refusal:
        referenced_by(part10(by))
    assert refusal.value.code == "PRESENTATION_UNSUITED"


def test_what_the_state_does_not_say_of_grey_is_identity():
    """PS3.4 N.2.1: rescale, window and polarity of the image do not count; 12 bits reach from black to white."""
    of = image(
        [[0, 2048, 4095]], BitsStored=12, HighBit=11, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=40,
        WindowWidth=400, PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip

    assert shown(of, state()).tolist() == [[0, round(2048 / 4095 * 255), 255]]
    assert shown(of, state(PresentationLUTShape="INVERSE")).tolist() == [[255, round(2047 / 4095 * 255), 0]]


def test_signed_values_reach_from_the_least_to_the_largest_of_their_bits():
    of = image(np.array([[-128, 0, 127]], np.int8))

    assert shown(of, state()).tolist() == [[0, round(128 / 255 * 255), 255]]


def test_rescale_and_window_of_the_state_are_applied():
    """LINEAR: x <= c - 0.5 - (w-1)/2 is black, mid-grey at c - 0.5 (PS3.3 C.11.2.1.2.1)."""
    of = image([[0, 500, 1040, 1240, 4000]], BitsStored=12, HighBit=11)
    by = state(RescaleSlope=1, RescaleIntercept=-1000, RescaleType="HU",
               SoftcopyVOILUTSequence=[item(WindowCenter=40.5, WindowWidth=401)])  # fmt: skip

    assert shown(of, by).tolist() == [[0, 0, 128, 255, 255]]


def test_each_image_and_frame_has_its_own_modality_transformation():
    """PS3.3 A.33.8, C.11.35; what no item names, and what the image says, is identity."""
    of = image(np.full((3, 1, 2), 10, np.uint8), NumberOfFrames=3, RescaleSlope=9, RescaleIntercept=9)
    frames = [item(ReferencedSOPInstanceUID="1.2.3.4.5", ReferencedFrameNumber=[frame]) for frame in (1, 2)]
    table = item(LUTDescriptor=[2, 10, 8], LUTData=[200, 201], ModalityLUTType="US")
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    by = state(
        VARIABLE_MODALITY,
        PresentationLUTShape="IDENTITY",
        VariableModalityLUTSequence=[
            item(ReferencedImageSequence=frames[:1], RescaleSlope=2, RescaleIntercept=30, RescaleType="US"),
            item(ReferencedImageSequence=frames[1:], ModalityLUTSequence=[table]),
        ],
        SoftcopyVOILUTSequence=[item(WindowCenter=127.5, WindowWidth=255, VOILUTFunction="LINEAR_EXACT")],
    )

    assert [shown(of, by, frames=(frame,))[0, 0] for frame in (1, 2, 3)] == [50, 200, 10]


def test_voi_function_and_table_are_applied_to_the_frames_they_name():
    of = image(np.array([[[0, 1, 2, 3]], [[0, 1, 2, 3]]], np.uint8), NumberOfFrames=2)
    frame = item(ReferencedSOPInstanceUID="1.2.3.4.5", ReferencedFrameNumber=2)
    table = item(LUTDescriptor=[4, 0, 8], LUTData=[255, 170, 85, 0])
    exact = item(WindowCenter=1.5, WindowWidth=3, VOILUTFunction="LINEAR_EXACT")
    first = item(ReferencedSOPInstanceUID="1.2.3.4.5", ReferencedFrameNumber=1)
    exact.ReferencedImageSequence, voi = (
        [first],
        item(VOILUTSequence=[table], ReferencedImageSequence=[frame]),
    )
    for one in (table,):
        one["LUTDescriptor"].VR, one["LUTData"].VR = "US", "US"
    by = state(SoftcopyVOILUTSequence=[exact, voi])

    assert shown(of, by, frames=(1,)).tolist() == [[0, 85, 170, 255]]
    assert shown(of, by, frames=(2,)).tolist() == [[255, 170, 85, 0]]


def test_rectangle_hides_what_is_outside_in_its_grey():
    by = state(
        ShutterShape="RECTANGULAR", ShutterLeftVerticalEdge=2, ShutterRightVerticalEdge=3,
        ShutterUpperHorizontalEdge=1, ShutterLowerHorizontalEdge=1, ShutterPresentationValue=0x8000,
    )  # fmt: skip

    assert shown(image(GREY), by).tolist() == [[128, 20, 30], [128, 128, 128]]


def test_shutters_of_several_shapes_hide_what_any_of_them_hides():
    of = image(np.full((9, 9), 200, np.uint8))
    by = state(
        ShutterShape=["CIRCULAR", "POLYGONAL"], CenterOfCircularShutter=[5, 5], RadiusOfCircularShutter=3,
        VerticesOfThePolygonalShutter=[1, 1, 1, 9, 5, 9, 5, 1], ShutterPresentationValue=0,
    )  # fmt: skip

    made = shown(of, by)

    assert made[4, 4] == 200  # the centre, row 5, is in both
    assert made[1, 4] == 200  # 3 above the centre
    assert made[0, 4] == 0  # outside of the circle
    assert made[6, 4] == 0  # in the circle, below the polygon


def overlay(made, group, bits, *, layer=None, **elements):
    """Puts a plane of these rows of bits into a data set."""
    plane = np.array(bits, np.uint8)
    made.add_new((group, 0x0010), "US", plane.shape[-2])
    made.add_new((group, 0x0011), "US", plane.shape[-1])
    made.add_new((group, 0x0040), "CS", "G")
    made.add_new((group, 0x0050), "SS", elements.get("origin", [1, 1]))
    made.add_new((group, 0x0100), "US", elements.get("allocated", 1))
    made.add_new((group, 0x0102), "US", elements.get("position", 0))
    if "frames" in elements:
        made.add_new((group, 0x0015), "IS", elements["frames"])
    if "position" not in elements:
        packed = np.packbits(plane.ravel(), bitorder="little").tobytes()
        made.add_new((group, 0x3000), "OW", packed + b"\0" * (len(packed) % 2))
    if layer:
        made.add_new((group, 0x1001), "CS", layer)
    return made


def test_bitmap_hides_where_its_bits_are_set():
    by = overlay(state(ShutterShape="BITMAP", ShutterOverlayGroup=0x6002, ShutterPresentationValue=0), 0x6002,
                 [[1, 0, 0], [0, 0, 1]])  # fmt: skip

    assert shown(image(GREY), by).tolist() == [[0, 20, 30], [40, 50, 0]]


def activated(group, *, grey=None, **elements):
    layer = item(GraphicLayer="L", GraphicLayerOrder=1)
    if grey is not None:
        layer.GraphicLayerRecommendedDisplayGrayscaleValue = grey
    by = state(GraphicLayerSequence=[layer], **elements)
    by.add_new((group, 0x1001), "CS", "L")
    return by


def test_overlay_of_the_image_is_shown_when_the_state_activates_it_in_the_grey_of_its_layer():
    of = overlay(image(GREY), 0x6000, [[1, 1]], origin=[2, 2])

    assert shown(of, state()).tolist() == GREY.tolist()
    assert shown(of, activated(0x6000)).tolist() == [[10, 20, 30], [40, 255, 255]]
    assert shown(of, activated(0x6000, grey=0x4000)).tolist() == [[10, 20, 30], [40, 64, 64]]


def test_overlay_of_the_state_itself_is_shown():
    by = overlay(activated(0x6000), 0x6000, [[1, 0, 0], [0, 0, 0]])

    assert shown(image(GREY), by).tolist() == [[255, 20, 30], [40, 50, 60]]


def test_overlay_in_high_bits_of_the_pixels_is_shown_and_is_no_part_of_their_values():
    """PS3.5 8.1.2 of before its retirement: 12 bits of sample, the plane in bit 15."""
    words = np.array([[0, 4095, 0x8000 | 4095]], np.uint16)
    of = overlay(image(words, BitsStored=12, HighBit=11), 0x6000, [[0, 0, 0]], allocated=16, position=15)

    assert shown(of, state()).tolist() == [[0, 255, 255]]
    assert shown(of, activated(0x6000, grey=0x2000)).tolist() == [[0, 255, 32]]


def test_each_frame_has_its_plane_of_an_overlay_of_several():
    frames = np.zeros((2, 1, 3), np.uint8)
    of = overlay(image(frames, NumberOfFrames=2), 0x6000, [[[1, 0, 0]], [[0, 0, 1]]], frames=2)

    assert shown(of, activated(0x6000), frames=(1,)).tolist() == [[255, 0, 0]]
    assert shown(of, activated(0x6000), frames=(2,)).tolist() == [[0, 0, 255]]


def annotating(*items, **elements):
    layers = [
        item(GraphicLayer="L", GraphicLayerOrder=1, GraphicLayerRecommendedDisplayGrayscaleValue=0xC000)
    ]
    return state(GraphicAnnotationSequence=list(items), GraphicLayerSequence=layers, **elements)


def test_lines_count_from_the_outer_corner_of_the_first_pixel():
    """PS3.3 C.10.5: 0.0 is the top left of the first pixel and 1.0 its bottom right; the layer's grey is 0xC000."""
    assert shown(image(GREY), annotating(line(0.5, 0.5, 1.5, 0.5))).tolist() == [
        [192, 192, 30],
        [40, 50, 60],
    ]


def test_lines_turn_with_the_image_and_move_with_the_area():
    by = annotating(
        line(1.5, 0.5, 2.5, 0.5), ImageRotation=90, DisplayedAreaSelectionSequence=area((2, 1), (3, 2))
    )

    # Columns 2 and 3: [[20, 30], [50, 60]], clockwise [[50, 20], [60, 30]]; the line was the upper row.
    assert shown(image(GREY), by).tolist() == [[50, 192], [60, 192]]


def test_lines_in_units_of_the_display_stay_where_they_are():
    of = image(np.zeros((4, 4), np.uint8))
    by = annotating(line(0.1, 0.1, 0.9, 0.1, units="DISPLAY"), ImageRotation=180)

    assert shown(of, by).tolist() == [[192] * 4, *[[0] * 4] * 3]


def test_lines_lie_on_a_scaled_picture_as_thin_as_ever():
    of = image(np.zeros((4, 4), np.uint8))

    made = shown(of, annotating(line(0, 2, 4, 2)), size=(40, 40))

    assert (made[20] == 192).all()
    assert not made[[18, 19, 21, 22]].any()


def test_lines_are_cut_with_what_the_client_cuts_out():
    made = shown(image(GREY), annotating(line(0.5, 0.5, 2.5, 0.5)), region=Region(1, 0, 2, 2))

    assert made.tolist() == [[192, 192], [50, 60]]


def test_upper_layers_lie_on_lower_ones():
    layers = [
        item(GraphicLayer=name, GraphicLayerOrder=order, GraphicLayerRecommendedDisplayGrayscaleValue=grey)
        for name, order, grey in (("TOP", 2, 0x1000), ("LOW", 1, 0xF000))
    ]
    both = [line(0.5, 0.5, 2.5, 0.5, layer=name) for name in ("TOP", "LOW")]

    made = shown(image(GREY), state(GraphicAnnotationSequence=both, GraphicLayerSequence=layers))

    assert made[0].tolist() == [0x10] * 3


def test_pseudo_colour_shows_grey_by_the_palette_of_the_state(shared_data: Path):
    """The well-known palette as published; its colours as pydicom has them."""
    palette = dcmread(shared_data / "dicom" / "palette" / "hotiron.dcm")
    of = image([[0, 100, 200, 255, 400]], BitsStored=12, HighBit=11)
    by = state(PSEUDO_COLOUR, SoftcopyVOILUTSequence=[item(WindowCenter=128, WindowWidth=256)])
    by.update({element.tag: element for element in palette[0x00281100:0x00281300]})
    by.ICCProfile = b"profile" + bytes(1)

    made = shown(of, by)

    assert made.tolist() == apply_color_lut(np.array([[0, 100, 200, 255, 255]]), palette="HOT_IRON").tolist()


def test_colour_state_leaves_colours_and_turns_the_image_and_gives_its_profile():
    colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [7, 8, 9]]], np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    by = state(COLOUR, ImageHorizontalFlip="Y", ImageRotation=0, ICCProfile=profile)
    data = part10(image(colours))

    wish = Rendering(format="PNG", presentation=carried(by), with_profile=True)
    made = Image.open(io.BytesIO(drawn(parse(data), data, wish)))

    assert np.array_equal(np.asarray(made), colours[:, ::-1])
    assert made.info["icc_profile"] == profile


def test_over_colours_a_shutter_has_its_colour():
    """PS3.3 C.11.12: on a colour display, the triplet. L* of 100 without a* and b* is white (C.10.7.1.1)."""
    of = image(np.zeros((1, 3, 3), np.uint8))
    by = state(
        COLOUR, ShutterShape="RECTANGULAR", ShutterLeftVerticalEdge=1, ShutterRightVerticalEdge=2,
        ShutterUpperHorizontalEdge=1, ShutterLowerHorizontalEdge=1, ShutterPresentationValue=0x8000,
        ShutterPresentationColorCIELabValue=[0xFFFF, 0x8080, 0x8080],
    )  # fmt: skip

    assert shown(of, by).tolist() == [[[0, 0, 0], [0, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize(
    "by", [state("1.2.840.10008.5.1.4.1.1.11.4"), state(of="1.2.3.9")], ids=["class", "image"]
)
def test_states_of_other_classes_and_images_are_refused(by):
    with pytest.raises(PixelsUnreadable) as refusal:
        shown(image(GREY), by)
    assert refusal.value.code == "PRESENTATION_UNSUITED"


def test_overlay_of_a_published_image_lies_where_pydicom_finds_it(shared_data: Path):
    data = (shared_data / "dicom" / "color" / "examples_overlay.dcm").read_bytes()
    dataset = dcmread(io.BytesIO(data))
    by = activated(0x6000, of=dataset.SOPInstanceUID)

    plain, covered = (
        np.asarray(
            Image.open(
                io.BytesIO(drawn(parse(data), data, Rendering(format="PNG", presentation=carried(one))))
            )
        )
        for one in (state(of=dataset.SOPInstanceUID), by)
    )

    is_set = dataset.overlay_array(0x6000).astype(bool)
    assert is_set.any()
    assert (covered[is_set] == 255).all()
    assert np.array_equal(covered[~is_set], plain[~is_set])
