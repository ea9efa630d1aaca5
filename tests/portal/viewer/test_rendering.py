"""What a slice looks like, by the arithmetic of PS3.3 §C.11. Where slices come from is tested beside the views."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from archive.pixels import frames
from archive.pixels.errors import PixelsUnreadable
from archive.pixels.frames import Frame
from archive.pixels.parsing import parse
from archive.pixels.windowing import VoiFunction, Window, apply_window, window_of_values
from common.errors import NotFound
from portal.viewer.pictures import picture, shown_pixels, window_to_show
from tests.archive.pixels.real_objects import completed, real_objects
from tests.archive.pixels.references import has_pixels


def image(samples: np.ndarray, **elements) -> Dataset:
    """A minimal image: 16 bits signed, MONOCHROME2, rescale 1 / 0, unless told otherwise."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    bits = samples.dtype.itemsize * 8
    dataset.Rows, dataset.Columns = samples.shape[:2]
    dataset.SamplesPerPixel = 3 if samples.ndim == 3 else 1
    if samples.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(samples.dtype.kind == "i")
    dataset.PhotometricInterpretation = "RGB" if samples.ndim == 3 else "MONOCHROME2"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = samples.tobytes()
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    return dataset


def decode_frame(dataset: Dataset, *, frame: int = 1) -> Frame:
    """The frame of a data set, by way of its Part 10 file."""
    if "SOPClassUID" not in dataset:
        dataset.SOPClassUID = SecondaryCaptureImageStorage
    data = completed(dataset, "image", () if "SOPInstanceUID" in dataset else ("SOPInstanceUID",))
    return frames.decode_frame(parse(data), data, frame=frame)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


# The example of PS3.3 §C.11.2.1.2.1: c = 2048, w = 4096 is the identity over 12 bits.
@pytest.mark.parametrize(
    ("value", "share"),
    [(0, 0.0), (2047.5, 0.5), (4095, 1.0), (-5, 0.0), (9000, 1.0)],
)
def test_linear_window_spans_width_minus_one_around_center_minus_a_half(value, share):
    shown = apply_window(np.array([float(value)]), window=Window(2048, 4096))

    assert shown[0] == int(share * 255 + 0.5)


# §C.11.2.1.2.1: for c = 2048 and w = 1, values <= 2047.5 are black and the others white.
@pytest.mark.parametrize(("value", "expected"), [(2047, 0), (2047.5, 0), (2048, 255)])
def test_window_width_one_is_a_threshold(value, expected):
    assert apply_window(np.array([float(value)]), window=Window(2048, 1))[0] == expected


@pytest.mark.parametrize(
    ("function", "value", "share"),
    [
        (VoiFunction.LINEAR_EXACT, 40.0, 0.5),
        (VoiFunction.LINEAR_EXACT, -160.0, 0.0),
        (VoiFunction.LINEAR_EXACT, 240.0, 1.0),
        (VoiFunction.SIGMOID, 40.0, 0.5),
        (VoiFunction.SIGMOID, 140.0, 1 / (1 + np.exp(-1))),
    ],
)
def test_other_voi_functions_follow_their_formulas(function, value, share):
    shown = apply_window(np.array([value]), window=Window(40, 400), function=function)

    assert shown[0] == int(share * 255 + 0.5)


@pytest.mark.parametrize("width", [0.5, 0, -10, float("nan")])
def test_linear_window_below_one_is_refused(width):
    with pytest.raises(ValueError, match="Window Width"):
        apply_window(np.zeros(1), window=Window(0, width))


def test_window_from_values_makes_its_percentiles_black_and_white():
    values = np.arange(0, 1001, dtype=np.float64)  # 1st and 99th percentile: 10 and 990

    shown = apply_window(values, window=window_of_values(values))

    assert (shown[:11] == 0).all()
    assert shown[13] > 0
    assert (shown[990:] == 255).all()
    assert shown[987] < 255


def test_flat_image_has_a_window_all_the_same():
    frame = decode_frame(image(np.full((4, 4), 7, np.int16)))

    window = window_to_show(frame)
    assert window is not None
    assert window.width >= 1
    assert shown_pixels(frame).shape == (4, 4)


def test_rescale_leads_to_hounsfield_units_before_the_window():
    stored = np.array([[0, 904], [1104, 2000]], np.uint16)  # with intercept -1000: -1000, -96, 104, 1000 HU
    frame = decode_frame(image(stored, RescaleSlope=1, RescaleIntercept=-1000))

    shown = shown_pixels(frame, window=Window(40, 400))

    # LINEAR: (HU - 39.5) / 399 + 0.5
    expected = [[0, (-96 - 39.5) / 399 + 0.5], [(104 - 39.5) / 399 + 0.5, 1]]
    assert shown.tolist() == (np.array(expected) * 255 + 0.5).astype(int).tolist()


def test_header_window_is_used_when_none_is_asked_for_and_the_first_of_several():
    stored = np.array([[-160, 240]], np.int16)
    frame = decode_frame(image(stored, WindowCenter=[40, -600], WindowWidth=[400, 1500]))

    assert window_to_show(frame) == Window(40, 400)


def test_header_window_that_the_standard_forbids_is_replaced_by_one_from_the_values():
    frame = decode_frame(image(np.array([[0, 100]], np.int16), WindowCenter=0, WindowWidth=0))

    window = window_to_show(frame)
    assert window is not None
    assert window.width > 90


def test_monochrome1_shows_low_values_white():
    stored = np.array([[0, 255]], np.uint8)
    frame = decode_frame(
        image(stored, PhotometricInterpretation="MONOCHROME1", WindowCenter=128, WindowWidth=256)
    )

    assert shown_pixels(frame).tolist() == [[255, 0]]


