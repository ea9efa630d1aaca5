"""Pictures of reference objects against pydicom's own pipeline, and a presentation state against its expected picture.

The reference decodes, applies the modality LUT or rescale and then the VOI, all by pydicom; of images that name no VOI
the least value measured is black and the largest white. What pydicom's decoders do not take, DCMTK decodes for it.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi, apply_windowing
from pydicom.pixels.utils import pixel_array

from archive.pixels.functional_groups import frame_value
from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.wishes import Region, Rendering
from tests.archive.pixels.images import image, part10
from tests.archive.pixels.real_objects import real_objects
from tests.archive.pixels.references import decodable, has_pixels

SEGMENTATIONS = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}


def shown(data: bytes, **wish) -> np.ndarray:
    made = drawn(parse(data), data, Rendering(format="PNG", **wish))
    return np.asarray(Image.open(io.BytesIO(made)))


def flattened(dataset: Dataset, frame: int) -> Dataset:
    """What the frame's functional groups say, at the top level, where pydicom's pipeline looks."""
    for group, keywords in (
        ("PixelValueTransformationSequence", ("RescaleSlope", "RescaleIntercept")),
        ("FrameVOILUTSequence", ("WindowCenter", "WindowWidth", "VOILUTFunction")),
    ):
        for keyword in keywords:
            value = frame_value(dataset, frame, group, keyword)
            if value is not None:
                setattr(dataset, keyword, value)
    return dataset


def reference(dataset: Dataset, frame: int) -> np.ndarray:
    """A frame by pydicom, from 0 to 255 and not rounded."""
    samples = pixel_array(dataset, index=frame - 1)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(samples, dataset)[..., :3]
        return np.asarray(colours / (2.0 ** (colours.dtype.itemsize * 8) - 1) * 255)
    if dataset.get("SamplesPerPixel", 1) == 3:
        return np.asarray(samples / (2.0**dataset.BitsStored - 1) * 255)
    grey = grey_reference(flattened(dataset, frame), samples)
    if dataset.get("PixelPresentation") == "COLOR" and "RedPaletteColorLookupTableDescriptor" in dataset:
        return supplemented_reference(dataset, samples, grey)
    return 255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def supplemented_reference(dataset: Dataset, samples: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Values from the first that the palette maps on in its colours (PS3.3 C.8.16.2.1.1.1), by its plain tables."""
    count, first, bits = dataset.RedPaletteColorLookupTableDescriptor
    tables = [
        np.frombuffer(dataset[f"{colour}PaletteColorLookupTableData"].value, "<u2" if bits == 16 else "u1")
        for colour in ("Red", "Green", "Blue")
    ]
    index = np.clip(samples.astype(np.int64) - first, 0, (count or 1 << 16) - 1)
    colours = np.stack([table[index] for table in tables], axis=-1) / (2.0**bits - 1) * 255
    return np.where((samples >= first)[..., None], colours, grey[..., None])


def grey_reference(dataset: Dataset, samples: np.ndarray) -> np.ndarray:
    values = apply_modality_lut(samples, dataset)
    if "VOILUTSequence" in dataset:
        whole = np.rint(values).astype(np.int64) if values.dtype.kind == "f" else values
        shown = apply_voi(whole, dataset)
        return np.asarray(shown / (2.0 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1) * 255)
    if "WindowWidth" in dataset and "PixelData" in dataset:
        windowed = apply_windowing(values.astype(np.float64), dataset)
        low, high = output_range(dataset)
        return (windowed - low) / (high - low) * 255
    if "WindowWidth" in dataset:
        center, width = float(dataset.WindowCenter), float(dataset.WindowWidth)
        return np.where(values > center - 0.5, 255.0, 0.0) if width == 1 else np.full(values.shape, np.nan)
    padding = dataset.get("PixelPaddingValue")
    measured = values
    if padding is not None and dataset.get("SOPClassUID") not in SEGMENTATIONS and (samples != padding).any():
        measured = values[samples != padding]
    least, span = float(measured.min()), float(measured.max()) - float(measured.min())
    return np.clip((values.astype(np.float64) - least) / (span or 1) * 255, 0, 255)


