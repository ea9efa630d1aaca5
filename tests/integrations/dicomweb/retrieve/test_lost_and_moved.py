"""Objects that are not where their rows say: lost ones are told of, moved ones are looked up again (PS3.18 §10.4.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom.uid import ExplicitVRLittleEndian

from archive.storage.keys import new_segment_key, slice_key
from archive.storage.objects import LocalSlice
from integrations.dicomweb.media_types import MediaType
from integrations.dicomweb.pictures import Picture, drawn
from integrations.dicomweb.rendering import parameters_of
from integrations.dicomweb.retrieve.frames import frame_parts
from integrations.dicomweb.retrieve.presence import present
from integrations.dicomweb.retrieve.subjects import Subject
from integrations.dicomweb.retrieve.whole import whole_object
from tests.integrations.dicomweb.answers import parts_of
from tests.integrations.dicomweb.retrieve.stored_series import (
    ANY_DICOM,
    OCTETS,
    SERIES_PATH,
    held,
    instance_path,
    lose,
    named_all,
)


def test_a_series_with_a_lost_object_comes_without_it_and_says_so(theo, series):
    lose(2)

    response = theo.get(SERIES_PATH, headers={"Accept": ANY_DICOM})

    assert response.status_code == 206
    assert response["Warning"] == "299 http://testserver/dicomweb: 1 instances are not in the store"
    assert [part["Content-Location"] for part in parts_of(response)] == [instance_path(1), instance_path(3)]


def test_a_lost_object_by_itself_is_not_found(theo, series):
    lose(2)

    response = theo.get(instance_path(2), headers={"Accept": ANY_DICOM})

    assert (response.status_code, response.json()["code"]) == (404, "OBJECT_MISSING")


def test_frames_of_a_lost_object_are_not_found(theo, series):
    lose(2)

    response = theo.get(f"{instance_path(2)}/frames/1", headers={"Accept": OCTETS})

    assert (response.status_code, response.json()["code"]) == (404, "OBJECT_MISSING")


@pytest.fixture
def moved(series) -> tuple[Subject, Subject]:
    """An instance as its row was read before its series was packed, and as it is now."""
    now = named_all()[1]
    return replace(now, storage_key=slice_key(new_segment_key(), 0, now.size_bytes)), now


def test_an_object_that_moved_since_its_row_was_read_is_looked_up_again(theo, series):
    before = named_all()
    before[1] = replace(before[1], storage_key=slice_key(new_segment_key(), 0, 100))

    there = present(before)

    assert there.lost == 0
    assert there.subjects == named_all()


def test_frames_of_an_object_that_moved_since_its_row_was_read_are_looked_up_again(
    moved, django_assert_num_queries
):
    before, now = moved
    bytes_alone = MediaType("application/octet-stream")

    (there,) = frame_parts(now, [1], ExplicitVRLittleEndian, kind=bytes_alone)
    with django_assert_num_queries(2):  # where the segment lies, and the row as it is now
        (again,) = frame_parts(before, [1], ExplicitVRLittleEndian, kind=bytes_alone)

    assert again.body == there.body
    assert isinstance(there.body, LocalSlice)


def test_the_picture_of_an_object_that_moved_since_its_row_was_read_is_drawn_from_where_it_is(
    moved, rf, django_assert_num_queries
):
    (before, now), unasked = moved, parameters_of(rf.get("/"))

    there = drawn(Picture(now), "image/png", unasked)
    with django_assert_num_queries(2):
        again = drawn(Picture(before), "image/png", unasked)

    assert again == there
    assert there.startswith(b"\x89PNG")


def test_a_whole_object_that_moved_since_its_row_was_read_is_read_from_where_it_is(moved):
    before, _now = moved

    assert whole_object(before) == held(2)


def test_there_is_no_picture_of_a_lost_object(theo, series):
    lose(2)

    response = theo.get(f"{instance_path(2)}/rendered", headers={"Accept": "image/png"})

    assert (response.status_code, response.json()["code"]) == (404, "OBJECT_MISSING")