def test_padding_does_not_pull_the_automatic_window():
    stored = np.full((10, 10), 100, np.int16)
    stored[0], stored[1:5] = 200, -2000
    frame = decode_frame(image(stored, PixelPaddingValue=-2000))

    window = window_to_show(frame)

    assert window == Window(150.5, 101)


def test_voi_lut_of_the_header_is_applied_when_there_is_no_window():
    table = Dataset()
    table.LUTDescriptor = [4, 0, 8]
    table.LUTData = np.array([0, 10, 100, 255], np.uint16).tobytes()
    table["LUTData"].VR = "OW"
    stored = np.array([[0, 1], [2, 3]], np.uint16)

    frame = decode_frame(image(stored, VOILUTSequence=[table]))

    assert shown_pixels(frame).tolist() == [[0, 10], [100, 255]]


@pytest.mark.parametrize("planar", [0, 1], ids=["by pixel", "by plane"])
def test_rgb_keeps_its_colours_in_both_planar_configurations(planar):
    pixels = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [7, 8, 9]]], np.uint8)
    stored = image(pixels, PlanarConfiguration=planar)
    if planar:
        stored.PixelData = np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes()

    assert shown_pixels(decode_frame(stored)).tolist() == pixels.tolist()


def test_ybr_full_becomes_rgb():
    grey = np.array([[[128, 128, 128]]], np.uint8)  # PS3.3 §C.7.6.3.1.2: Cb = Cr = 128 is no colour

    shown = shown_pixels(decode_frame(image(grey, PhotometricInterpretation="YBR_FULL")))

    assert shown.tolist() == [[[128, 128, 128]]]


def test_palette_is_looked_up():
    stored = image(np.array([[0, 1]], np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for colour, entries in (("Red", [0, 65535]), ("Green", [65535, 0]), ("Blue", [0, 0])):
        setattr(stored, f"{colour}PaletteColorLookupTableDescriptor", [2, 0, 16])
        setattr(stored, f"{colour}PaletteColorLookupTableData", np.array(entries, np.uint16).tobytes())

    assert shown_pixels(decode_frame(stored)).tolist() == [[[0, 255, 0], [255, 0, 0]]]


def test_coarse_rows_are_stretched_to_square_pixels():
    stored = image(np.zeros((10, 40), np.int16), PixelSpacing=[2.0, 0.5])

    assert opened(picture(decode_frame(stored))).size == (40, 40)


def test_picture_is_no_larger_than_asked_for_and_never_blown_up():
    frame = decode_frame(image(np.zeros((100, 50), np.int16)))

    assert opened(picture(frame, size=20)).size == (10, 20)
    assert opened(picture(frame, size=2000)).size == (50, 100)


def test_grey_is_sent_as_one_channel_and_png_keeps_every_value():
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    frame = decode_frame(image(stored, WindowCenter=128, WindowWidth=256))

    assert opened(picture(frame)).mode == "L"
    assert np.array_equal(np.asarray(opened(picture(frame, image_format="PNG"))), stored)


def test_frames_are_counted_from_one_and_a_missing_one_is_refused():
    stored = image(np.zeros((4, 2), np.int16), Rows=2, NumberOfFrames=2)
    stored.PixelData = np.array([1, 1, 1, 1, 9, 9, 9, 9], np.int16).tobytes()

    assert (decode_frame(stored, frame=2).samples == 9).all()
    with pytest.raises(NotFound, match="no such frame"):
        decode_frame(stored, frame=3)


@pytest.mark.parametrize(
    "harm",
    [
        lambda dataset: delattr(dataset, "PixelData"),
        lambda dataset: setattr(dataset, "PixelData", b"\0"),
        lambda dataset: delattr(dataset, "BitsAllocated"),
        lambda dataset: dataset.update({"Rows": 65535, "Columns": 65535}),
    ],
    ids=["no pixels", "too few", "no bits", "beyond any image"],
)
def test_damaged_image_is_refused_as_unreadable(harm):
    stored = image(np.zeros((4, 4), np.int16))
    harm(stored)

    with pytest.raises(PixelsUnreadable):
        decode_frame(stored)


def frame_in(data: bytes) -> Frame:
    return frames.decode_frame(parse(data), data)


def test_every_reference_image_is_shown(shared_data: Path):
    shown = 0
    for one in real_objects(shared_data):
        if has_pixels(dcmread(io.BytesIO(one.sent))):
            assert opened(picture(frame_in(one.sent))).size > (0, 0), one.name
            shown += 1
    assert shown > 180


def test_malformed_reference_images_are_shown_or_refused_but_never_crash(shared_data: Path):
    shown, refused = [], []
    for path in sorted((shared_data / "dicom" / "malformed").rglob("*.dcm")):
        try:
            made = picture(frame_in(path.read_bytes()))
        except PixelsUnreadable:
            refused.append(path.name)
        else:
            shown.append(path.name)
            assert made.startswith(b"\xff\xd8"), path.name

    assert shown
    assert refused


def test_lossless_forms_of_one_slice_give_the_same_picture(shared_data: Path):
    folder = shared_data / "dicom" / "transfer_syntax" / "ct_same_slice"
    marks = ("LittleEndian", "Process14", "JPEGLSLossless", "JPEG2000Lossless", "RLE")
    lossless = [path for path in sorted(folder.glob("*.dcm")) if any(mark in path.name for mark in marks)]
    pictures = {
        picture(frame_in(path.read_bytes()), window=Window(40, 400), image_format="PNG") for path in lossless
    }

    assert len(lossless) == 7
    assert len(pictures) == 1
