"""kill -9 while a case is suspended, while it is let go on, and between the things that were kept for it meanwhile.

Each act is begun by a worker that dies at a point of it and then done again by the person; what was kept is left to the
duty. The case ends with exactly what it leaves when nobody dies.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from common.errors import Conflict
from events.services import Event
from tests.workflows.conftest import chain, machine, message, timer, user
from tests.workflows.drills.ledger import ledger
from tests.workflows.drills.victims import Point, perform_in_victim
from tests.workflows.engine.drawing import END, boundary, catch, end, parallel
from workflows import services
from workflows.machines.performing import requeue_lost_runs
from workflows.models import HeldInput, MessageSubscription, ServiceTaskRun
from workflows.news import signals
from workflows.service_tasks import Pending, service_task
from workflows.suspension.applying import apply_held
from workflows.timers import fire_due_timers

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = (
    parallel("fork") + parallel("meet") + machine("do", result="found") + message("news") + catch("clear", "signal")
    + timer("pause", "PT1H") + user("look") + END
    + machine("try") + boundary("no", "try", "error") + end("tried") + end("refused")
    + chain("start", "fork", "do", "meet", "look", "end") + chain("fork", "news", "meet")
    + chain("fork", "clear", "meet") + chain("fork", "pause", "meet")
    + chain("fork", "try", "tried") + chain("no", "refused")
)  # fmt: skip
"""A case that waits for all there is at once: an answer, a failure, news, a signal and the time."""
KEPT = {"answer": 1, "failure": 1, "message": 1, "signal": 1}
REASON = "The order is being cleared up."
NEWS = Event(uuid.uuid4(), "SeriesComplete", {"subjects": {"study": "2.25.1"}}, uuid.uuid4())


@pytest.fixture
def play(begin, cast, clock):
    """Play the case with somebody who dies at a point of suspending and of resuming it; what it left, how many died."""
    service_task("test.step", retries=2)(lambda _context, **_arguments: Pending("asked"))

    def act(deed: Callable[[], Any], point: Point) -> int:
        """Do it in a worker that dies of it first; then as the person who tries again."""
        has_died = perform_in_victim(deed, point)
        try:
            deed()
        except Conflict:
            if not has_died:  # else the dead worker had come to the end of it, and the person is told so
                raise
        return has_died

    def run(point: Point, applying: Point) -> tuple[dict[str, Any], int]:
        instance = begin(WAITING)
        for uid in ServiceTaskRun.objects.values_list("pk", flat=True):
            services.perform_service_task(uid)
        deaths = act(lambda: services.suspend_process(instance, actor=cast.carla, reason=REASON), point)
        come_meanwhile()
        clock.advance(dt.timedelta(hours=2))
        assert (fire_due_timers(), apply_held(), requeue_lost_runs()) == (0, 0, 0)
        deaths += act(lambda: services.resume_process(instance, actor=cast.carla), point)
        while HeldInput.objects.exists():
            deaths += perform_in_victim(apply_held, applying)
            apply_held(limit=1)
        clock.advance(dt.timedelta(seconds=1))
        fire_due_timers()
        return ledger(), deaths

    return run


def come_meanwhile() -> None:
    """All that may come for a suspended case, each of it twice, as it does in life."""
    runs = dict(ServiceTaskRun.objects.values_list("element_id", "pk"))
    listening = MessageSubscription.objects.get(kind="signal")
    offered = {"instance": listening.instance_id, "subscription": str(listening.uid), "data": {}}
    signal = Event(uuid.uuid4(), "SignalOffered", offered, uuid.uuid4())
    for _ in range(2):
        services.receive_event(NEWS)
        services.complete_service_task(runs["do"], result={"seen": 7})
        services.fail_service_task(runs["try"], code="REFUSED", permanent=True)
        signals.hand_over(signal)
    assert Counter(HeldInput.objects.values_list("kind", flat=True)) == KEPT


@pytest.mark.parametrize(
    ("point", "applying", "deaths"),
    [
        pytest.param(Point.UNWRITTEN, Point.UNWRITTEN, 2, id="before either is written"),
        pytest.param(Point.UNHEARD, Point.UNWRITTEN, 6, id="after their commits, and before each thing kept"),
        pytest.param(Point.UNTOLD, Point.UNTOLD, 4, id="before anybody is told, and after things kept"),
    ],
)
def test_a_death_while_suspending_resuming_or_applying_loses_nothing_and_does_nothing_twice(
    play, point, applying, deaths
):
    """What the case has left is counted in full: a line, a row or an audit event more or less would show."""
    left, died = play(point, applying)

    assert died == deaths
    assert left["cases"] == {("running", ""): 1}
    assert left["tasks"] == {("look", "ready", ""): 1}
    assert left["machines"] == {("do", "completed"): 1, ("try", "failed"): 1}
    assert left["timers"] == {("pause", "fired"): 1}
    assert left["messages"] == {("SeriesComplete", False): 1}
    assert left["incidents"] == 0
    assert set(left["history"].values()) == {1}
    assert {(kind, element) for kind, element, _who in left["history"] if kind != "element.completed"} == {
        ("case.started", ""), ("case.suspended", ""), ("case.resumed", ""), ("message.received", ""),
        ("signal.received", "clear"), ("step.failed", "try"), ("timer.fired", "pause"),
    }  # fmt: skip
    passed = {element for kind, element, _who in left["history"] if kind == "element.completed"}
    assert passed >= {"do", "news", "clear", "pause", "no", "refused", "meet"}
    assert Counter(action for action, _who in left["audit"].elements())["case.resumed"] == 1
