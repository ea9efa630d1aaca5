"""Frames and objects in another transfer syntax: nothing but what is asked for changes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from archive.pixels.conversion import NATIVE, converted_frame, converted_object
from archive.pixels.encoding import ENCODERS
from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parsing import parse
from archive.pixels.sources import PixelSource
from archive.pixels.transcoding import INSTANCE_SYNTAXES, transcode_frame, transcode_instance
from tests.archive.pixels.images import image, part10

LOSSLESS = sorted((set(ENCODERS) | NATIVE) - {str(JPEGBaseline8Bit)})
NOISE = np.random.default_rng(0)
OBJECTS = {
    "12 bits": image(NOISE.integers(0, 4096, (24, 20)).astype(np.uint16), BitsStored=12, HighBit=11),
    "signed": image(NOISE.integers(-2000, 2000, (24, 20)).astype(np.int16)),
    "RGB": image(NOISE.integers(0, 256, (24, 20, 3)).astype(np.uint8)),
    "frames": image(NOISE.integers(0, 65536, (3, 24, 20)).astype(np.uint16), NumberOfFrames=3),
}


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("kind", OBJECTS)
def test_lossless_syntaxes_keep_every_sample_of_every_frame(kind, syntax):
    data = part10(OBJECTS[kind])
    before, made = parse(data), converted_object(data, syntax)
    after = parse(made)

    assert dcmread(io.BytesIO(made)).file_meta.TransferSyntaxUID == syntax
    assert after.layout.number_of_frames == before.layout.number_of_frames
    for frame in range(1, before.layout.number_of_frames + 1):
        assert np.array_equal(after.samples(made, frame), before.samples(data, frame))


def test_what_is_not_pixels_stays_as_it_is():
    data = part10(image([[1, 2], [3, 4]], PatientName="A^B", StudyInstanceUID="1.2.3"))

    before, after = (
        dcmread(io.BytesIO(data)),
        dcmread(io.BytesIO(converted_object(data, ImplicitVRLittleEndian))),
    )

    assert before == after


def test_native_frame_goes_out_as_it_lies():
    data = part10(image([[1, 2], [3, 4]]))

    frame, photometric = converted_frame(parse(data), data, 1, ExplicitVRLittleEndian)

    assert (frame, photometric) == (np.array([1, 2, 3, 4], "<u2").tobytes(), "MONOCHROME2")


def test_jpeg_says_that_it_lost_something_and_takes_eight_bits_only():
    data = part10(image(np.tile(np.arange(64, dtype=np.uint8), (64, 1))))

    made = dcmread(io.BytesIO(converted_object(data, JPEGBaseline8Bit)))

    assert made.LossyImageCompression == "01"
    assert made.LossyImageCompressionMethod == "ISO_10918_1"
    with pytest.raises(PixelsUnreadable) as refusal:
        converted_object(part10(OBJECTS["12 bits"]), JPEGBaseline8Bit)
    assert refusal.value.code == "NOT_TRANSCODABLE"


def test_big_endian_objects_come_out_little_endian_with_the_same_samples(shared_data: Path):
    for name in ("color/SC_rgb_small_odd_big_endian.dcm", "transfer_syntax/other/MR_small_bigendian.dcm"):
        path = shared_data / "dicom" / name
        made = converted_object(path.read_bytes(), ExplicitVRLittleEndian)

        assert np.array_equal(dcmread(io.BytesIO(made)).pixel_array, dcmread(path).pixel_array), name


def test_pool_gives_frames_and_objects_in_every_syntax_it_names():
    source = PixelSource(data=part10(OBJECTS["RGB"]))

    assert set(ENCODERS) | NATIVE == INSTANCE_SYNTAXES
    assert transcode_frame(source, 1, ExplicitVRLittleEndian).photometric_interpretation == "RGB"
    assert (
        parse(transcode_instance(source, JPEGBaseline8Bit)).header.PhotometricInterpretation == "YBR_FULL_422"
    )
