"""Pictures drawn without a decoder: of which images, and that they are those the decoders draw."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.plain import plain_picture
from archive.pixels.rendering.wishes import Region, Rendering
from archive.pixels.sources import PixelSource
from archive.storage.volumes.base import LocalSlice
from common.errors import NotFound
from tests.archive.pixels.images import image, part10
from tests.archive.pixels.real_objects import real_objects
from tests.archive.pixels.references import has_pixels

SAMPLES = [[0, 50], [100, 200]]
WISHES = (Rendering(), Rendering(window=(100.0, 350.0), function="SIGMOID", quality=60))


def test_published_objects_look_as_the_decoders_draw_them_to_the_last_byte(shared_data: Path):
    plain, others = [], []
    for one in real_objects(shared_data):
        if not has_pixels(dcmread(io.BytesIO(one.sent))):
            continue
        made = [plain_picture(PixelSource(data=one.sent), wish) for wish in WISHES]
        if made[0] is None:
            others.append(one.name)
            continue
        plain.append(one.name)
        assert made == [drawn(parse(one.sent), one.sent, wish) for wish in WISHES], one.name
    assert len(plain) > 20
    assert len(others) > 100


@pytest.mark.parametrize("signed", [0, 1])
def test_bits_beside_the_sample_are_no_part_of_it(signed: int):
    """Of 12 bits stored in 16, the upper four may hold anything (PS3.5 §8.1.1)."""
    stored = np.array([[0x0000, 0xF7FF], [0x3800, 0xAFFF]], np.uint16)
    dataset = image(stored, BitsStored=12, HighBit=11, PixelRepresentation=signed)
    data = part10(dataset)

    made = plain_picture(PixelSource(data=data), Rendering())

    assert made == drawn(parse(data), data, Rendering())


def test_frame_in_a_file_is_read_there_and_nothing_of_its_neighbours(tmp_path: Path):
    frames = np.stack([np.full((4, 4), value, np.uint8) for value in (10, 20, 30)])
    data = part10(
        image(frames, NumberOfFrames=3, RepresentativeFrameNumber=2, WindowCenter=128, WindowWidth=256)
    )
    file = tmp_path / "segment"
    file.write_bytes(b"x" * 5000 + data + b"y" * 5000)
    source = PixelSource(LocalSlice(file, 5000, len(data)))

    for frames_asked in ((), (1,), (3,)):
        wish = Rendering(frames=frames_asked)
        assert plain_picture(source, wish) == drawn(parse(data), data, wish)
    with pytest.raises(NotFound) as refusal:
        plain_picture(source, Rendering(frames=(4,)))
    assert refusal.value.code == "NO_SUCH_FRAME"
    file.unlink()
    with pytest.raises(NotFound) as gone:
        plain_picture(source, Rendering())
    assert gone.value.code == "OBJECT_MISSING"


def test_pixels_cut_off_since_are_refused(tmp_path: Path):
    data = part10(image(SAMPLES))
    file = tmp_path / "segment"
    file.write_bytes(data)
    source = PixelSource(LocalSlice(file, 0, len(data)))
    assert plain_picture(source, Rendering())

    file.write_bytes(data[:-3])

    with pytest.raises(PixelsUnreadable):
        plain_picture(source, Rendering())


@pytest.mark.parametrize(
    "wish",
    [
        Rendering(format="PNG"), Rendering(size=(8, 8)), Rendering(region=Region(1, 1)),
        Rendering(annotations=("Rosa",)), Rendering(presentation="AAAA"), Rendering(with_profile=True),
    ],
)  # fmt: skip
def test_further_wishes_are_left_to_the_decoders(wish: Rendering):
    assert plain_picture(PixelSource(data=part10(image(SAMPLES))), wish) is None


@pytest.mark.parametrize(
    "said",
    [
        {"PhotometricInterpretation": "PALETTE COLOR"}, {"BitsStored": 9}, {"SharedFunctionalGroupsSequence": []},
        {"VOILUTSequence": []}, {"ModalityLUTSequence": []}, {"PixelPresentation": "COLOR"},
        {"WindowCenter": "1e999"}, {"Rows": 0},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_decoders(said):
    data = part10(image(SAMPLES, **said))

    made = plain_picture(PixelSource(data=data), Rendering())

    assert made is None or made == drawn(parse(data), data, Rendering())
