"""Duties come round when they are due, and one that fails does not stop the others."""

from __future__ import annotations

import datetime as dt

import pytest

from common.errors import Unavailable
from events import duties
from events.duties import perform_all, perform_due, register_duty

MORNING = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_other_duties(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "_duties", {})


def test_a_duty_is_performed_at_once_and_then_every_period() -> None:
    register_duty("sweep", lambda: 3, every=MINUTE)

    assert perform_due(MORNING) == {"sweep": 3}
    assert perform_due(MORNING + MINUTE / 2) == {}
    assert perform_due(MORNING + MINUTE) == {"sweep": 3}


def test_a_duty_that_fails_is_tried_next_time_and_spares_the_others() -> None:
    calls: list[int] = []

    def stumble() -> int:
        calls.append(1)
        raise Unavailable("The broom is away")

    register_duty("stumble", stumble, every=MINUTE)
    register_duty("sweep", lambda: 1, every=MINUTE)

    assert perform_due(MORNING) == {"sweep": 1}
    assert perform_due(MORNING + MINUTE) == {"sweep": 1}
    assert len(calls) == 2


def test_all_duties_can_be_performed_whatever_their_period() -> None:
    register_duty("sweep", lambda: 1, every=MINUTE)
    perform_due(MORNING)

    assert perform_all() == {"sweep": 1}


def test_who_asks_it_to_stop_waits_for_the_duty_at_hand_only() -> None:
    stops: list[bool] = []

    def sweep() -> int:
        stops.append(True)
        return 1

    register_duty("sweep", sweep, every=MINUTE)
    register_duty("polish", sweep, every=MINUTE)

    assert perform_due(MORNING, stopped=lambda: bool(stops)) == {"sweep": 1}
    assert perform_due(MORNING) == {"polish": 1}


def test_punctual_duties_are_performed_apart_from_the_others():
    register_duty("sweep", lambda: 1, every=MINUTE)
    register_duty("ring", lambda: 2, every=MINUTE, is_punctual=True)

    assert perform_due(MORNING, is_punctual=True) == {"ring": 2}
    assert perform_due(MORNING) == {"sweep": 1}
    assert perform_due(MORNING + MINUTE / 2, is_punctual=True) == {}
    assert perform_due(MORNING + MINUTE, is_punctual=True) == {"ring": 2}
