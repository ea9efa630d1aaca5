"""Each main key of a search for workitems is looked up in an index, among many workitems (PS3.4 §CC.2.8)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from archive.studies.queries.requests import Key
from archive.workitems.models import Workitem
from archive.workitems.selectors import matching_workitems, visible_workitems
from common.clock import format_da

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@pytest.fixture
def worklist(cast) -> None:
    """Two thousand workitems, each of a patient of its own, one an hour."""
    Workitem.objects.bulk_create(
        Workitem(
            sop_instance_uid=f"2.25.{number}", site=cast.county, study_instance_uid=f"2.25.9{number}",
            attributes={
                "00100020": {"vr": "LO", "Value": [f"P{number}"]},
                "00100010": {"vr": "PN", "Value": [{"Alphabetic": f"Family{number}^Given"}]},
                "0040A370": {"vr": "SQ", "Value": [
                    {"00080050": {"vr": "SH", "Value": [f"{letter}{number}"]}} for letter in "BA"
                ]},
            },
            starts_at=NOW + dt.timedelta(hours=number), modified_at=NOW, created_at=NOW,
        )
        for number in range(2000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workitems_workitem")


PATIENT_ID, NAME, STUDY, START, REQUESTS, ACCESSION = (
    0x00100020, 0x00100010, 0x0020000D, 0x00404005, 0x0040A370, 0x00080050,
)  # fmt: skip


@pytest.mark.parametrize(
    ("key", "index"),
    [
        (Key(PATIENT_ID, "LO", ("P777",)), "workitem_patient_id"),
        (Key(PATIENT_ID, "LO", ("P777*",)), "workitem_patient_id"),
        (Key(NAME, "PN", ("family777^given",)), "workitem_patient_name"),
        (Key(NAME, "PN", ("family77*",)), "workitem_patient_name"),
        (Key(STUDY, "UI", ("2.25.9777",)), "workitem_study"),
        (Key(REQUESTS, "SQ", (), (Key(ACCESSION, "SH", ("A777",)),)), "workitem_requests"),
    ],
)
def test_workitems_are_looked_up_by_each_main_key(worklist, cast, key, index):
    found, _matched = matching_workitems(visible_workitems(cast.theo), [key])
    page = found.order_by("starts_at", "pk")[:26]

    assert index in page.explain()
    assert "2.25.777" in {one.sop_instance_uid for one in page}


def test_the_soonest_of_a_day_are_read_in_their_order(worklist, cast):
    today = format_da(NOW.date())
    found, _matched = matching_workitems(
        visible_workitems(cast.theo), [Key(START, "DT", (f"{today}-{today}",))]
    )

    assert "workitem_worklist" in found.order_by("starts_at", "pk")[:26].explain()
