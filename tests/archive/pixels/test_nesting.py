"""Elements by where they lie: what is nested is found as pydicom finds it, in each encoding."""

from __future__ import annotations

import io

import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.nesting import elements_of
from tests.archive.pixels.states import item, state

OUTER, INNER, VALUE = 0x00640002, 0x00640005, 0x00640009


def nested(syntax: UID, *, is_delimited: bool) -> bytes:
    made: FileDataset = state("1.2.840.10008.5.1.4.1.1.66.3")
    grid = item(GridDimensions=[2, 1, 1], VectorGridData=bytes(range(24)))
    made.DeformableRegistrationSequence = [
        item(SourceFrameOfReferenceUID="1.2.1"),
        item(SourceFrameOfReferenceUID="1.2.2", DeformableRegistrationGridSequence=[grid]),
    ]
    made["DeformableRegistrationSequence"].is_undefined_length = is_delimited
    for each in made.DeformableRegistrationSequence:
        each.is_undefined_length_sequence_item = is_delimited
    made.file_meta.TransferSyntaxUID = syntax
    made.set_original_encoding(syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian)
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.mark.parametrize("is_delimited", [False, True])
@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
)
def test_nested_values_are_found_where_they_lie(syntax, is_delimited):
    first, second = elements_of(nested(syntax, is_delimited=is_delimited)).items(OUTER)
    (grid,) = second.items(INNER)

    assert first.items(INNER) == []
    assert first.dataset().SourceFrameOfReferenceUID == "1.2.1"
    assert second.dataset(without=[INNER]).SourceFrameOfReferenceUID == "1.2.2"
    assert grid.dataset(without=[VALUE]).GridDimensions == [2, 1, 1]
    assert len(bytes(grid.value(VALUE))) == 24
    assert first.value(VALUE) == b""


def test_object_that_breaks_off_is_refused():
    whole = nested(ExplicitVRLittleEndian, is_delimited=False)

    with pytest.raises(PixelsUnreadable):
        elements_of(whole[:-30])
