"""Dates and times as DICOM (PS3.5 §6.2) and HL7 (v2.5.1 §2.A.22) write them."""

from __future__ import annotations

import datetime as dt

import pytest

from common.clock import format_da, format_dtm, format_tm, now, parse_da, parse_dtm, parse_tm, use_source
from tests.conftest import Clock

EAST_8 = dt.timezone(dt.timedelta(hours=8))
WEST_3_30 = dt.timezone(-dt.timedelta(hours=3, minutes=30))


def test_now_is_aware() -> None:
    assert now().tzinfo is dt.UTC


def test_a_test_can_move_the_time(clock: Clock) -> None:
    before = now()
    clock.advance(dt.timedelta(minutes=5))

    assert now() - before == dt.timedelta(minutes=5)
    use_source(None)
    assert abs(now() - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("20260302", dt.date(2026, 3, 2)),
        ("2026.03.02", dt.date(2026, 3, 2)),
        (" 20260302 ", dt.date(2026, 3, 2)),
        ("20260230", None),
        ("202603", None),
        ("", None),
        (None, None),
    ],
)
def test_reading_a_da(value: str | None, day: dt.date | None) -> None:
    assert parse_da(value) == day


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("07", dt.time(7)),
        ("0709", dt.time(7, 9)),
        ("070907", dt.time(7, 9, 7)),
        ("070907.0705", dt.time(7, 9, 7, 70500)),
        ("070907.123456", dt.time(7, 9, 7, 123456)),
        ("07:09:07", dt.time(7, 9, 7)),
        ("240000", None),
        ("070960", None),  # a leap second has no place in Python's time
        ("7", None),
        (None, None),
    ],
)
def test_reading_a_tm(value: str | None, time: dt.time | None) -> None:
    assert parse_tm(value) == time


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ("202603021530", dt.datetime(2026, 3, 2, 15, 30, tzinfo=dt.UTC)),
        ("20260302153045.25+0800", dt.datetime(2026, 3, 2, 15, 30, 45, 250000, tzinfo=EAST_8)),
        ("20260302153045-0330", dt.datetime(2026, 3, 2, 15, 30, 45, tzinfo=WEST_3_30)),
        ("20261302", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_reading_a_dtm(value: str, moment: dt.datetime | None) -> None:
    assert parse_dtm(value) == moment


def test_writing() -> None:
    moment = dt.datetime(2026, 3, 2, 7, 9, 7, 70500, tzinfo=EAST_8)

    assert format_da(moment.date()) == "20260302"
    assert format_tm(moment) == "070907.070500"
    assert format_dtm(moment) == "20260302070907+0800"
    assert parse_dtm(format_dtm(moment)) == moment.replace(microsecond=0)
