"""What was done for each item is undone for each item (BPMN 2.0.2 §10.7, §13.3.6, §13.3.7, §13.5.5)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, machine, user
from tests.workflows.engine.drawing import END, boundary, end, marked, multi, subprocess, throw, undoable
from workflows.checks import check_bundle

UNDO = throw("back", "compensate") + user("after") + END + chain("start", "x", "back", "after", "end")
TWICE = '<bpmn:standardLoopCharacteristics loopMaximum="2"/>'


def repeated(marker, node=None):
    return undoable("x", activity=marked(node or user("x"), marker)) + UNDO


def undone(process, *names):
    """What the handler sees of these variables, run after run."""
    seen = []
    while process.people == ["undo-x"]:
        data = process.data_at("undo-x")
        seen.append(tuple(data[name] for name in names))
        process.complete("undo-x")
    return seen


@pytest.mark.parametrize("marker", [TWICE, multi(cardinality="2"), multi(collection="items", item="one")])
def test_a_repeated_activity_that_can_be_undone_may_be_deployed(operators, marker):
    assert check_bundle(bundle(repeated(marker))) == []


def test_instances_are_undone_the_last_completed_first_each_with_its_item(play):
    process = play(repeated(multi(collection="items", item="one")), {"items": ["p", "q", "r"]})
    for position, found in ((2, "third"), (0, "first"), (0, "second")):
        process.complete("x", position, found=found)

    assert undone(process, "one", "found") == [("q", "second"), ("p", "first"), ("r", "third")]
    assert process.people == ["after"]


def test_runs_of_a_sequence_and_of_a_loop_are_undone_backwards(play):
    for marker in (multi(sequential=True, cardinality="2"), TWICE):
        process = play(repeated(marker))
        process.complete("x", found="first").complete("x", found="second")

        assert undone(process, "loopCounter", "found") == [(2, "second"), (1, "first")]


def test_what_a_collecting_loop_left_is_undone_with_what_each_instance_found(play):
    marker = multi(collection="items", item="one", output="all", output_item="found")
    process = play(repeated(marker), {"items": ["p", "q"]})
    process.complete("x", found="A").complete("x", found="B")

    assert undone(process, "one", "found") == [("q", "B"), ("p", "A")]
    assert process.data_at("after")["all"] == ["A", "B"]


def test_instances_that_never_completed_are_not_undone(play):
    """§13.3.7: the completion condition ends the others."""
    marker = multi(cardinality="3", condition="numberOfCompletedInstances == 1")
    process = play(repeated(marker))
    process.complete("x", found="only")

    assert undone(process, "found") == [("only",)]


def test_what_an_interrupted_loop_had_completed_can_be_undone(play):
    """Each instance is an activity of its own: what it did is done, whatever became of the others."""
    body = (
        undoable("x", activity=marked(user("x"), multi(cardinality="2"))) + boundary("late", "x", "timer") + END
        + throw("back", "compensate") + user("after") + chain("start", "x", "end")
        + chain("late", "back", "after", "end")
    )  # fmt: skip
    process = play(body)
    process.complete("x", found="one of two")

    process.fire("late")

    assert undone(process, "found") == [("one of two",)]
    assert process.people == ["after"]


def test_one_activity_is_undone_by_name_although_it_is_repeated(play):
    about = '<bpmn:compensateEventDefinition activityRef="x"/>'
    body = (
        undoable("x", activity=marked(user("x"), multi(cardinality="2"))) + undoable("b") + throw("back", about)
        + user("after") + END + chain("start", "x", "b", "back", "after", "end")
    )  # fmt: skip
    process = play(body)
    process.complete_in_turn("x", "x", "b")

    assert len(undone(process)) == 2
    assert process.people == ["after"]


def test_a_repeated_subprocess_is_undone_by_name_with_what_is_in_it(play):
    about = '<bpmn:compensateEventDefinition activityRef="sub"/>'
    inner = '<bpmn:startEvent id="s1"/>' + undoable("x") + end("e1") + chain("s1", "x", "e1")
    body = (
        marked(subprocess("sub", inner), multi(cardinality="2")) + throw("back", about) + user("after") + END
        + chain("start", "sub", "back", "after", "end")
    )  # fmt: skip
    process = play(body)
    process.complete_in_turn("x", "x")

    assert len(undone(process)) == 2
    assert process.people == ["after"]


def test_a_repeated_subprocess_with_a_handler_of_its_own_is_undone_instance_by_instance(play):
    inner = '<bpmn:startEvent id="s1"/>' + user("a") + end("e1") + chain("s1", "a", "e1")
    sub = marked(subprocess("x", inner), multi(sequential=True, collection="items", item="one"))
    process = play(undoable("x", activity=sub) + UNDO, {"items": ["p", "q"]})
    process.complete("a", found=1).complete("a", found=2)

    assert undone(process, "one", "found") == [("q", 2), ("p", 1)]


def test_machines_undo_what_machines_did_for_each_item(play):
    activity = marked(machine("x", result="got"), multi(collection="items", item="number"))
    process = play(undoable("x", machine("undo-x"), activity) + UNDO, {"items": [3, 4]})
    process.complete("x").complete("x")

    asked = []
    while process.machines:
        asked += process.arguments_of("undo-x")
        process.complete("undo-x")

    assert asked == [{"number": 4}, {"number": 3}]
    assert process.people == ["after"]
