"""Text burnt into screens is found and blanked in every frame; pictures without text stay as they are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
)

from archive.deidentification import burnt_in, pixels
from archive.deidentification.options import Option
from archive.deidentification.services import Profile, deidentify
from common.errors import InvalidInput
from compute.phantoms.headers import StudyHeader
from compute.phantoms.secondary import screen, secondary_capture
from tests.archive.deidentification.conftest import as_file

pytestmark = pytest.mark.skipif(
    not burnt_in.is_available(), reason="the text detector is not installed (requirements-ocr.txt)"
)
LINES = ("ZHANG WEIMIN", "ID 20871453", "1957-03-12 M")
CLEAN = Profile(frozenset({Option.CLEAN_PIXEL_DATA}))
SIZE = {"rows": 240, "columns": 320, "text_px": 18}


def words_in(picture):
    """What the recognizer reads, in capitals, all in one."""
    colour = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
    found = burnt_in._engine()(np.ascontiguousarray(colour), use_det=True, use_cls=False, use_rec=True)
    texts = [] if found is None or found.txts is None else found.txts
    return " ".join(
        text for text, score in zip(texts, found.scores or (), strict=True) if score > 0.6
    ).upper()


def cleaned(ds):
    return dcmread(io.BytesIO(deidentify(as_file(ds), profile=CLEAN)))


def multi_frame(frames, *, photometric="MONOCHROME2"):
    """A grey ultrasound cine whose every frame bears the lines."""
    grey = screen(LINES, **SIZE)[:, :, 0]
    ds = secondary_capture(StudyHeader(), lines=LINES, **SIZE)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    ds.Modality = "US"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric
    del ds.PlanarConfiguration
    ds.NumberOfFrames = frames
    stack = np.stack([np.roll(grey, 0, axis=0)] * frames)
    stack[:, 200:, 100:200] += np.arange(frames, dtype=np.uint8)[:, None, None] * 3
    ds.PixelData = (255 - stack if photometric == "MONOCHROME1" else stack).astype(np.uint8).tobytes()
    ds["PixelData"].VR = "OB"
    return ds


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless], ids=lambda uid: uid.name
)
def test_known_strings_of_a_screen_are_found_and_blanked_in_any_syntax(syntax):
    ds = secondary_capture(StudyHeader(), lines=LINES, **SIZE)
    picture = screen(LINES, **SIZE)
    assert {"ZHANG", "20871453", "1957"} <= {
        word for word in ("ZHANG", "20871453", "1957") if word in words_in(picture)
    }
    if syntax is not ExplicitVRLittleEndian:
        ds.compress(syntax, generate_instance_uid=False)

    done = cleaned(ds)

    assert words_in(done.pixel_array) == ""
    assert done.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    fan = (slice(140, 220), slice(120, 200))
    np.testing.assert_array_equal(done.pixel_array[fan], picture[fan])


def test_text_goes_from_every_frame():
    done = cleaned(multi_frame(7))

    assert done.pixel_array.shape[0] == 7
    assert done.pixel_array[:, :70, :180].max() == 0
    assert done.pixel_array[6, 210, 150] != done.pixel_array[0, 210, 150]  # the image itself still moves


def test_inverted_grey_is_blanked_to_what_is_shown_black():
    done = cleaned(multi_frame(1, photometric="MONOCHROME1"))

    assert done.pixel_array[:70, :180].min() == 255


def test_outside_of_the_ultrasound_regions_nothing_is_left():
    ds = secondary_capture(StudyHeader(), lines=("X",), **SIZE)
    ds.Modality = "US"
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 100, 100
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 219, 199
    ds.SequenceOfUltrasoundRegions = Items([region])
    before = ds.pixel_array

    after = cleaned(ds).pixel_array

    outside = np.ones(after.shape[:2], dtype=bool)
    outside[100:200, 100:220] = False
    assert after[outside].max() == 0
    assert after[100:200, 100:220].max() == before[100:200, 100:220].max() > 0


def test_the_object_says_that_its_pixels_were_changed(dicom_errors):
    source = secondary_capture(StudyHeader(), lines=LINES, **SIZE)
    data = deidentify(
        as_file(source), profile=Profile(frozenset({Option.CLEAN_PIXEL_DATA, Option.RETAIN_UIDS}))
    )
    done = dcmread(io.BytesIO(data))

    assert done.BurnedInAnnotation == "NO"
    assert done.ImageType[0] == "DERIVED"
    assert [code.CodeValue for code in done.DerivationCodeSequence] == ["113062"]
    assert done.SOPInstanceUID != source.SOPInstanceUID  # other pixels are another instance, even here
    assert done.StudyInstanceUID == source.StudyInstanceUID
    assert "113101" in [code.CodeValue for code in done.DeidentificationMethodCodeSequence]
    assert dicom_errors(data) == []


def test_a_picture_without_text_keeps_its_bytes():
    ds = secondary_capture(StudyHeader(), lines=(), **SIZE)

    done = cleaned(ds)

    assert done.PixelData == ds.PixelData
    assert (done.ImageType, done.BurnedInAnnotation) == (["DERIVED", "SECONDARY"], "NO")


@pytest.mark.parametrize(
    ("file", "read_before"),
    [
        ("color/examples_palette.dcm", "PHILIPS HEALTHCARE"),
        ("us/no-pixel-spacing_palette_rle.dcm", ""),
    ],
)
def test_text_of_real_ultrasound_screens_is_read_before_and_not_after(shared_data, file, read_before):
    source = dcmread(shared_data / "dicom" / file)
    before = words_in(pixels._picture(pixels.decoded_frames(source)[0], source))
    assert read_before in before
    assert len(before) > 20

    done = dcmread(io.BytesIO(deidentify((shared_data / "dicom" / file).read_bytes(), profile=CLEAN)))

    left = words_in(pixels._picture(pixels.decoded_frames(done)[0], done))
    assert [
        word for word in left.split() if len(word) > 1
    ] == []  # a tick of the depth scale may look like a 1


def test_cross_sectional_images_are_not_looked_at(shared_data, monkeypatch):
    monkeypatch.setattr(
        pixels, "text_boxes", lambda _picture: pytest.fail("a CT slice was searched for text")
    )
    data = (shared_data / "dicom" / "ct" / "CT_small.dcm").read_bytes()

    assert (
        dcmread(io.BytesIO(deidentify(data, profile=CLEAN))).PixelData == dcmread(io.BytesIO(data)).PixelData
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda ds: setattr(ds, "NumberOfFrames", 10**6), "PIXELS_TOO_LARGE"),
        (lambda ds: setattr(ds, "PixelData", b"\0" * 10), "PIXELS_UNREADABLE"),
    ],
)
def test_pixels_that_cannot_be_cleaned_are_refused(change, code):
    ds = secondary_capture(StudyHeader(), lines=LINES, **SIZE)
    change(ds)

    with pytest.raises(InvalidInput) as refused:
        cleaned(ds)
    assert refused.value.code == code


def test_without_the_detector_cleaning_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(burnt_in, "_detector", None)
    monkeypatch.setattr(burnt_in, "is_available", lambda: False)

    with pytest.raises(InvalidInput) as refused:
        cleaned(secondary_capture(StudyHeader(), lines=LINES, **SIZE))
    assert refused.value.code == "OCR_MISSING"
