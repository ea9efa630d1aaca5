"""kill -9 of the daemons themselves: the timer daemon at every firing, a Celery worker at every step of a machine.

A daemon here is the real command in a process of its own, forked off the test, so that it keeps the test's clock and
dies exactly where the drill wants it to; the next one takes over from the rows alone. The last drill kills daemons that
were started as the supervisor starts them, wherever they are.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest
from celery.apps.worker import Worker
from celery.concurrency import solo
from celery.worker import components, consumer
from django.conf import settings
from django.core.management import call_command
from kombu.transport import redis
from redis import Redis

from common import clock
from config.celery import app as celery
from config.demo.waiting import wait_for
from tests.conftest import Clock
from tests.integrations.dicom.conftest import database_url
from tests.workflows.conftest import chain, message, timer, user
from tests.workflows.drills.ledger import ledger
from tests.workflows.drills.model import MODEL
from tests.workflows.drills.victims import Point, Victim
from tests.workflows.engine.drawing import END, end, event_subprocess, parallel
from workflows import stepping, tasks
from workflows.machines.leases import LEASE
from workflows.machines.performing import requeue_lost_runs
from workflows.machines.queueing import MAX_BACK_OFF_S, nudge_due_runs
from workflows.models import ProcessEvent, ProcessInstance, ServiceTaskRun, Timer, UserTask
from workflows.service_tasks import service_task
from workflows.services import complete_user_task, start_process
from workflows.stepping import NUDGE_GRACE
from workflows.timers import due_timers, fire_due_timers

pytestmark = pytest.mark.django_db(transaction=True)
WORKS_WITH = (solo, components, consumer, redis)
"""What a worker loads when it begins: loaded once, before any is forked off."""
ROOT = Path(__file__).resolve().parents[3]

TIMERS = (
    parallel("fork") + parallel("meet") + '<bpmn:eventBasedGateway id="first"/>'
    + user("look") + timer("remind", "R3/PT10M", attached_to="look", interrupts=False, word="timeCycle")
    + user("note") + timer("pause", "PT20M") + timer("late", "PT30M") + message("news") + user("chase")
    + END + end("noted") + chain("start", "fork", "look", "meet", "end") + chain("fork", "pause", "meet")
    + chain("fork", "first", "late", "chase", "meet") + chain("first", "news", "chase")
    + chain("remind", "note", "noted")
    + event_subprocess("on", "cycle", user("handle") + end("handled") + chain("on-start", "handle", "handled"),
                       interrupts=False)
)  # fmt: skip
FIRINGS = {"remind": 3, "on-start": 3, "pause": 1, "late": 1}
"""Within three hours: a reminder thrice, an event subprocess by the hour, a pause, and an event-based gateway."""
LOST = Point.UNWRITTEN
"""Where a daemon dies so that its step is not taken; the others, so that it is."""
TAKEN = [Point.UNHEARD, Point.UNTOLD]


def test_a_timer_daemon_killed_at_every_firing_fires_every_timer_once(begin, clock):
    begin(TIMERS)
    clock.advance(dt.timedelta(hours=3))
    deaths = 0

    for taken in cycle(TAKEN):
        if not due_timers().exists():
            break
        for point in (LOST, taken):
            assert Victim(partial(call_command, "run_timers"), point).await_end()
            deaths += 1

    assert deaths >= 2 * sum(FIRINGS.values())  # the daemon's other duties may come to the point before
    assert Counter(Timer.objects.values_list("element_id", "status")) == {
        (name, "fired"): count for name, count in FIRINGS.items()
    }
    fired = ProcessEvent.objects.filter(kind="timer.fired").values_list("element_id", flat=True)
    assert Counter(fired) == FIRINGS
    offered = Counter(UserTask.objects.filter(status="ready").values_list("element_id", flat=True))
    assert offered == {"look": 1, "note": 3, "handle": 3, "chase": 1}
    assert ledger()["incidents"] == 0


@pytest.fixture
def own_broker() -> Iterator[None]:
    """Queues that no worker of another test sees; they vanish with the test."""
    prefix, shared = f"drill-{uuid.uuid4().hex}:", settings.CELERY_BROKER_TRANSPORT_OPTIONS
    celery.conf.broker_transport_options = {**shared, "global_keyprefix": prefix}
    yield
    celery.conf.broker_transport_options = shared
    with Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        for key in broker.scan_iter(f"{prefix}*"):
            broker.delete(key)


def work() -> None:
    """A Celery worker as the supervisor starts one, in one process; queued steps are nudged as the daemon does."""
    os.environ["CELERY_SKIP_CHECKS"] = "true"  # Django's own: this process has passed them
    celery._after_fork()  # connections of the process it was forked off are not its own
    stepping.use_nudge(tasks.enqueue)
    nudge_due_runs()
    worker = Worker(
        app=celery, hostname=f"drill-{uuid.uuid4().hex}", queues=["default"], pool="solo", loglevel="WARNING",
        without_gossip=True, without_mingle=True,
    )  # fmt: skip
    worker.start()


@pytest.fixture
def work_off(clock: Clock) -> Callable[[Iterator[list[Point]]], int]:
    """Have workers do the steps that are queued; each step sees a death at every point. How many died.

    In between a dead worker's lease runs out, and so does what its step waits before it is tried again.
    """

    def kill(points: Iterator[list[Point]]) -> int:
        deaths = 0
        while ServiceTaskRun.objects.filter(status="queued").exists():
            for point in next(points):
                clock.advance(NUDGE_GRACE)
                assert Victim(work, point).await_end()
                deaths += 1
                clock.advance(LEASE * 2)
                requeue_lost_runs()
                clock.advance(dt.timedelta(seconds=MAX_BACK_OFF_S))
        return deaths

    return kill


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(
            [[Point.AT_WORK, Point.UNHEARD], [Point.UNWRITTEN, Point.UNTOLD]], id="two deaths a step"
        ),
        pytest.param(
            [[Point.AT_WORK, Point.UNWRITTEN, Point.UNHEARD], [Point.AT_WORK, Point.UNWRITTEN, Point.UNTOLD]],
            id="three deaths a step",
            marks=pytest.mark.drill,
        ),
    ],
)
def test_a_celery_worker_killed_at_every_step_loses_none_and_does_none_twice(
    begin, cast, clock, operators, own_broker, work_off, points
):
    service_task("test.step", retries=9)(lambda _context, *, number: {"number": number})
    begin(MODEL, {"number": 3})
    turns = cycle(points)

    deaths = work_off(turns)
    assert fire_due_timers() + fire_due_timers() == 2
    deaths += work_off(turns)
    complete_user_task(UserTask.objects.get(name="look"), actor=cast.rosa, outcome="done", data={})
    deaths += work_off(turns)
    clock.advance(dt.timedelta(hours=1))
    assert fire_due_timers() == 1
    complete_user_task(UserTask.objects.get(name="last"), actor=cast.rosa, outcome="done", data={})

    steps = {"reserve": 1, "each": 3, "tell": 2, "release": 1}
    assert deaths == len(points[0]) * sum(steps.values())
    assert Counter(ServiceTaskRun.objects.values_list("element_id", "status")) == {
        (name, "completed"): count for name, count in steps.items()
    }
    done = Counter(ProcessEvent.objects.filter(kind="element.completed").values_list("element_id", flat=True))
    assert {name: done[name] for name in (*steps, "look", "last", "end")} == {
        **steps, "each": 4, "look": 1, "last": 1, "end": 1,  # three instances, and the activity they are of
    }  # fmt: skip
    assert ProcessInstance.objects.get().status == "completed"
    assert ledger()["incidents"] == 0


INSTANCES = 40
PAUSE = timer("pause", "due", word="timeDate") + user("look") + END + chain("start", "pause", "look", "end")


@pytest.fixture
def start_daemon() -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """`manage.py run_timers` on the database of this test."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "run_timers"], cwd=ROOT, text=True,
            env={**os.environ, "DATABASE_URL": database_url()}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.stack
