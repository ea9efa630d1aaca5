"""The engine's own promises, without a database: what a run waits for, and what its state holds."""

from __future__ import annotations

import datetime as dt
import json
import zlib

import pytest

from tests.workflows.conftest import chain, flow, machine, message, timer, user
from tests.workflows.engine.drawing import END, boundary, end, parallel, subprocess
from tests.workflows.engine.playing import DATA, model_of
from workflows.engine import EngineFault, ProcessRun
from workflows.engine.state import read

ASK = (
    user("ask") + '<bpmn:exclusiveGateway id="g" default="g-no"/>' + machine("yes", result="outcome") + user("no")
    + END + chain("start", "ask", "g") + flow("g", "yes", "ask.answer == 'yes'") + flow("g", "no", "", "g-no")
    + chain("yes", "end") + chain("no", "end")
)  # fmt: skip


def test_people_machines_and_a_gateway_in_turn(play):
    process = play(ASK)
    assert process.wait("ask").role == "radiologist"

    process.complete("ask", ask={"answer": "yes"})
    wait = process.wait("yes")
    assert (wait.operator, wait.arguments) == ("test.step", {"number": 7})

    process.complete("yes", outcome={"n": 1})
    assert process.is_completed
    assert process.run.end_name(process.happened) == "Finished"
    assert process.data["outcome"] == {"n": 1}


def test_parallel_branches_join_and_keep_what_each_brought(play):
    body = (
        parallel("s") + parallel("j") + user("a") + user("b") + user("c") + END
        + chain("start", "s", "a", "j", "c", "end") + chain("s", "b", "j")
    )  # fmt: skip
    process = play(body)
    assert process.people == ["a", "b"]

    process.complete("b", b=1).complete("a", a=1)

    assert process.people == ["c"]
    assert (process.data_at("c")["a"], process.data_at("c")["b"]) == (1, 1)


def test_the_first_of_two_events_wins(play):
    body = (
        '<bpmn:eventBasedGateway id="g"/>' + message("news") + timer("late", "PT1H") + user("read") + user("chase")
        + END + chain("start", "g", "news", "read", "end") + chain("g", "late", "chase", "end")
    )  # fmt: skip
    process = play(body)
    assert (process.messages, process.timers) == (["news"], ["late"])

    process.catch("news", modality="CT")

    assert process.open == ["read"]
    assert process.data_at("read")["series_complete"] == {"modality": "CT"}


def test_a_timer_waits_for_our_word_whatever_the_time_is(play, clock):
    process = play(timer("wait", "PT2H") + END + chain("start", "wait", "end"))
    wait = process.wait("wait")
    assert wait.due_at == clock.now + dt.timedelta(hours=2)

    clock.advance(dt.timedelta(days=3))
    assert process.wait("wait").uid == wait.uid

    assert process.fire("wait")
    assert process.is_completed
    assert not process.run.fire_timer(wait.uid)


def test_an_interrupting_boundary_timer_takes_the_task_away(play):
    body = (
        user("read") + timer("late", "PT1H", attached_to="read") + user("chase") + END
        + chain("start", "read", "end") + chain("late", "chase", "end")
    )  # fmt: skip
    process = play(body)

    process.fire("late")

    assert process.open == ["chase"]


def test_a_repeating_boundary_timer_fires_as_often_as_it_says(play, clock):
    body = (
        user("read") + timer("remind", "R2/PT10M", attached_to="read", interrupts=False, word="timeCycle")
        + machine("tell") + END + chain("start", "read", "end") + end("told") + chain("remind", "tell", "told")
    )  # fmt: skip
    process = play(body)

    due = []
    while process.timers:
        due.append(process.wait("remind").due_at - clock.now)
        process.fire("remind")

    assert due == [dt.timedelta(minutes=10), dt.timedelta(minutes=20)]
    assert (process.people, process.machines) == (["read"], ["tell", "tell"])


def test_an_error_goes_to_the_boundary_of_its_own_task_and_code_only(play):
    body = (
        parallel("s") + machine("a") + machine("b") + boundary("a-failed", "a", "error")
        + boundary("b-failed", "b", "any error") + user("mend") + END + end("e2") + end("e3")
        + chain("start", "s", "a", "end") + chain("s", "b", "e2") + chain("a-failed", "mend", "e3")
        + chain("b-failed", "mend")
    )  # fmt: skip
    process = play(body)

    assert not process.fail("a", "OTHER")
    assert process.fail("a", "REFUSED")

    assert process.machines == ["b"]
    assert process.data_at("mend")["error"] == {"code": "REFUSED", "element": "a"}


