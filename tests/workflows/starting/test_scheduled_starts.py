"""Processes the clock begins."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.workflows.conftest import LANE as LANE_OF_A_SITE
from tests.workflows.conftest import bundle, chain, install, user
from tests.workflows.engine.drawing import END, event
from workflows.checks import check_bundle
from workflows.deployment.bundles import retire
from workflows.engine.schedules import parse_schedule
from workflows.models import ProcessInstance, StartTimer
from workflows.starting.scheduled_starts import begin_due

BODY = user("a") + END + chain("start", "a", "end")
LANE = LANE_OF_A_SITE.replace('site="site"', "site=\"'provincial'\"")


def every(text, *, word="timeCycle", site="'provincial'"):
    trigger = f"<bpmn:timerEventDefinition><bpmn:{word}>{text}</bpmn:{word}></bpmn:timerEventDefinition>"
    extension = f'<consilium:start site="{site}"/>' if site else ""
    return bundle(BODY, start=event("startEvent", "start", trigger, extension=extension), lane=LANE)


def begun():
    return ProcessInstance.objects.count()


@pytest.mark.django_db
def test_a_repetition_begins_as_often_as_it_says(clock, cast, operators, tmp_path):
    install(every("R2/PT1H"), tmp_path)
    assert begin_due() == 0

    for expected in (1, 2, 2):
        clock.advance(dt.timedelta(hours=1))
        begin_due()
        assert begun() == expected
    assert not StartTimer.objects.exists()


@pytest.mark.django_db
def test_beginnings_missed_are_made_up_for_by_one_and_the_beat_is_kept(clock, cast, operators, tmp_path):
    install(every("R/PT1H"), tmp_path)
    first = StartTimer.objects.get().due_at

    clock.advance(dt.timedelta(hours=5, minutes=30))
    begin_due()

    assert begun() == 1
    assert StartTimer.objects.get().due_at == first + dt.timedelta(hours=5)


@pytest.mark.django_db
def test_a_moment_begins_once(clock, cast, operators, tmp_path):
    moment = (clock.now + dt.timedelta(hours=1)).isoformat()
    install(every(moment, word="timeDate"), tmp_path)

    for _ in range(3):
        clock.advance(dt.timedelta(hours=1))
        begin_due()

    assert begun() == 1


@pytest.mark.django_db
def test_the_same_beginning_begins_one_case(clock, cast, operators, tmp_path):
    install(every("R/PT1H"), tmp_path)
    clock.advance(dt.timedelta(hours=1))
    due = StartTimer.objects.get().due_at

    begin_due()
    StartTimer.objects.update(due_at=due)
    begin_due()

    assert begun() == 1


@pytest.mark.django_db
def test_only_the_active_version_is_begun_and_a_retired_one_is_not(clock, cast, operators, tmp_path):
    install(every("R/PT1H"), tmp_path)
    newer = install(every("R/PT2H"), tmp_path)
    assert StartTimer.objects.get().definition == newer

    retire(newer, actor=cast.ines)

    assert not StartTimer.objects.exists()


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("30 6 * * 1-5", "2026-11-20T06:30", "2026-11-23T06:30"),  # Friday's has gone, the next is Monday's
        ("*/15 * * * *", "2026-11-23T10:07", "2026-11-23T10:15"),
        ("0 0 1 1 *", "2026-11-23T00:00", "2027-01-01T00:00"),
        ("0 12 29 2 *", "2026-01-01T00:00", "2028-02-29T12:00"),
        (
            "0 8 1 * 0",
            "2026-11-23T00:00",
            "2026-11-29T08:00",
        ),  # a day of the month or a weekday: Sunday comes first
        ("0 8 * * 7", "2026-11-23T00:00", "2026-11-29T08:00"),
        ("5,50 9-10 * * *", "2026-11-23T09:50", "2026-11-23T10:05"),
    ],
)
def test_minute_hour_day_month_and_weekday_say_when(text, after, expected):
    schedule = parse_schedule(text)

    assert schedule is not None
    assert schedule.after(dt.datetime.fromisoformat(f"{after}+00:00")) == dt.datetime.fromisoformat(
        f"{expected}+00:00"
    )


@pytest.mark.parametrize(
    "text", ["60 * * * *", "* * * *", "a b c d e", "5-1 * * * *", "*/0 * * * *", "0 0 31 2", ""]
)
def test_what_cannot_be_read_is_no_schedule(text):
    assert parse_schedule(text) is None


def test_a_schedule_that_cannot_be_read_or_has_no_site_is_refused(operators):
    assert "When the process begins" in str(check_bundle(every("soon"))[0])
    assert "The clock knows no site" in str(check_bundle(every("R/PT1H", site=""))[0])
    assert check_bundle(every("30 6 * * 1-5")) == []