def test_a_daemon_that_is_killed_while_timers_fall_due_leaves_them_to_the_other(begin, cast, start_daemon):
    daemons = [start_daemon() for _ in range(2)]
    for each in daemons:
        assert any('"ready"' in line for line in each.stdout)
    soon = clock.now() + dt.timedelta(seconds=1)
    due = [(soon + dt.timedelta(seconds=0.08 * number)).isoformat() for number in range(INSTANCES)]
    begin(PAUSE, {"due": due[0]})
    for number in range(1, INSTANCES):
        start_process(
            "Sample", data={"site": "provincial", "due": due[number]}, site=cast.provincial, subjects={},
            start_key=str(number), actor=cast.carla,
        )  # fmt: skip

    for daemon, share in zip(daemons, (0.5, 1), strict=True):
        wait_for(partial(has_fired, int(share * INSTANCES)), within_s=30, otherwise="Timers are left behind")
        daemon.kill()

    assert Counter(Timer.objects.values_list("status", flat=True)) == {"fired": INSTANCES}
    fired = ProcessEvent.objects.filter(kind="timer.fired").values_list("instance", flat=True)
    assert Counter(fired) == Counter(ProcessInstance.objects.values_list("pk", flat=True))
    assert Counter(UserTask.objects.values_list("element_id", "status")) == {("look", "ready"): INSTANCES}


def has_fired(count: int) -> bool:
    return Timer.objects.filter(status="fired").count() >= count
