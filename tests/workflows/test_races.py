"""Two things that exclude each other happen to one instance at the same moment, over two connections.

Either of them comes first, and the other finds the instance as the first one left it: never both, never neither.
"""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial

import pytest

from common.errors import Conflict
from events.services import Event
from tests.workflows.conftest import chain, machine, message, timer, user
from tests.workflows.engine.drawing import END, boundary, end, marked, multi, parallel
from tests.workflows.people.test_concurrency import at_once
from workflows import services
from workflows.locks import warm_runs
from workflows.models import (
    Incident,
    MessageSubscription,
    ProcessEvent,
    ProcessInstance,
    ReceivedMessage,
    ServiceTaskRun,
    ThrownMessage,
    Timer,
    UserTask,
)
from workflows.news.correlation import offer, send_message
from workflows.news.throwing import PATIENCE
from workflows.timers import fire_timer

pytestmark = pytest.mark.django_db(transaction=True)
CORRELATED = '<consilium:message correlate="key"/>'


def look_or(edge):
    """A task with an interrupting event at its edge."""
    return (
        user("look") + edge + user("after") + user("chase") + END + end("e2") + chain("start", "look", "after", "end")
        + chain("edge", "chase", "e2")
    )  # fmt: skip


def complete(task, person):
    return partial(services.complete_user_task, task, actor=person, outcome="done", data={})


def tasks():
    return set(UserTask.objects.values_list("element_id", "status"))


@pytest.fixture(params=["kept", "restored"])
def race(request):
    """Act at once, on a run that is kept in memory or on one that is restored; what each returned or raised."""

    def run(*acts):
        if request.param == "restored":
            warm_runs.forget()
        return at_once(*acts)

    return run


def test_a_timer_falls_due_while_its_activity_is_completed(begin, cast, clock, race):
    """BPMN 2.0.2 §13.5.3: the event is heard as long as the activity lives, and not after it."""
    begin(look_or(timer("edge", "PT1H", attached_to="look")))
    clock.advance(dt.timedelta(hours=1))
    due, task = Timer.objects.get(), UserTask.objects.get()

    results = race(partial(fire_timer, due.pk), complete(task, cast.rosa))

    due.refresh_from_db()
    if any(isinstance(each, ProcessInstance) for each in results):
        assert False in results
        assert (due.status, tasks()) == ("cancelled", {("look", "completed"), ("after", "ready")})
    else:
        assert any(isinstance(each, Conflict) for each in results)
        assert (due.status, tasks()) == ("fired", {("look", "cancelled"), ("chase", "ready")})


def test_a_message_comes_while_the_activity_it_interrupts_is_completed(begin, cast, race):
    begin(look_or(boundary("edge", "look", "message", extension=CORRELATED)), {"key": "k"})
    task = UserTask.objects.get()
    sent = send_message("ResultReady", key="k", payload={}, site_code="provincial", subjects={})

    results = race(partial(offer, sent), complete(task, cast.rosa))

    taken = ThrownMessage.objects.get().taken_at is not None
    assert (True in results) is taken
    assert tasks() == (
        {("look", "cancelled"), ("chase", "ready")} if taken else {("look", "completed"), ("after", "ready")}
    )


def test_a_message_comes_while_the_case_ends(begin, cast, clock, race):
    """It is not lost with the case: whoever waits for its key next takes it."""
    body = user("look") + boundary("edge", "look", "message", interrupts=False, extension=CORRELATED)
    body += user("note") + END + end("e2") + chain("start", "look", "end") + chain("edge", "note", "e2")
    begin(body, {"key": "k"})
    task = UserTask.objects.get()
    sent = send_message("ResultReady", key="k", payload={}, site_code="provincial", subjects={})

    race(partial(offer, sent), complete(task, cast.rosa))

    status = ProcessInstance.objects.get().status
    taken = ThrownMessage.objects.get().taken_at is not None
    assert (taken, status) in {(True, "running"), (False, "completed")}
    assert tasks() == ({("look", "completed"), ("note", "ready")} if taken else {("look", "completed")})
    if not taken:
        begin(body, {"key": "k"}, start_key="another")
        clock.advance(PATIENCE)
        assert offer(sent)
        assert ("note", "ready") in tasks()


