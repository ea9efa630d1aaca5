"""What a step costs does not depend on how many were before it: tasks and bytes are counted, times are not."""

from __future__ import annotations

import json
import zlib

import pytest

from tests.workflows.conftest import chain, flow, timer, user
from tests.workflows.engine.test_joins import FORK, JOIN, do, play
from tests.workflows.test_engine import DATA, END, go, model, names, only  # noqa: F401 - a fixture by its name
from workflows.engine import ProcessRun
from workflows.engine.state import LONG, read

ROUNDS = 1000
LOOP = (
    user("look") + '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="g-m"/>' + END
    + chain("start", "m", "look", "g") + flow("g", "m", "", "g-m") + flow("g", "end", "outcome == 'enough'")
)  # fmt: skip


def tasks_of(run):
    body = read(run.dump())
    return sum(len(each["tasks"]) for each in (body["process"], *(sub[2] for sub in body["subprocesses"])))


def test_a_thousand_rounds_leave_no_more_than_one(go):  # noqa: F811
    run = go(ProcessRun.start(model(LOOP), DATA))
    costs = []
    for _ in range(ROUNDS):
        run = go(run, lambda r: do(r, "look", answer="no"))
        costs.append((tasks_of(run), len(run.dump())))

    first, last = costs[0], costs[-1]
    assert last[0] == first[0] == max(count for count, _ in costs)
    assert last[1] <= first[1] * 1.1  # times and keys differ by a few characters
    assert names(run.waits.user_tasks) == ["look"]
    run = go(run, lambda r: do(r, "look", outcome="enough"))
    assert run.is_completed


@pytest.mark.parametrize("length", [10, 300])
def test_a_long_way_gets_shorter_as_it_is_gone(go, length):  # noqa: F811
    """What lies ahead of a token is expected by the engine; what lies behind it is not kept."""
    steps = [f"t{number}" for number in range(length)]
    run = go(ProcessRun.start(model("".join(map(user, steps)) + END + chain("start", *steps, "end")), DATA))
    first = tasks_of(run)

    run = play(go, run, *steps[:-1])

    assert tasks_of(run) < 10 < first
    assert names(run.waits.user_tasks) == [steps[-1]]


def test_branches_that_are_over_are_forgotten_where_one_goes_on_for_long(go):  # noqa: F811
    body = (
        FORK + JOIN + user("once") + user("look") + user("c") + '<bpmn:exclusiveGateway id="m"/>'
        + '<bpmn:exclusiveGateway id="g" default="g-m"/>' + END
        + chain("start", "s", "once", "j", "c", "end") + chain("s", "m", "look", "g")
        + flow("g", "m", "", "g-m") + flow("g", "j", "outcome == 'enough'")
    )  # fmt: skip
    run = play(go, go(ProcessRun.start(model(body), DATA)), "once", "look")
    first = tasks_of(run)

    run = play(go, run, *["look"] * 30)
    assert tasks_of(run) == first

    run = go(run, lambda r: do(r, "look", outcome="enough"))
    data = run.data_of(only(run.waits.user_tasks).uid)
    assert (data["once"], data["outcome"]) == (True, "enough")


def test_a_boundary_event_that_repeats_leaves_nothing_behind(go, clock):  # noqa: F811
    body = (
        user("long") + timer("tick", "R/PT10M", attached_to="long", interrupts=False, word="timeCycle") + user("a")
        + END + '<bpmn:endEvent id="end2"/>' + chain("start", "long", "end") + chain("tick", "a", "end2")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))

    def tick(run):
        uid = only(run.waits.timers).uid
        run = go(run, lambda r: r.fire_timer(uid))
        return go(run, lambda r: do(r, "a"))

    run = tick(run)
    first = tasks_of(run)
    for _ in range(20):
        run = tick(run)

    assert tasks_of(run) == first
    assert names(run.waits.user_tasks) == ["long"]
    run = go(run, lambda r: do(r, "long"))
    assert run.is_completed


def test_an_event_that_interrupts_still_finds_its_activity_after_reminders(go, clock):  # noqa: F811
    body = (
        user("read") + timer("remind", "R2/PT1H", attached_to="read", interrupts=False, word="timeCycle")
        + timer("over", "PT9H", attached_to="read") + user("r") + user("o") + END + '<bpmn:endEvent id="e2"/>'
        + chain("start", "read", "end") + chain("remind", "r", "e2") + chain("over", "o", "e2")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))

    def fire(run, element_id):
        uid = next(wait.uid for wait in run.waits.timers.values() if wait.element_id == element_id)
        return go(run, lambda r: r.fire_timer(uid))

    for _ in range(2):
        run = play(go, fire(run, "remind"), "r")
    run = fire(run, "over")

    assert names(run.waits.user_tasks) == ["o"]
    run = play(go, run, "o")
    assert run.is_completed


def test_subprocesses_that_are_over_are_forgotten(go):  # noqa: F811
    body = (
        '<bpmn:subProcess id="sub"><bpmn:startEvent id="s0"/>' + user("inner") + '<bpmn:endEvent id="e0"/>'
        + chain("s0", "inner", "e0") + '</bpmn:subProcess><bpmn:exclusiveGateway id="m"/>'
        + '<bpmn:exclusiveGateway id="g" default="g-m"/>' + END
        + chain("start", "m", "sub", "g") + flow("g", "m", "", "g-m") + flow("g", "end", "outcome == 'enough'")
    )  # fmt: skip
    run = play(go, go(ProcessRun.start(model(body), DATA)), "inner")
    first = tasks_of(run)

    run = play(go, run, *["inner"] * 20)

    assert tasks_of(run) == first
    assert len(read(run.dump())["subprocesses"]) == 1
    run = go(run, lambda r: do(r, "inner", outcome="enough"))
    assert run.is_completed


def test_only_a_long_state_is_compressed():
    short = ProcessRun.start(model(LOOP), DATA).dump()
    long = ProcessRun.start(model(LOOP), {"note": "x" * LONG, **DATA}).dump()

    assert json.loads(short)["version"] == 2
    assert json.loads(zlib.decompress(long))["version"] == 2
