"""What a step costs does not depend on how many were before it: tasks and bytes are counted, times are not."""

from __future__ import annotations

import json
import zlib

import pytest

from tests.workflows.conftest import chain, flow, timer, user
from tests.workflows.engine.drawing import END, end, parallel, subprocess, throw, undoable
from tests.workflows.engine.playing import DATA, model_of
from tests.workflows.engine.test_joins import FORK, JOIN
from workflows.engine import ProcessRun
from workflows.engine.state import LONG, read

ROUNDS = 1000
LOOP = (
    user("look") + '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="g-m"/>' + END
    + chain("start", "m", "look", "g") + flow("g", "m", "", "g-m") + flow("g", "end", "outcome == 'enough'")
)  # fmt: skip


def tasks_of(process):
    body = read(process.run.dump())
    return sum(len(each["tasks"]) for each in (body["process"], *(sub[2] for sub in body["subprocesses"])))


def test_a_thousand_rounds_leave_no_more_than_one(play):
    process = play(LOOP)
    costs = []
    for _ in range(ROUNDS):
        process.complete("look", answer="no")
        costs.append((tasks_of(process), len(process.run.dump())))

    first, last = costs[0], costs[-1]
    assert last[0] == first[0] == max(count for count, _ in costs)
    assert last[1] <= first[1] * 1.1  # times and keys differ by a few characters
    assert process.open == ["look"]
    assert process.complete("look", outcome="enough").is_completed


@pytest.mark.parametrize("length", [10, 300])
def test_what_is_kept_does_not_depend_on_how_long_the_way_is(play, length):
    """Neither what lies behind a token is kept, nor what lies ahead of it beyond the next step."""
    steps = [f"t{number}" for number in range(length)]
    process = play("".join(map(user, steps)) + END + chain("start", *steps, "end"))
    kept = set()
    for step in steps[:-1]:
        kept.add(tasks_of(process))
        process.complete(step)

    assert max(kept) < 10
    assert process.open == [steps[-1]]


def test_branches_that_meet_again_and_again_do_not_double_what_is_kept(play):
    """Thirty pairs of branches one after the other: 2 to the 30th ways lead from the first to the last."""
    body, before = END, "start"
    for number in range(30):
        names = [f"{letter}{number}" for letter in "sabj"]
        split, one, other, join = names
        body += parallel(split) + user(one) + user(other) + parallel(join)
        body += chain(before, split, one, join) + chain(split, other, join)
        before = join
    process = play(body + chain(before, "end"))
    kept = set()
    for number in range(30):
        kept.add(tasks_of(process))
        process.complete_in_turn(f"a{number}", f"b{number}")

    assert max(kept) < 20
    assert process.is_completed


def test_a_way_back_without_a_choice_is_gone_for_as_long_as_the_case_lives(play):
    """A poll that only the end of the case ends."""
    body = (
        parallel("s") + timer("wait", "PT1H") + user("poll") + user("stop") + end("all", "terminate")
        + chain("start", "s", "wait", "poll", "wait") + chain("s", "stop", "all")
    )  # fmt: skip
    process = play(body)
    kept = set()
    for _ in range(20):
        process.fire("wait")
        kept.add(tasks_of(process))
        process.complete("poll")

    assert len(kept) == 1
    assert process.complete("stop").is_completed


def test_branches_that_are_over_are_forgotten_where_one_goes_on_for_long(play):
    body = (
        FORK + JOIN + user("once") + user("look") + user("c") + '<bpmn:exclusiveGateway id="m"/>'
        + '<bpmn:exclusiveGateway id="g" default="g-m"/>' + END
        + chain("start", "s", "once", "j", "c", "end") + chain("s", "m", "look", "g")
        + flow("g", "m", "", "g-m") + flow("g", "j", "outcome == 'enough'")
    )  # fmt: skip
    process = play(body).complete("once", once=True).complete("look")
    first = tasks_of(process)

    process.complete_in_turn(*["look"] * 30)
    assert tasks_of(process) == first

    process.complete("look", outcome="enough")
    data = process.data_at("c")
    assert (data["once"], data["outcome"]) == (True, "enough")


def test_a_boundary_event_that_repeats_leaves_nothing_behind(play):
    body = (
        user("long") + timer("tick", "R/PT10M", attached_to="long", interrupts=False, word="timeCycle") + user("a")
        + END + end("end2") + chain("start", "long", "end") + chain("tick", "a", "end2")
    )  # fmt: skip
    process = play(body)
    counts = []

    for _ in range(21):
        process.fire("tick")
        process.complete("a")
        counts.append(tasks_of(process))

    assert counts == [counts[0]] * 21
    assert process.people == ["long"]
    assert process.complete("long").is_completed


def test_an_event_that_interrupts_still_finds_its_activity_after_reminders(play):
    body = (
        user("read") + timer("remind", "R2/PT1H", attached_to="read", interrupts=False, word="timeCycle")
        + timer("over", "PT9H", attached_to="read") + user("r") + user("o") + END + end("e2")
        + chain("start", "read", "end") + chain("remind", "r", "e2") + chain("over", "o", "e2")
    )  # fmt: skip
    process = play(body)
    for _ in range(2):
        process.fire("remind")
        process.complete("r")

    process.fire("over")

    assert process.people == ["o"]
    assert process.complete("o").is_completed


def test_subprocesses_that_are_over_are_forgotten(play):
    inside = '<bpmn:startEvent id="s0"/>' + user("inner") + end("e0") + chain("s0", "inner", "e0")
    body = (
        subprocess("sub", inside) + '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="g-m"/>'
        + END + chain("start", "m", "sub", "g") + flow("g", "m", "", "g-m")
        + flow("g", "end", "outcome == 'enough'")
    )  # fmt: skip
    process = play(body).complete("inner")
    first = tasks_of(process)

    process.complete_in_turn(*["inner"] * 20)

    assert tasks_of(process) == first
    assert len(read(process.run.dump())["subprocesses"]) == 1
    assert process.complete("inner", outcome="enough").is_completed


def test_what_an_interrupted_subprocess_had_done_is_not_kept_for_an_undoing_that_cannot_come(play):
    inside = (
        '<bpmn:startEvent id="s0"/>'
        + undoable("done")
        + user("rest")
        + end("e0")
        + chain("s0", "done", "rest", "e0")
    )
    body = (
        subprocess("sub", inside) + timer("late", "PT1H", attached_to="sub") + user("look") + END
        + throw("undo", "compensate") + '<bpmn:exclusiveGateway id="m"/>'
        + chain("start", "m", "sub", "undo", "end") + chain("late", "look", "m")
    )  # fmt: skip
    process = play(body)
    lengths = []

    for _ in range(10):
        process.complete("done")
        process.fire("late")
        process.complete("look")
        lengths.append(len(process.run.dump()))

    assert max(lengths) <= lengths[0] * 1.1
    process.complete_in_turn("done", "rest", "undo-done")
    assert process.is_completed


def test_only_a_long_state_is_compressed():
    short = ProcessRun.start(model_of(LOOP), DATA).dump()
    long = ProcessRun.start(model_of(LOOP), {"note": "x" * LONG, **DATA}).dump()

    assert json.loads(short)["version"] == 2
    assert json.loads(zlib.decompress(long))["version"] == 2
