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
            },
            starts_at=NOW + dt.timedelta(hours=number), modified_at=NOW, created_at=NOW,
        )
        for number in range(2000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workitems_workitem")


@pytest.mark.parametrize(
    ("tag", "vr", "value", "index"),
    [
        (0x00100020, "LO", "P777", "workitem_patient_id"),
        (0x00100020, "LO", "P777*", "workitem_patient_id"),
        (0x00100010, "PN", "family777^given", "workitem_patient_name"),
        (0x00100010, "PN", "family77*", "workitem_patient_name"),
        (0x0020000D, "UI", "2.25.9777", "workitem_study"),
        (0x00404005, "DT", f"{format_da(NOW.date())}-{format_da(NOW.date())}", "workitem_worklist"),
    ],
)
def test_workitems_are_looked_up_by_each_main_key(worklist, cast, tag, vr, value, index):
    found, _matched = matching_workitems(visible_workitems(cast.theo), [Key(tag, vr, (value,))])
    page = found.order_by("starts_at", "pk")[:26]

    assert index in page.explain()
    assert (
        "Family777^Given" in {one.attributes["00100010"]["Value"][0]["Alphabetic"] for one in page}
        or vr == "DT"
    )
