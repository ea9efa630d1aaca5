"""The clock of a task: late when it is over, soon in the last quarter, and quiet while its case is suspended."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template.loader import render_to_string

from portal.clocks import countdown_of
from tests.conftest import Clock
from workflows.models import UserTask

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def task(clock: Clock) -> UserTask:
    """It was given two hours."""
    return UserTask(offered_at=clock.now, due_at=clock.now + 2 * HOUR)


@pytest.mark.parametrize(
    ("passed", "words", "tone", "icon_name"),
    [
        (HOUR, "1 hr left", "", "clock"),
        (1.75 * HOUR, "15 min left", "warning", "hourglass"),
        (3 * HOUR, "1 hr late", "critical", "clock-alert"),
    ],
)
def test_it_presses_the_more_the_less_is_left(
    task: UserTask, clock: Clock, passed: dt.timedelta, words: str, tone: str, icon_name: str
) -> None:
    clock.advance(passed)

    told = countdown_of(task, is_suspended=False)

    assert told is not None
    assert (told.words, told.tone, told.icon_name) == (words, tone, icon_name)
    assert " data-countdown" in render_to_string("portal/components/_countdown.html", {"countdown": told})


@pytest.mark.parametrize("passed", [HOUR, 3 * HOUR])
def test_in_a_suspended_case_it_says_so_and_does_not_go_on_telling(
    task: UserTask, clock: Clock, passed: dt.timedelta
) -> None:
    clock.advance(passed)

    told = countdown_of(task, is_suspended=True)

    assert told is not None
    assert (told.words, told.tone, told.icon_name) == ("Suspended", "warning", "pause")
    assert not told.is_late
    shown = render_to_string("portal/components/_countdown.html", {"countdown": told})
    assert " data-countdown" not in shown
    assert "10:00" in shown  # the moment it is due stays known
