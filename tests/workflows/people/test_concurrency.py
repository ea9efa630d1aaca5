"""Two at once, over two real connections: one of them wins, nothing is done twice, nothing hangs."""

from __future__ import annotations

import threading
import uuid
from functools import partial

import pytest
from django.db import connection

from common.errors import Conflict
from events.services import Event
from tests.workflows.conftest import chain, machine, message, timer, user
from tests.workflows.engine.drawing import catch
from workflows import services
from workflows.locks import warm_runs
from workflows.models import ProcessInstance, ReceivedMessage, ServiceTaskRun, ThrownMessage, Timer, UserTask
from workflows.news.correlation import offer, send_message
from workflows.service_tasks import service_task
from workflows.timers import fire_timer

pytestmark = pytest.mark.django_db(transaction=True)
END = '<bpmn:endEvent id="end"/>'


def at_once(*acts):
    """Run all acts together, each in a thread of its own; what each returned or raised."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(position, act):
        try:
            barrier.wait(timeout=10)
            results[position] = act()
        except Exception as error:
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    return results


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_one_task_done_by_one_person_in_two_windows_is_done_once(begin, cast, warm):
    begin(user("look") + user("next") + END + chain("start", "look", "next", "end"))
    task = UserTask.objects.get()
    if not warm:
        warm_runs.forget()

    def act():
        return services.complete_user_task(task, actor=cast.rosa, outcome="done", data={})

    results = at_once(act, act)

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "ProcessInstance"]
    assert UserTask.objects.filter(name="next").count() == 1


def test_two_people_reach_for_one_task_and_one_has_it(begin, cast, django_user_model):
    li = django_user_model.objects.create_user("li", display_name="Li")
    li.memberships.create(site=cast.provincial, role="radiologist")
    begin(user("look") + END + chain("start", "look", "end"))
    task = UserTask.objects.get()

    results = at_once(
        lambda: services.claim_user_task(task, actor=cast.rosa),
        lambda: services.claim_user_task(task, actor=li),
    )

    assert sum(isinstance(result, Conflict) for result in results) == 1, results
    assert UserTask.objects.get().assignee in (cast.rosa, li)


def test_a_task_is_finished_or_taken_away_but_not_both(begin, cast, django_user_model):
    li = django_user_model.objects.create_user("li", display_name="Li")
    li.memberships.create(site=cast.provincial, role="radiologist")
    begin(user("look") + END + chain("start", "look", "end"))
    task = services.claim_user_task(UserTask.objects.get(), actor=cast.rosa)

    done, given = at_once(
        lambda: services.complete_user_task(task, actor=cast.rosa, outcome="done", data={}),
        lambda: services.reassign_user_task(task, actor=cast.carla, to=li, reason="Rosa is ill"),
    )

    task = UserTask.objects.get()
    assert sum(isinstance(result, Conflict) for result in (done, given)) == 1, (done, given)
    if isinstance(given, Conflict):
        assert (task.status, task.completed_by) == ("completed", cast.rosa)
    else:
        assert (task.status, task.assignee, task.completed_by) == ("ready", li, None)


def test_two_events_at_once_are_both_taken(begin):
    body = (
        '<bpmn:parallelGateway id="s"/><bpmn:parallelGateway id="j"/>' + message("a", "M1") + message("b", "M2")
        + user("look") + END + chain("start", "s", "a", "j", "look", "end") + chain("s", "b", "j")
    )  # fmt: skip
    begin(body)

    def news(name):
        event = Event(uuid.uuid4(), name, {"subjects": {"study": "2.25.1"}}, uuid.uuid4())
        return lambda: services.receive_event(event)

    results = at_once(news("SeriesComplete"), news("ReportSigned"))

    assert results == [None, None]
    assert ReceivedMessage.objects.filter(consumed_at=None).count() == 0
    assert UserTask.objects.get().name == "look"


def test_one_event_delivered_by_two_workers_counts_once(begin):
    begin(message("a") + user("look") + END + chain("start", "a", "look", "end"))
    event = Event(uuid.uuid4(), "SeriesComplete", {"subjects": {"study": "2.25.1"}}, uuid.uuid4())

    at_once(*[lambda: services.receive_event(event)] * 2)

    assert ReceivedMessage.objects.count() == 1
    assert UserTask.objects.count() == 1


def test_one_order_starts_one_instance_even_in_two_workers_at_once(begin, cast):
    begin(user("look") + END + chain("start", "look", "end"))

    def start():
        return services.start_process(
            "Sample", data={"site": "provincial"}, site=cast.provincial, subjects={"study": "2.25.2"},
            start_key="same", actor=cast.carla,
        ).pk  # fmt: skip

    first, second = at_once(start, start)

    assert first == second
    assert ProcessInstance.objects.filter(start_key="same").count() == 1


def test_a_due_timer_fires_in_one_of_two_daemons(begin, clock):
    begin(timer("wait", "PT1H") + user("look") + END + chain("start", "wait", "look", "end"))
    due = Timer.objects.get()
    clock.now = due.due_at

    results = at_once(*[lambda: fire_timer(due.uid)] * 2)

    assert sorted(results) == [False, True]
    assert UserTask.objects.count() == 1


def test_a_step_nudged_twice_is_done_by_one_worker(begin):
    calls = []

    def count(context, **_arguments):
        calls.append(context.attempt)
        return {}

    service_task("test.step")(count)
    begin(machine("do") + user("look") + END + chain("start", "do", "look", "end"))
    run = ServiceTaskRun.objects.get()

    results = at_once(*[lambda: services.perform_service_task(run.uid)] * 2)

    assert sorted(results) == [False, True]
    assert calls == [1]


def test_a_step_that_fails_leaves_no_run_behind_that_was_never_committed(begin, cast, monkeypatch):
    begin(user("look") + user("next") + END + chain("start", "look", "next", "end"))
    task = UserTask.objects.get()
    with monkeypatch.context() as broken:
        broken.setattr("workflows.people.task_steps.record_audit", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.complete_user_task(task, actor=cast.rosa, outcome="done", data={})
    assert UserTask.objects.get().status == "ready"

    services.complete_user_task(task, actor=cast.rosa, outcome="done", data={})

    assert UserTask.objects.filter(name="next", status="ready").count() == 1


def test_two_messages_for_one_token_at_once_one_is_taken_and_the_other_stays(begin, cast):
    """Whoever is second finds nobody waiting; its message is kept for who waits next."""
    body = catch("wait", "message", extension='<consilium:message correlate="key"/>') + user("after") + END
    begin(body + chain("start", "wait", "after", "end"), {"key": "k1"})
    sent = [
        send_message("ResultReady", key="k1", payload={"n": n}, site_code="provincial", subjects={})
        for n in (1, 2)
    ]
    warm_runs.forget()

    taken = at_once(*(partial(offer, uid) for uid in sent))

    assert sorted(taken) == [False, True]
    assert UserTask.objects.filter(status="ready").count() == 1
    assert ThrownMessage.objects.filter(taken_at=None).count() == 1
