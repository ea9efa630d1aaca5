"""Caller and called case go on alike, kept in memory from step to step or restored before every step."""

from __future__ import annotations

import datetime as dt
from functools import partial

import pytest

from tests.workflows.calling.called_cases import OUTER, call, called, finish, open_names
from tests.workflows.conftest import chain, machine, timer, user
from tests.workflows.engine.drawing import END, boundary, end, marked, multi
from workflows import services
from workflows.models import ProcessInstance, ServiceTaskRun, Timer

pytestmark = pytest.mark.django_db
INNER = user("ask") + machine("do", result="found") + END + chain("start", "ask", "do", "end")


def answer(number):
    run = ServiceTaskRun.objects.get(operator="test.step", status="queued")
    return partial(services.complete_service_task, run.pk, result={"number": number})


def test_a_call_goes_through_its_called_case_and_on(outer, step, cast):
    case = outer(called_process=INNER)
    assert (open_names(case), open_names(called())) == ([], ["ask"])

    step(lambda: finish(called(), "ask", cast.rosa, answer="yes"))
    step(answer(3))
    assert (called().status, open_names(case)) == ("completed", ["after"])
    step(lambda: finish(case, "after", cast.rosa))

    case.refresh_from_db()
    assert (case.status, case.outcome) == ("completed", "Finished")
    result = ServiceTaskRun.objects.get(operator="workflow.call").result
    assert result is not None
    assert (result["ask"]["answer"], result["found"]) == ("yes", {"number": 3})


def test_an_error_of_the_called_case_goes_to_the_boundary_of_the_call(outer, step, cast):
    edge = boundary("failed", "call", "error") + user("mend") + end("e2") + chain("failed", "mend", "e2")
    case = outer(OUTER + edge, called_process=INNER)
    step(lambda: finish(called(), "ask", cast.rosa))

    run = ServiceTaskRun.objects.get(operator="test.step")
    step(lambda: services.fail_service_task(run.pk, code="REFUSED", permanent=True))

    assert (called().status, open_names(case)) == ("failed", ["mend"])


def test_an_interrupted_call_takes_its_case_along(outer, step, clock):
    edge = (
        timer("late", "PT1H", attached_to="call") + user("chase") + end("e2") + chain("late", "chase", "e2")
    )
    case = outer(OUTER + edge, called_process=INNER)
    clock.advance(dt.timedelta(hours=1))

    step(lambda: services.fire_timer(Timer.objects.get().pk))

    assert (called().status, open_names(called()), open_names(case)) == ("cancelled", [], ["chase"])


def test_calls_for_each_item_end_in_any_order(outer, step, cast):
    node = marked(call(result="got"), multi(collection="items", item="one", output="all", output_item="got"))
    case = outer(node + user("after") + END + chain("start", "call", "after", "end"), {"items": ["p", "q"]},
                 called_process=user("ask") + END + chain("start", "ask", "end"))  # fmt: skip
    first, second = ProcessInstance.objects.exclude(call=None).order_by("pk")

    step(lambda: finish(second, "ask", cast.rosa, answer="second"))
    assert open_names(case) == []
    step(lambda: finish(first, "ask", cast.rosa, answer="first"))

    assert open_names(case) == ["after"]
