"""The engine's own promises, without a database: each construct runs, and a restored run is the same run."""

from __future__ import annotations

import datetime as dt
import json
import zlib

import pytest

from tests.workflows.conftest import bpmn, chain, flow, machine, message, timer, user
from workflows.engine import EngineFault, ProcessModel, ProcessRun
from workflows.engine.state import read

END = '<bpmn:endEvent id="end" name="Finished"/>'
DATA = {"site": "provincial", "number": 7}


def model(body, **options):
    return ProcessModel.from_text(bpmn(body, **options))


@pytest.fixture(params=[False, True], ids=["straight", "restored after each step"])
def go(request):
    """Apply an act to a run; the run itself, or the one restored from its state."""

    def apply(run, act=None):
        if act is not None:
            act(run)
        return ProcessRun.restore(run.model, run.dump()) if request.param else run

    return apply


def names(waits):
    return sorted(each.element_id for each in waits.values())


def only(waits):
    (each,) = waits.values()
    return each


def test_people_machines_and_a_gateway_in_turn(go):
    body = (
        user("ask") + '<bpmn:exclusiveGateway id="g" default="g-no"/>' + machine("yes", result="outcome") + user("no")
        + END + chain("start", "ask", "g") + flow("g", "yes", "ask.answer == 'yes'") + flow("g", "no", "", "g-no")
        + chain("yes", "end") + chain("no", "end")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    assert only(run.waits.user_tasks).role == "radiologist"

    run = go(run, lambda r: r.complete_user_task(only(r.waits.user_tasks).uid, {"ask": {"answer": "yes"}}))
    wait = only(run.waits.service_tasks)
    assert (wait.operator, wait.arguments) == ("test.step", {"number": 7})

    run.complete_service_task(wait.uid, {"outcome": {"n": 1}})
    assert run.is_completed
    assert run.end_name(run.take_happenings()) == "Finished"
    assert run.data["outcome"] == {"n": 1}


def test_parallel_branches_join_and_keep_what_each_brought(go):
    body = (
        '<bpmn:parallelGateway id="s"/><bpmn:parallelGateway id="j"/>' + user("a") + user("b") + user("c") + END
        + chain("start", "s", "a", "j", "c", "end") + chain("s", "b", "j")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    assert names(run.waits.user_tasks) == ["a", "b"]

    for name in ("b", "a"):
        uid = next(w.uid for w in run.waits.user_tasks.values() if w.element_id == name)
        run = go(run, lambda r, uid=uid, name=name: r.complete_user_task(uid, {name: 1}))

    assert names(run.waits.user_tasks) == ["c"]
    data = run.data_of(only(run.waits.user_tasks).uid)
    assert (data["a"], data["b"]) == (1, 1)


def test_an_inclusive_gateway_takes_every_branch_that_holds(go):
    body = (
        '<bpmn:inclusiveGateway id="s" default="s-c"/><bpmn:inclusiveGateway id="j"/>'
        + user("a") + user("b") + user("c") + END + flow("start", "s") + flow("s", "a", "number > 1")
        + flow("s", "b", "number > 2") + flow("s", "c", "", "s-c") + chain("a", "j", "end") + chain("b", "j")
        + chain("c", "j")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    assert names(run.waits.user_tasks) == ["a", "b"]

    while run.waits.user_tasks:
        uid = next(iter(run.waits.user_tasks))
        run = go(run, lambda r, uid=uid: r.complete_user_task(uid, {}))
    assert run.is_completed


def test_the_first_of_two_events_wins(go):
    body = (
        '<bpmn:eventBasedGateway id="g"/>' + message("news") + timer("late", "PT1H") + user("read") + user("chase")
        + END + chain("start", "g", "news", "read", "end") + chain("g", "late", "chase", "end")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    assert only(run.waits.messages).element_id == "news"
    assert only(run.waits.timers).element_id == "late"

    run = go(run, lambda r: r.catch_message(only(r.waits.messages).uid, {"modality": "CT"}))

    assert names(run.waits.user_tasks) == ["read"]
    assert run.data_of(only(run.waits.user_tasks).uid)["series_complete"] == {"modality": "CT"}
    assert not run.waits.timers
    assert not run.waits.messages


def test_a_timer_waits_for_our_word_whatever_the_time_is(go, clock):
    run = go(ProcessRun.start(model(timer("wait", "PT2H") + END + chain("start", "wait", "end")), DATA))
    wait = only(run.waits.timers)
    assert wait.due_at == clock.now + dt.timedelta(hours=2)

    clock.advance(dt.timedelta(days=3))
    run = go(run)
    assert only(run.waits.timers).uid == wait.uid

    assert run.fire_timer(wait.uid)
    assert run.is_completed
    assert not run.fire_timer(wait.uid)


def test_an_interrupting_boundary_timer_takes_the_task_away(go):
    body = (
        user("read") + timer("late", "PT1H", attached_to="read") + user("chase") + END
        + chain("start", "read", "end") + chain("late", "chase", "end")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))

    run = go(run, lambda r: r.fire_timer(only(r.waits.timers).uid))

    assert names(run.waits.user_tasks) == ["chase"]


def test_a_repeating_boundary_timer_fires_as_often_as_it_says(go, clock):
    body = (
        user("read") + timer("remind", "R2/PT10M", attached_to="read", interrupts=False, word="timeCycle")
        + machine("tell") + END + chain("start", "read", "end")
        + '<bpmn:endEvent id="told"/>' + chain("remind", "tell", "told")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))

    due = []
    while run.waits.timers:
        due.append(only(run.waits.timers).due_at - clock.now)
        run = go(run, lambda r: r.fire_timer(only(r.waits.timers).uid))

    assert due == [dt.timedelta(minutes=10), dt.timedelta(minutes=20)]
    assert names(run.waits.user_tasks) == ["read"]
    assert names(run.waits.service_tasks) == ["tell", "tell"]


def boundary_error(name, host, reference=""):
    code = f' errorRef="{reference}"' if reference else ""
    return (
        f'<bpmn:boundaryEvent id="{name}" attachedToRef="{host}"><bpmn:errorEventDefinition{code}/>'
        "</bpmn:boundaryEvent>"
    )


def test_an_error_goes_to_the_boundary_of_its_own_task_and_code_only(go):
    body = (
        '<bpmn:parallelGateway id="s"/>' + machine("a") + machine("b") + boundary_error("a-failed", "a", "E1")
        + boundary_error("b-failed", "b") + user("mend") + END + '<bpmn:endEvent id="e2"/><bpmn:endEvent id="e3"/>'
        + chain("start", "s", "a", "end") + chain("s", "b", "e2") + chain("a-failed", "mend", "e3")
        + chain("b-failed", "mend")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    uid = next(w.uid for w in run.waits.service_tasks.values() if w.element_id == "a")

    assert not run.throw_error(uid, "OTHER", {})
    assert run.throw_error(uid, "REFUSED", {"element": "a"})

    run = go(run)
    assert names(run.waits.service_tasks) == ["b"]
    assert run.data_of(only(run.waits.user_tasks).uid)["error"] == {"code": "REFUSED", "element": "a"}


def test_an_error_inside_a_subprocess_reaches_the_boundary_around_it(go):
    inside = (
        f'<bpmn:subProcess id="sub"><bpmn:startEvent id="s1"/>{machine("a")}<bpmn:endEvent id="e1"/>'
        f"{chain('s1', 'a', 'e1')}</bpmn:subProcess>"
    )
    body = (
        inside
        + boundary_error("failed", "sub")
        + user("mend")
        + END
        + chain("start", "sub", "end")
        + chain("failed", "mend", "end")
    )
    run = go(ProcessRun.start(model(body), DATA))

    assert run.throw_error(only(run.waits.service_tasks).uid, "ANY", {})

    run = go(run)
    assert names(run.waits.user_tasks) == ["mend"]
    assert not run.waits.service_tasks


def test_a_subprocess_runs_and_ends_within_its_process(go):
    body = (
        f'<bpmn:subProcess id="sub"><bpmn:startEvent id="s1"/>{user("a")}<bpmn:endEvent id="e1"/>'
        f"{chain('s1', 'a', 'e1')}</bpmn:subProcess>{user('after')}{END}{chain('start', 'sub', 'after', 'end')}"
    )
    run = go(ProcessRun.start(model(body), DATA))
    assert names(run.waits.user_tasks) == ["a"]

    run = go(run, lambda r: r.complete_user_task(only(r.waits.user_tasks).uid, {"a": 1}))

    assert names(run.waits.user_tasks) == ["after"]
    assert run.data_of(only(run.waits.user_tasks).uid)["a"] == 1


def test_a_terminate_end_event_stops_every_branch(go):
    body = (
        '<bpmn:parallelGateway id="s"/>' + user("a") + user("b") + END
        + '<bpmn:endEvent id="stop"><bpmn:terminateEventDefinition/></bpmn:endEvent>'
        + chain("start", "s", "a", "stop") + chain("s", "b", "end")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    uid = next(w.uid for w in run.waits.user_tasks.values() if w.element_id == "a")

    run.complete_user_task(uid, {})

    assert run.is_completed
    assert not run.waits.user_tasks


def test_a_loop_back_offers_the_task_anew(go):
    body = (
        user("read") + '<bpmn:exclusiveGateway id="g" default="g-read"/>' + END + chain("start", "read", "g")
        + flow("g", "end", "read.done") + flow("g", "read", "", "g-read")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    seen = set()

    for _ in range(5):
        seen.add(only(run.waits.user_tasks).uid)
        run = go(run, lambda r: r.complete_user_task(only(r.waits.user_tasks).uid, {"read": {"done": False}}))
    run.complete_user_task(only(run.waits.user_tasks).uid, {"read": {"done": True}})

    assert len(seen) == 5
    assert run.is_completed


def test_a_loop_that_never_waits_is_stopped():
    body = (
        '<bpmn:exclusiveGateway id="a" default="a-b"/><bpmn:exclusiveGateway id="b" default="b-a"/>' + END
        + chain("start", "a") + flow("a", "b", "", "a-b") + flow("b", "a", "", "b-a")
        + flow("b", "end", "number == 0") + flow("a", "end", "number == 0", "a-end")
    )  # fmt: skip

    with pytest.raises(EngineFault, match="without ever waiting"):
        ProcessRun.start(model(body), DATA)


def test_a_condition_that_does_not_fit_its_data_is_a_fault_with_its_element():
    body = (
        '<bpmn:exclusiveGateway id="g" default="g-end"/>' + user("a") + END + chain("start", "g")
        + flow("g", "a", "number + site > 1") + flow("g", "end", "", "g-end") + chain("a", "end")
    )  # fmt: skip

    with pytest.raises(EngineFault) as fault:
        ProcessRun.start(model(body), DATA)

    assert fault.value.element_id == "g"


def sorted_keys(state):
    body = read(state)
    return zlib.compress(json.dumps(body, sort_keys=True).encode())


def test_the_state_survives_a_store_that_reorders_keys():
    body = (
        user("ask") + '<bpmn:exclusiveGateway id="g" default="g-no"/>' + user("yes") + user("no") + END
        + chain("start", "ask", "g") + flow("g", "yes", "ask.answer == 'yes'") + flow("g", "no", "", "g-no")
        + chain("yes", "end") + chain("no", "end")
    )  # fmt: skip
    run = ProcessRun.start(model(body), {"z": 1, "a": 2, **DATA})

    run = ProcessRun.restore(run.model, sorted_keys(run.dump()))
    run.complete_user_task(only(run.waits.user_tasks).uid, {"ask": {"answer": "yes"}})
    run = ProcessRun.restore(run.model, sorted_keys(run.dump()))

    assert names(run.waits.user_tasks) == ["yes"]
    assert run.data_of(only(run.waits.user_tasks).uid)["a"] == 2


def test_a_restored_state_is_the_state():
    body = (
        user("a") + timer("t", "PT1H", attached_to="a") + END + chain("start", "a", "end") + chain("t", "end")
    )
    dumped = ProcessRun.start(model(body), DATA).dump()

    assert ProcessRun.restore(model(body), dumped).dump() == dumped


def test_the_state_is_small_and_holds_no_specification():
    body = user("a") + user("b") + user("c") + END + chain("start", "a", "b", "c", "end")

    state = ProcessRun.start(model(body), DATA).dump()

    assert len(state) < 1500
    assert "SeriesComplete" not in json.dumps(read(state))
