"""Where frames lie: native ones by arithmetic, encapsulated ones by tables, fragments and first bytes (PS3.5 §A.4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import UID, JPEGLSLossless, RLELossless

from archive.pixels.encapsulation import frame_bytes, layout_of
from archive.pixels.errors import PixelsUnreadable
from common.errors import NotFound
from tests.archive.pixels.images import image, part10

FRAMES = [b"\xff\xd8\xff\xf7aaaaaaaa", b"\xff\xd8\xff\xf7bb", b"\xff\xd8\xff\xf7cccc"]


def encapsulated(pixel_data: bytes, *, count: int, syntax: UID = JPEGLSLossless, **elements) -> bytes:
    dataset = image(np.zeros((count, 4, 4), np.uint16), NumberOfFrames=count, **elements)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = pixel_data
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return part10(dataset)


def all_frames(data: bytes) -> list[bytes]:
    layout = layout_of(data)
    return [frame_bytes(data, layout, frame) for frame in range(1, layout.number_of_frames + 1)]


def test_native_frames_follow_one_another():
    data = part10(image(np.arange(12).reshape(3, 2, 2).astype(np.uint16), NumberOfFrames=3))

    assert all_frames(data)[1] == np.arange(4, 8, dtype=np.uint16).tobytes()
    assert layout_of(data).extents(3)[0].length == 8


def test_frames_of_one_bit_a_pixel_are_shifted_to_a_byte_of_their_own():
    # Two frames of 3 x 3 bits: 111000111 and 010101010, first pixel in the least significant bit (PS3.5 §8.1.1).
    bits = [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
    packed = np.packbits(bits, bitorder="little").tobytes() + b"\0"
    data = part10(
        image(np.zeros((2, 3, 3), np.uint8), NumberOfFrames=2, BitsAllocated=1, BitsStored=1, HighBit=0,
              PixelData=packed)
    )  # fmt: skip

    first, second = (
        np.unpackbits(np.frombuffer(one, np.uint8), bitorder="little") for one in all_frames(data)
    )

    assert first[:9].tolist() == bits[:9]
    assert second[:9].tolist() == bits[9:]


@pytest.mark.parametrize("has_table", [True, False])
@pytest.mark.parametrize("fragments", [1, 2])
def test_encapsulated_frames_are_found_with_and_without_a_table(has_table, fragments):
    pixel_data = encapsulate(FRAMES, fragments_per_frame=fragments, has_bot=has_table)

    found = all_frames(encapsulated(pixel_data, count=3))

    assert [frame.rstrip(b"\0") for frame in found] == FRAMES


def test_extended_offset_table_tells_where_frames_are():
    pixel_data, offsets, lengths = encapsulate_extended(FRAMES)
    data = encapsulated(pixel_data, count=3, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths)

    assert all_frames(data) == FRAMES


def test_all_fragments_belong_to_the_only_frame():
    pixel_data = encapsulate([b"one frame of any encoding"], fragments_per_frame=3)

    assert all_frames(encapsulated(pixel_data, count=1, syntax=RLELossless))[0].startswith(
        b"one frame of any"
    )


def test_frame_that_is_not_there_is_not_found_and_a_report_has_none():
    with pytest.raises(NotFound):
        layout_of(part10(image([[1, 2]]))).extents(2)
    report = image([[1, 2]])
    del report.PixelData
    with pytest.raises(PixelsUnreadable, match="no picture"):
        layout_of(part10(report))


def test_frames_of_reference_objects_are_those_pydicom_finds(shared_data: Path):
    compared = 0
    for path in sorted((shared_data / "dicom" / "transfer_syntax").rglob("*.dcm")):
        dataset = dcmread(path, force=True)
        if "PixelData" not in dataset or not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            continue
        data = path.read_bytes()
        if data[128:132] != b"DICM":
            continue
        theirs = list(
            generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1))
        )
        assert all_frames(data) == theirs, path.name
        compared += 1
    assert compared > 30
