"""Calls within and beside other constructs, with rows.  Reference: BPMN 2.0.2 §10.3.6, §10.7, §13.5."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflows.calling.called_cases import ASK, OUTER, call, called, finish, open_names
from tests.workflows.conftest import chain, machine, timer, user
from tests.workflows.engine.drawing import (
    END,
    boundary,
    end,
    event_subprocess,
    marked,
    multi,
    parallel,
    throw,
    undoable,
    within,
)
from tests.workflows.news.test_correlation import deliver_all
from workflows import services
from workflows.models import MessageSubscription, ProcessInstance, ServiceTaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside(begin, step):
    """Begin the process that calls."""

    def start(body):
        begun = []
        step(lambda: begun.append(begin(body)))
        return begun[0]

    return start


def cases():
    return list(ProcessInstance.objects.filter(definition__key="Inner").order_by("pk"))


def waiting_timers(case):
    return case.timers.filter(status="waiting")


def perform_next(case, step):
    (run,) = ServiceTaskRun.objects.filter(instance=case, operator="test.step", status="queued")
    step(lambda: services.perform_service_task(run.pk))


def test_an_event_subprocess_takes_the_place_of_the_called_process_not_of_the_call(
    inner, outside, step, cast, clock
):
    inner(
        ASK + event_subprocess("on", "signal", user("handle") + end("he") + chain("on-start", "handle", "he"))
    )
    edge = boundary("edge", "call", '<bpmn:messageEventDefinition messageRef="M1"/>')
    case = outside(OUTER + edge + user("mend") + end("e9") + chain("edge", "mend", "e9"))
    clock.advance(timedelta(seconds=1))

    services.broadcast_signal("AllClear", payload={}, site_code="provincial", subjects={})
    step(lambda: deliver_all(clock))
    assert (open_names(called()), open_names(case)) == (["handle"], [])
    step(lambda: finish(called(), "handle", cast.rosa))

    assert (called().status, open_names(case)) == ("completed", ["after"])
    assert not MessageSubscription.objects.exists()


def test_a_repeating_timer_at_several_calls_lives_until_the_last_has_ended(inner, outside, step, cast, clock):
    inner()
    body = (
        marked(call(), multi(cardinality="2")) + timer("tick", "R3/PT1H", attached_to="call", interrupts=False,
        word="timeCycle") + user("remind") + user("after") + END + end("e9") + chain("start", "call", "after", "end")
        + chain("tick", "remind", "e9")
    )  # fmt: skip
    case = outside(body)
    for _ in range(2):
        clock.advance(timedelta(minutes=61))
        step(lambda: services.fire_timer(waiting_timers(case).get().pk))

    first, second = cases()
    step(lambda: finish(first, "ask", cast.rosa))
    assert (open_names(case), waiting_timers(case).count()) == (["remind", "remind"], 1)
    step(lambda: finish(second, "ask", cast.rosa))

    assert (open_names(case), waiting_timers(case).count()) == (["after", "remind", "remind"], 0)


def test_a_completed_call_is_undone_by_another_call(inner, outside, step, cast):
    inner()
    body = (
        undoable("call", handler=call("undo-call"), activity=call("call")) + machine("x")
        + boundary("bad", "x", "any error") + throw("u", "compensate") + user("after") + END + end("e2")
        + chain("start", "call", "x", "end") + chain("bad", "u", "after", "e2")
    )  # fmt: skip
    case = outside(body)
    step(lambda: finish(called(), "ask", cast.rosa))

    run = ServiceTaskRun.objects.get(instance=case, operator="test.step")
    step(lambda: services.fail_service_task(run.pk, code="REFUSED", permanent=True))

    done, undoing = cases()
    assert (done.status, open_names(undoing), open_names(case)) == ("completed", ["ask"], [])
    step(lambda: finish(undoing, "ask", cast.rosa))
    assert open_names(case) == ["after"]


def test_terminating_a_subprocess_stops_the_case_it_called(inner, outside, step, cast):
    inner()
    inside = (
        parallel("f") + call() + user("enough") + end("stop", "terminate") + end("e1") + chain("f", "call", "e1")
        + chain("f", "enough", "stop")
    )  # fmt: skip
    case = outside(within("sub", inside, "f") + user("after") + END + chain("start", "sub", "after", "end"))

    step(lambda: finish(case, "enough", cast.rosa))

    assert (called().status, open_names(case)) == ("cancelled", ["after"])


def test_a_cancelled_transaction_undoes_each_of_several_calls(inner, outside, step, cast):
    inner()
    several = marked(call("x"), multi(cardinality="2", sequential=True))
    inside = undoable("x", handler=machine("undo-x"), activity=several) + user("d") + end("stop", "cancel")
    body = (
        within("tx", inside, "x", "d", "stop", kind="transaction") + boundary("edge", "tx", "cancel") + user("mend")
        + END + end("e9") + chain("start", "tx", "end") + chain("edge", "mend", "e9")
    )  # fmt: skip
    case = outside(body)
    for position in range(2):
        step(lambda: finish(cases()[position], "ask", cast.rosa))  # noqa: B023 - called at once

    step(lambda: finish(case, "d", cast.rosa))
    perform_next(case, step)
    assert open_names(case) == []
    perform_next(case, step)

    assert open_names(case) == ["mend"]
