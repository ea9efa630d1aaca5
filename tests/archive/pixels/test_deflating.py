"""Deflated objects that are to leave with another header: changed by a decoder, and not held whole."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import DeflatedExplicitVRLittleEndian

from archive.pixels.deflating import with_change
from archive.pixels.errors import PixelsUnreadable
from archive.pixels.walking import start_of_data_set
from archive.studies.coercion import with_values
from archive.studies.modified_header import Change, Modification
from common.errors import InvalidInput
from tests.archive.studies.objects import ct_slice

MEBIBYTE = 1 << 20
MODIFIED = Modification("county", dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC), "CORRECT")
OTHER_PATIENT = Change({"PatientID": "2002"}, {"PatientID": {"PatientAge"}}, MODIFIED, "CONSILIUM")
PRIVATE = 0x00091010


def deflated(**elements: object) -> bytes:
    dataset = ct_slice(1, PatientAge="060Y", **elements)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def with_private_value(size: int) -> bytes:
    dataset = dcmread(io.BytesIO(deflated()))
    dataset.add_new(0x00090010, "LO", "MAKER")
    dataset.add_new(PRIVATE, "OB", bytes(range(256)) * (size // 256))
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


def damaged() -> bytes:
    """A deflated data set that is none: its first block is of the type that is reserved (RFC 1951 §3.2.3)."""
    data = deflated()
    return data[: start_of_data_set(data)] + b"\xff" * 64


@pytest.mark.parametrize(
    "size", [256, 9 * MEBIBYTE], ids=["a short header", "one longer than is held at first"]
)
def test_the_header_is_changed_and_all_else_stays(size: int):
    data = with_private_value(size)

    made = with_change(data, OTHER_PATIENT, most=64 * MEBIBYTE)

    assert made is not None
    before, after = (dcmread(io.BytesIO(one)) for one in (data, made))
    assert after.PatientID == "2002"
    assert "PatientAge" not in after
    (item,) = after.OriginalAttributesSequence
    assert item.ModifiedAttributesSequence[0].PatientAge == "060Y"
    assert after[PRIVATE].value == before[PRIVATE].value
    assert after.PixelData == before.PixelData
    assert after.file_meta == before.file_meta
    assert len(made) % 2 == 0


def test_an_object_that_says_so_already_is_not_touched():
    data = deflated(PatientID="2002")

    assert with_change(data, OTHER_PATIENT, most=MEBIBYTE) is None
    assert with_values(data, OTHER_PATIENT.values, MODIFIED) is data


def test_what_is_longer_than_it_may_be_is_refused():
    with pytest.raises(PixelsUnreadable) as refused:
        with_change(with_private_value(9 * MEBIBYTE), OTHER_PATIENT, most=8 * MEBIBYTE)

    assert refused.value.code == "OBJECT_TOO_LARGE"


def test_a_damaged_one_does_not_leave():
    with pytest.raises(InvalidInput) as refused:
        with_values(damaged(), OTHER_PATIENT.values, MODIFIED)

    assert refused.value.code == "OBJECT_UNWRITABLE"


def test_a_change_reaches_the_decoder_as_it_is():
    plain = OTHER_PATIENT.plain()

    assert plain["without"] == {"PatientID": ["PatientAge"]}
    assert Change.from_plain(plain).modification == MODIFIED
    assert Change.from_plain(plain).plain() == plain
