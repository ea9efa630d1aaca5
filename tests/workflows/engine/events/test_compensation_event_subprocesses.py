"""A subprocess that holds its own handler: an event subprocess begun by compensation (BPMN 2.0.2 §10.7.1, §13.5.5)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, machine, user
from tests.workflows.engine.data_objects import ORDER, reads, writes
from tests.workflows.engine.drawing import (
    END,
    UNDONE_AFTERWARDS,
    boundary,
    end,
    event_subprocess,
    marked,
    multi,
    subprocess,
    throw,
    undoable,
)
from workflows.checks import check_bundle

TAKE_BACK = user("take-back") + end("he") + chain("on-start", "take-back", "he")
"""What the handler does by itself; it leaves the activities of its subprocess alone."""
ONE_BY_ONE = throw("each", "compensate") + user("tell") + end("he") + chain("on-start", "each", "tell", "he")
"""A handler that has the activities of its subprocess undone, and then tells of it."""
STEPS = '<bpmn:startEvent id="s1"/>' + undoable("a") + undoable("b") + end("e1") + chain("s1", "a", "b", "e1")


def within(inside, handler=TAKE_BACK, **options):
    return subprocess("sub", inside + event_subprocess("on", "compensate", handler), **options)


@pytest.mark.parametrize("handler", [TAKE_BACK, ONE_BY_ONE])
def test_a_subprocess_that_holds_its_handler_may_be_deployed(operators, handler):
    assert check_bundle(bundle(within(STEPS, handler) + UNDONE_AFTERWARDS)) == []


def test_the_handler_stands_for_all_of_its_subprocess_with_the_data_of_then(play):
    process = play(within(STEPS) + UNDONE_AFTERWARDS)
    process.complete("a", step="a").complete("b", step="b")
    assert process.people == ["take-back"]
    assert process.data_at("take-back")["step"] == "b"

    process.complete("take-back", step="undone")

    assert process.people == ["after"]
    assert process.data_at("after")["step"] == "b"
    process.complete("after")
    assert process.is_completed


def test_the_handler_may_undo_the_activities_of_its_subprocess_the_last_first(play):
    process = play(within(STEPS, ONE_BY_ONE) + UNDONE_AFTERWARDS)
    process.complete("a", step="a").complete("b", step="b")

    for name, step in (("undo-b", "b"), ("undo-a", "a"), ("tell", "b")):
        assert process.people == [name]
        assert process.data_at(name)["step"] == step
        process.complete(name)

    assert process.people == ["after"]


def test_the_handler_may_undo_one_activity_by_name(play):
    about = '<bpmn:compensateEventDefinition activityRef="a"/>'
    process = play(
        within(STEPS, ONE_BY_ONE.replace("<bpmn:compensateEventDefinition/>", about)) + UNDONE_AFTERWARDS
    )
    process.complete_in_turn("a", "b")

    assert process.people == ["undo-a"]
    process.complete_in_turn("undo-a", "tell")
    assert process.people == ["after"]


def test_a_subprocess_that_was_not_completed_is_not_undone_by_it(play):
    body = (
        within(STEPS) + boundary("late", "sub", "timer") + undoable("c") + throw("undo", "compensate") + user("after")
        + END + end("e2") + chain("start", "c", "sub", "end") + chain("late", "undo", "after", "e2")
    )  # fmt: skip
    process = play(body)
    process.complete_in_turn("c", "a")

    process.fire("late")

    assert process.people == ["undo-c"]
    process.complete("undo-c")
    assert process.people == ["after"]


def test_a_throw_inside_a_subprocess_that_still_runs_undoes_its_activities_not_itself(play):
    inside = (
        '<bpmn:startEvent id="s1"/>' + undoable("a") + throw("back", "compensate") + user("b") + end("e1")
        + chain("s1", "a", "back", "b", "e1")
    )  # fmt: skip
    process = play(within(inside) + END + chain("start", "sub", "end"))
    process.complete("a")

    assert process.people == ["undo-a"]
    process.complete_in_turn("undo-a", "b")
    assert process.is_completed


def test_each_instance_of_a_repeated_subprocess_is_undone_from_within(play):
    sub = marked(within(STEPS, ONE_BY_ONE), multi(sequential=True, collection="items", item="one"))
    process = play(sub + UNDONE_AFTERWARDS, {"items": ["p", "q"]})
    process.complete_in_turn("a", "b", "a", "b")

    undone = []
    while process.people != ["after"]:
        (name,) = process.people
        undone.append((name, process.data_at(name)["one"]))
        process.complete(name)

    assert undone == [
        ("undo-b", "q"), ("undo-a", "q"), ("tell", "q"), ("undo-b", "p"), ("undo-a", "p"), ("tell", "p"),
    ]  # fmt: skip


def test_subprocesses_within_each_other_are_undone_from_the_outermost_handler_inwards(play):
    deepest = user("deepest") + end("de") + chain("deep-start", "deepest", "de")
    inner = subprocess("inner", STEPS + event_subprocess("deep", "compensate", deepest))
    outer = '<bpmn:startEvent id="s0"/>' + inner + end("e0") + chain("s0", "inner", "e0")
    process = play(within(outer, ONE_BY_ONE) + UNDONE_AFTERWARDS)
    process.complete_in_turn("a", "b")

    process.complete_in_turn("deepest", "tell", "after")

    assert process.is_completed


def test_the_handler_has_the_data_objects_of_its_subprocess_as_they_were(play):
    """§10.4.1, §13.5.5: what it writes to them is there for the rest of the handler, and nowhere else."""
    steps = '<bpmn:startEvent id="s1"/>' + ORDER + marked(user("a"), writes("a_found")) + end("e1")
    handler = (
        marked(user("look"), reads() + writes("'gone'")) + marked(user("look-again"), reads()) + end("he")
        + chain("on-start", "look", "look-again", "he")
    )  # fmt: skip
    body = within(steps + chain("s1", "a", "e1"), handler)
    process = play(body + UNDONE_AFTERWARDS)
    process.complete("a", a_found="CT")

    assert process.data_at("look")["Study_order"] == "CT"
    process.complete("look")
    assert process.data_at("look-again")["Study_order"] == "gone"
    process.complete("look-again")
    assert "Study_order" not in process.data_at("after")


def test_an_error_in_the_handler_goes_out_of_the_scope_that_compensates(play):
    handler = machine("erase") + end("he") + chain("on-start", "erase", "he")
    inside = '<bpmn:startEvent id="s0"/>' + within(STEPS, handler) + throw("undo", "compensate") + end("e0")
    body = (
        subprocess("outer", inside + chain("s0", "sub", "undo", "e0")) + boundary("edge", "outer", "error")
        + user("mend") + END + end("e2") + chain("start", "outer", "end") + chain("edge", "mend", "e2")
    )  # fmt: skip
    process = play(body)
    process.complete_in_turn("a", "b")

    assert process.fail("erase", "REFUSED")

    assert (process.people, process.machines) == (["mend"], [])


SECOND = event_subprocess(
    "on2", "compensate", user("other") + end("he2") + chain("on2-start", "other", "he2")
)


@pytest.mark.parametrize(
    "body",
    [undoable("sub", activity=within(STEPS)), within(STEPS + SECOND)],
    ids=["one beside", "two in it"],
)
def test_a_subprocess_with_two_handlers_is_refused(operators, body):
    found = {(each.element_id, each.message) for each in check_bundle(bundle(body + UNDONE_AFTERWARDS))}

    assert (
        "on-start",
        "A subprocess has one handler: an event subprocess in it, or one beside it",
    ) in found
