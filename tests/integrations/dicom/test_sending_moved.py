"""Objects that moved to another tier while a long retrieval was under way leave all the same (PS3.4 §C.4.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archive.storage.keys import new_segment_key, slice_key
from archive.studies.models import Study
from common.uids import derived_uid
from integrations.dicom.retrieval import instances_of_study
from integrations.dicom.sending import send_to
from tests.integrations.dicom.retrieving import hold_series

GONE = 0xC000


@pytest.fixture
def wanted(cast):
    hold_series(cast.county)
    return instances_of_study(Study.objects.get(study_instance_uid=derived_uid("study")))


def elsewhere(one):
    return replace(one, storage_key=slice_key(new_segment_key(), 0, one.size_bytes))


def test_an_object_that_moved_since_its_row_was_read_is_sent_from_where_it_is(wanted, reader, receiver):
    statuses = [status for _one, status in send_to(reader, [wanted[0], elsewhere(wanted[1]), wanted[2]])]

    assert statuses == [0, 0, 0]
    assert sorted(receiver.received) == sorted(one.sop_instance_uid for one in wanted)


def test_an_object_that_nobody_has_any_more_fails_by_itself(wanted, reader, receiver):
    statuses = [
        status
        for _one, status in send_to(reader, [wanted[0], replace(elsewhere(wanted[1]), pk=0), wanted[2]])
    ]

    assert statuses == [0, GONE, 0]
