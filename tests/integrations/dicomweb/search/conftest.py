"""A small index to search: three studies of the county hospital, one of the provincial one."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from tests.archive.studies.indexed import add_patient, add_study

REQUEST = {
    "vr": "SQ",
    "Value": [
        {"00400009": {"vr": "SH", "Value": ["SPS1"]}, "00401001": {"vr": "SH", "Value": ["RP1"]}},
        {"00400009": {"vr": "SH", "Value": ["SPS2"]}, "00401001": {"vr": "SH", "Value": ["RP2"]}},
    ],
}


@pytest.fixture
def index(cast):
    county = cast.county
    smith = add_patient(county, "SMITH1", "JOHN", "P1", sex="M")
    li = add_patient(county, "Li", "Hua", "P3", ideographic="李华", birth=None)
    add_study(
        county, smith, 1, date=dt.date(2026, 1, 5), time=dt.time(8, 0, 30), modalities=("CT", "MR"),
        study_description='CT "chest" \\ 2', referring_physician_name="House^Gregory",
    )  # fmt: skip
    add_study(county, li, 3, date=dt.date(2026, 2, 1), time=dt.time(0, 0))
    add_study(county, smith, 4)
    add_study(cast.provincial, smith, 5, date=dt.date(2026, 1, 6))
    series = smith.studies.get(accession_number="A1").series.get(series_number=1)
    series.attributes |= {
        "00400275": REQUEST,
        "00400244": {"vr": "DA", "Value": ["20260105"]},
        "00400245": {"vr": "TM", "Value": ["080100"]},
    }
    series.save()
    series.instances.update(rows=512, columns=256, bits_allocated=16)
    return county


@pytest.fixture
def theo(client: Client, cast, index) -> Client:
    client.force_login(cast.theo)
    return client