def output_range(dataset: Dataset) -> tuple[float, float]:
    """Between which values `apply_windowing` puts what it windows."""
    bits = int(dataset.BitsStored)
    if "ModalityLUTSequence" in dataset:
        return 0.0, 2.0 ** dataset.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    low, high = (
        (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if dataset.PixelRepresentation else (0.0, 2.0**bits - 1)
    )
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


def test_published_objects_look_as_pydicom_shows_them_within_one_grey_level(
    shared_data: Path, table, tmp_path
):
    """Their first frame and their last."""
    for one in real_objects(shared_data):
        if not has_pixels(dcmread(io.BytesIO(one.sent), stop_before_pixels=False)):
            continue
        dataset, by = decodable(one, shared_data=shared_data, folder=tmp_path)
        for frame in sorted({1, int(dataset.get("NumberOfFrames") or 1)}):
            ours, theirs = shown(one.sent, frames=(frame,)).astype(np.float64), reference(dataset, frame)
            assert ours.shape == theirs.shape, one.name
            worst = np.abs(ours - theirs).max()
            assert worst <= 1, (one.name, frame)
            table.append((one.name, f"frame {frame}", f"{worst:.2f} from {by}"))
    assert len(table) > 190


def test_presentation_state_gives_the_expected_picture(shared_data: Path):
    folder = shared_data / "dicom" / "presentation_state"
    state = base64.b64encode((folder / "prLUTs.dcm").read_bytes()).decode()

    made = shown((folder / "imageForPrLUTs.dcm").read_bytes(), presentation=state)

    assert np.array_equal(made, np.asarray(Image.open(folder / "expected_imgForPrLUT.png")))


@pytest.mark.parametrize(
    ("name", "tolerance_hu"),
    [
        ("CTImage_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm", 36),
        ("CTImage_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm", 36),
        ("CTImage_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm", 36),
    ],
)
def test_twelve_bit_jpeg_is_decoded_within_what_its_loss_allows(shared_data: Path, name, tolerance_hu):
    folder = shared_data / "dicom" / "transfer_syntax" / "ct_same_slice"
    plain = dcmread(folder / "CTImage_LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2.dcm")
    data = (folder / name).read_bytes()
    lossy = parse(data)

    values = lossy.samples(data, 1) * float(lossy.header.RescaleSlope) + float(lossy.header.RescaleIntercept)

    assert np.abs(values - apply_modality_lut(plain.pixel_array, plain)).max() <= tolerance_hu


def test_window_asked_for_goes_before_the_image_s_own():
    data = part10(image([[0, 50], [100, 200]], WindowCenter=1000, WindowWidth=10))

    # LINEAR around 50.5 over 101 values: 0 is black, 100 white, 50 in the middle (PS3.3 §C.11.2.1.2.1).
    assert shown(data, window=(50.5, 101)).tolist() == [[0, 128], [255, 255]]


def test_region_is_cut_out_turned_over_and_scaled_to_fit():
    data = part10(image(np.arange(16, dtype=np.uint8).reshape(4, 4) * 10, WindowCenter=128, WindowWidth=256))

    assert shown(data, region=Region(1, 1, -2, 2)).tolist() == [[60, 50], [100, 90]]
    assert shown(data, size=(8, 100)).shape == (8, 8)


def test_film_becomes_an_animated_gif_and_else_its_representative_frame():
    frames = np.stack([np.full((4, 4), value, np.uint8) for value in (10, 20, 30)])
    data = part10(
        image(frames, NumberOfFrames=3, RepresentativeFrameNumber=2, WindowCenter=128, WindowWidth=256)
    )

    film = Image.open(io.BytesIO(drawn(parse(data), data, Rendering(format="GIF"))))

    assert len(list(ImageSequence.Iterator(film))) == 3
    assert (shown(data) == 20).all()
    assert (shown(data, frames=(3,)) == 30).all()
