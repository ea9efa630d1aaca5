"""JPEG XL: lossless, as a JPEG packed again, and lossy (PS3.5 §8.2.17), as libjxl's own encoder makes it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, HTJ2KLossless

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.sources import PixelSource
from archive.pixels.transcoding import transcode_frame, transcode_instance
from tests.archive.pixels.images import image, part10

LOSSLESS, RECOMPRESSED, LOSSY = (UID(f"1.2.840.10008.1.2.4.{number}") for number in (110, 111, 112))
NOISE = np.random.default_rng(0)
SAMPLES: dict[str, NDArray[Any]] = {
    "8 bits": NOISE.integers(0, 256, (24, 20)).astype(np.uint8),
    "12 bits": NOISE.integers(0, 4096, (24, 20)).astype(np.uint16),
    "16 bits": NOISE.integers(0, 65536, (24, 20)).astype(np.uint16),
    "RGB": NOISE.integers(0, 256, (24, 20, 3)).astype(np.uint8),
}
SMOOTH: NDArray[Any] = np.dstack(
    [np.add.outer(np.arange(32), np.arange(32)) * step for step in (2, 3, 4)]
).astype(np.uint8)


def packed(
    samples: NDArray[Any], frames: Sequence[bytes | bytearray], syntax: UID, **elements: Any
) -> FileDataset:
    made = image(samples, PixelData=encapsulate([bytes(one) for one in frames]), **elements)
    made.file_meta.TransferSyntaxUID = syntax
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    return made


def bytes_of(made: FileDataset) -> bytes:
    """As a file, written under a name of the same length, since pydicom does not write under those of JPEG XL yet."""
    named, made.file_meta.TransferSyntaxUID = made.file_meta.TransferSyntaxUID, HTJ2KLossless
    return part10(made).replace(HTJ2KLossless.encode(), named.encode(), 1)


@pytest.mark.parametrize("kind", SAMPLES)
def test_lossless_frames_come_out_sample_for_sample(kind):
    samples = SAMPLES[kind]
    bits = {"BitsStored": 12, "HighBit": 11} if kind == "12 bits" else {}
    frames = [imagecodecs.jpegxl_encode(one, lossless=True) for one in (samples, samples[::-1].copy())]
    two = packed(np.stack([samples] * 2), frames, LOSSLESS, NumberOfFrames=2, **bits)
    data = bytes_of(two)

    parsed = parse(data)
    plain = dcmread(io.BytesIO(transcode_instance(PixelSource(data=data), ExplicitVRLittleEndian)))

    assert np.array_equal(parsed.samples(data, 1), samples)
    assert np.array_equal(parsed.samples(data, 2), samples[::-1])
    assert np.array_equal(plain.pixel_array, np.stack([samples, samples[::-1]]))


def test_a_jpeg_packed_again_shows_as_the_jpeg():
    jpeg = imagecodecs.jpeg8_encode(SMOOTH, level=90)
    data = bytes_of(
        packed(
            SMOOTH,
            [imagecodecs.jpegxl_encode_jpeg(jpeg)],
            RECOMPRESSED,
            PhotometricInterpretation="YBR_FULL_422",
        )
    )

    made = drawn(parse(data), data, Rendering(format="PNG"))

    shown = np.asarray(Image.open(io.BytesIO(made))).astype(int)
    assert np.abs(shown - imagecodecs.jpeg8_decode(jpeg)).max() <= 2  # two decoders of one JPEG


def test_lossy_colour_is_given_as_the_rgb_it_decodes_to():
    encoded = imagecodecs.jpegxl_encode(SMOOTH, level=95, lossless=False)
    data = bytes_of(packed(SMOOTH, [encoded], LOSSY, PhotometricInterpretation="XYB"))

    frame = transcode_frame(PixelSource(data=data), 1, ExplicitVRLittleEndian)

    assert frame.photometric_interpretation == "RGB"
    given = np.frombuffer(frame.data, np.uint8).reshape(SMOOTH.shape)
    assert np.abs(given.astype(int) - SMOOTH).mean() < 4


@pytest.mark.parametrize("damage", ["cut", "size"])
def test_damaged_frames_are_refused(damage):
    samples = SAMPLES["16 bits"]
    encoded = imagecodecs.jpegxl_encode(samples if damage == "cut" else samples[:8], lossless=True)
    data = bytes_of(packed(samples, [encoded[: len(encoded) // 2] if damage == "cut" else encoded], LOSSLESS))

    with pytest.raises(PixelsUnreadable):
        parse(data).samples(data, 1)