def test_an_error_inside_a_subprocess_reaches_the_boundary_around_it(play):
    inside = '<bpmn:startEvent id="s1"/>' + machine("a") + end("e1") + chain("s1", "a", "e1")
    body = (
        subprocess("sub", inside) + boundary("failed", "sub", "any error") + user("mend") + END
        + chain("start", "sub", "end") + chain("failed", "mend", "end")
    )  # fmt: skip
    process = play(body)

    assert process.fail("a", "ANY")

    assert process.open == ["mend"]


def test_a_subprocess_runs_and_ends_within_its_process(play):
    inside = '<bpmn:startEvent id="s1"/>' + user("a") + end("e1") + chain("s1", "a", "e1")
    process = play(subprocess("sub", inside) + user("after") + END + chain("start", "sub", "after", "end"))
    assert process.people == ["a"]

    process.complete("a", a=1)

    assert process.people == ["after"]
    assert process.data_at("after")["a"] == 1


def test_a_terminate_end_event_stops_every_branch(play):
    body = (
        parallel("s") + user("a") + user("b") + END + end("stop", "terminate") + chain("start", "s", "a", "stop")
        + chain("s", "b", "end")
    )  # fmt: skip
    process = play(body)

    process.complete("a")

    assert process.is_completed
    assert process.open == []


def test_a_loop_back_offers_the_task_anew(play):
    body = (
        user("read") + '<bpmn:exclusiveGateway id="g" default="g-read"/>' + END + chain("start", "read", "g")
        + flow("g", "end", "done") + flow("g", "read", "", "g-read")
    )  # fmt: skip
    process = play(body)
    seen = set()

    for _ in range(5):
        seen.add(process.wait("read").uid)
        process.complete("read", done=False)
    process.complete("read", done=True)

    assert len(seen) == 5
    assert process.is_completed


def test_a_loop_that_never_waits_is_stopped():
    body = (
        '<bpmn:exclusiveGateway id="a" default="a-b"/><bpmn:exclusiveGateway id="b" default="b-a"/>' + END
        + chain("start", "a") + flow("a", "b", "", "a-b") + flow("b", "a", "", "b-a")
        + flow("b", "end", "number == 0") + flow("a", "end", "number == 0", "a-end")
    )  # fmt: skip

    with pytest.raises(EngineFault, match="without ever waiting"):
        ProcessRun.start(model_of(body), DATA)


def test_a_condition_that_does_not_fit_its_data_is_a_fault_with_its_element():
    body = (
        '<bpmn:exclusiveGateway id="g" default="g-end"/>' + user("a") + END + chain("start", "g")
        + flow("g", "a", "number + site > 1") + flow("g", "end", "", "g-end") + chain("a", "end")
    )  # fmt: skip

    with pytest.raises(EngineFault) as fault:
        ProcessRun.start(model_of(body), DATA)

    assert fault.value.element_id == "g"


def sorted_keys(state):
    body = read(state)
    return zlib.compress(json.dumps(body, sort_keys=True).encode())


def test_the_state_survives_a_store_that_reorders_keys():
    run = ProcessRun.start(model_of(ASK), {"z": 1, "a": 2, **DATA})

    run = ProcessRun.restore(run.model, sorted_keys(run.dump()))
    (ask,) = run.waits.user_tasks
    run.complete_user_task(ask, {"ask": {"answer": "yes"}})
    run = ProcessRun.restore(run.model, sorted_keys(run.dump()))

    (yes,) = run.waits.service_tasks
    assert run.data_of(yes)["a"] == 2


@pytest.mark.parametrize("value", ["王", float("inf"), 2**70, "\ud800", "null", None], ids=ascii)
def test_a_state_keeps_every_value_its_data_may_hold(value):
    run = ProcessRun.start(model_of(user("a") + END + chain("start", "a", "end")), {**DATA, "kept": value})

    restored = ProcessRun.restore(run.model, run.dump())

    (task,) = restored.waits.user_tasks
    assert restored.data_of(task)["kept"] == value


def test_a_restored_state_is_the_state():
    body = (
        user("a") + timer("t", "PT1H", attached_to="a") + END + chain("start", "a", "end") + chain("t", "end")
    )
    dumped = ProcessRun.start(model_of(body), DATA).dump()

    assert ProcessRun.restore(model_of(body), dumped).dump() == dumped


def test_the_state_is_small_and_holds_no_specification():
    body = user("a") + user("b") + user("c") + END + chain("start", "a", "b", "c", "end")

    state = ProcessRun.start(model_of(body), DATA).dump()

    assert len(state) < 1500
    assert "SeriesComplete" not in json.dumps(read(state))
