"""Due timers are found by their index, and fired once whoever sweeps."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.workflows.conftest import chain, timer, user
from tests.workflows.people.test_concurrency import at_once
from workflows import services
from workflows.locks import warm_runs
from workflows.models import ProcessEvent, ProcessInstance, Timer, UserTask
from workflows.timers import due_timers, fire_due_timers

END = '<bpmn:endEvent id="end"/>'
PAUSE = timer("pause", "PT1H") + user("look") + END + chain("start", "pause", "look", "end")


@pytest.fixture
def paused(begin, cast):
    """Start a number of instances that wait for a timer each."""

    def start(number):
        begin(PAUSE)
        for key in range(1, number):
            services.start_process(
                "Sample", data={"site": "provincial"}, site=cast.provincial, subjects={}, start_key=str(key),
                actor=cast.carla,
            )  # fmt: skip

    return start


@pytest.mark.django_db
def test_ten_thousand_waiting_timers_are_not_looked_through_for_those_that_are_due(begin, clock):
    instance = begin(PAUSE)
    later = clock.now + dt.timedelta(days=1)
    Timer.objects.bulk_create(
        Timer(uid=uuid.uuid4(), instance=instance, element_id="pause", due_at=later) for _ in range(10_000)
    )
    clock.advance(dt.timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workflows_timer")

    assert len(due_timers()) == 1
    assert "timer_due" in due_timers()[:200].explain()


@pytest.mark.django_db(transaction=True)
def test_two_daemons_fire_each_timer_once(paused, clock):
    paused(12)
    clock.advance(dt.timedelta(hours=1))
    warm_runs.forget()

    fired = at_once(fire_due_timers, fire_due_timers)
    fired.append(fire_due_timers())  # an instance both had reached for at the same moment

    assert sum(fired) == 12
    assert set(Timer.objects.values_list("status", flat=True)) == {"fired"}
    assert UserTask.objects.count() == 12
    assert ProcessEvent.objects.filter(kind="timer.fired").count() == 12


@pytest.mark.django_db(transaction=True)
def test_firing_a_timer_costs_the_same_number_of_statements_whatever_else_waits(paused, clock):
    paused(6)
    clock.advance(dt.timedelta(hours=1))
    with CaptureQueriesContext(connection) as statements:
        assert fire_due_timers(limit=1) == 1
    one = len(statements)

    with CaptureQueriesContext(connection) as statements:
        assert fire_due_timers() == 5

    assert len(statements) == 1 + 5 * (one - 1)
    assert one <= 7  # the list; the timer, begin, the lock, the site, what follows, commit


@pytest.mark.django_db
def test_a_timer_the_process_has_left_is_closed_and_not_looked_at_again(paused, clock):
    paused(1)
    stale = Timer.objects.create(
        uid=uuid.uuid4(), instance=ProcessInstance.objects.get(), element_id="pause", due_at=clock.now
    )

    assert fire_due_timers() == 0

    stale.refresh_from_db()
    assert stale.status == Timer.Status.CANCELLED
    assert not due_timers().exists()