def test_news_comes_while_the_case_ends(begin, cast, race):
    body = user("look") + boundary(
        "edge", "look", '<bpmn:messageEventDefinition messageRef="M1"/>', interrupts=False
    )
    body += user("note") + END + end("e2") + chain("start", "look", "end") + chain("edge", "note", "e2")
    begin(body)
    event = Event(uuid.uuid4(), "SeriesComplete", {"subjects": {"study": "2.25.1"}}, uuid.uuid4())

    race(partial(services.receive_event, event), complete(UserTask.objects.get(), cast.rosa))

    is_running = ProcessInstance.objects.get().status == "running"
    assert is_running is ReceivedMessage.objects.exclude(consumed_at=None).exists()
    assert tasks() == ({("look", "completed"), ("note", "ready")} if is_running else {("look", "completed")})
    assert not Incident.objects.exists()


def test_the_last_two_of_several_machines_answer_at_once(begin, race):
    """§13.4.1: whoever is second completes the join, and only that one."""
    body = parallel("s") + parallel("j") + machine("a") + machine("b") + user("after") + END
    begin(body + chain("start", "s", "a", "j", "after", "end") + chain("s", "b", "j"))
    runs = ServiceTaskRun.objects.values_list("pk", flat=True)

    race(*(partial(services.complete_service_task, uid, result={}) for uid in runs))

    assert tasks() == {("after", "ready")}
    assert UserTask.objects.count() == 1
    assert ProcessEvent.objects.filter(kind="element.completed", element_id="j").count() == 1
    assert set(ServiceTaskRun.objects.values_list("status", flat=True)) == {"completed"}


def test_two_instances_of_an_activity_that_one_would_be_enough_for_are_done_at_once(begin, race):
    """§13.3.7: the completion condition is asked after each; what it makes needless is withdrawn, once."""
    enough = multi(cardinality="3", condition="numberOfCompletedInstances >= 1")
    begin(marked(machine("x"), enough) + user("after") + END + chain("start", "x", "after", "end"))
    first, second, _ = ServiceTaskRun.objects.values_list("pk", flat=True)

    race(*(partial(services.complete_service_task, uid, result={}) for uid in (first, second)))

    assert sorted(ServiceTaskRun.objects.values_list("status", flat=True)) == [
        "cancelled",
        "cancelled",
        "completed",
    ]
    assert UserTask.objects.count() == 1


def test_a_machine_answers_while_the_case_is_stopped(begin, cast, race):
    instance = begin(machine("a") + user("after") + END + chain("start", "a", "after", "end"))
    run = ServiceTaskRun.objects.get()

    race(
        partial(services.complete_service_task, run.pk, result={}),
        partial(services.cancel_process, instance, actor=cast.carla, reason="WITHDRAWN"),
    )

    run.refresh_from_db()
    assert ProcessInstance.objects.get().status == "cancelled"
    assert (run.status, tasks()) in (("completed", {("after", "cancelled")}), ("cancelled", set()))
    assert not Timer.objects.filter(status="waiting").exists()


def test_both_events_behind_a_gateway_come_at_once(begin, clock, race):
    """§10.6.6: the first one takes the token; the other is no longer waited for."""
    body = (
        '<bpmn:eventBasedGateway id="g"/>' + message("news", "M3").replace(
            "<bpmn:messageEvent", f"<bpmn:extensionElements>{CORRELATED}</bpmn:extensionElements><bpmn:messageEvent")
        + timer("late", "PT1H") + user("read") + user("chase") + END + end("e2")
        + chain("start", "g", "news", "read", "end") + chain("g", "late", "chase", "e2")
    )  # fmt: skip
    begin(body, {"key": "k"})
    sent = send_message("ResultReady", key="k", payload={}, site_code="provincial", subjects={})
    clock.advance(dt.timedelta(hours=1))
    due = Timer.objects.get()

    results = race(partial(offer, sent), partial(fire_timer, due.pk))

    due.refresh_from_db()
    taken = ThrownMessage.objects.get().taken_at is not None
    assert (due.status == "fired") is not taken
    assert sorted(map(bool, results)) == [False, True]
    assert tasks() == {("read" if taken else "chase", "ready")}
    assert not MessageSubscription.objects.exists()
