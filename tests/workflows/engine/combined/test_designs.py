"""Designs of several constructs at once, by hand: scopes that are left while much is open in them.

Reference  BPMN 2.0.2 §10.3.5, §10.3.8, §10.5.3, §10.7, §13.5
"""

from __future__ import annotations

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

MEND = user("mend") + end("e9") + chain("edge", "mend", "e9")


def test_a_timer_at_several_instances_lets_what_they_completed_be_undone(play):
    """§10.7: the instance that had completed left its marks; those that were taken away left none."""
    sub = marked(
        within("sub", undoable("a") + user("b") + end("e1"), "a", "b", "e1"),
        multi(collection="items", item="one"),
    )
    body = (
        sub + boundary("edge", "sub", "timer") + throw("undo", "compensate") + user("mend") + END + end("e9")
        + chain("start", "sub", "end") + chain("edge", "undo", "mend", "e9")
    )  # fmt: skip
    process = play(body, {"items": ["p", "q", "r"]})
    for _ in range(3):
        process.complete("a")
    process.complete("b")

    process.fire("edge")

    assert (process.open, process.data_at("undo-a")["one"]) == (["undo-a"], "p")
    assert process.complete("undo-a").open == ["mend"]


def test_enough_instances_take_everything_of_the_others_away(play):
    deep = marked(
        within("deep", machine("m") + timer("t", "PT1H", attached_to="m", interrupts=False) + user("late") + end("d1")
               + end("d2") + chain("t", "late", "d2"), "m", "d1"),
        multi(cardinality="2"),
    )  # fmt: skip
    inner = (
        parallel("f") + deep + user("quick") + end("e1") + end("stop", "terminate") + chain("f", "deep", "e1")
        + chain("f", "quick", "stop")
        + event_subprocess("on", "signal", user("h") + end("he") + chain("on-start", "h", "he"), interrupts=False)
    )  # fmt: skip
    enough = multi(cardinality="3", condition="numberOfCompletedInstances == 1")
    process = play(
        marked(within("sub", inner, "f"), enough)
        + user("after")
        + END
        + chain("start", "sub", "after", "end")
    )
    process.catch("on-start")
    process.fire("t")
    assert (len(process.machines), process.people) == (6, ["h", "late", "quick", "quick", "quick"])

    process.complete("quick", 1)

    assert process.open == ["after"]


def test_an_event_subprocess_within_an_event_subprocess_listens_with_each_of_its_own(play):
    deep = event_subprocess("in", "signal", user("deep") + end("de") + chain("in-start", "deep", "de"))
    on = event_subprocess(
        "on", "message", deep + user("h") + end("he") + chain("on-start", "h", "he"), interrupts=False
    )
    process = play(user("work") + END + chain("start", "work", "end") + on)
    process.catch("on-start")
    process.catch("on-start")
    assert process.open == ["h", "h", "in-start", "in-start", "on-start", "work"]

    process.catch("in-start")
    assert process.open == ["deep", "h", "in-start", "on-start", "work"]

    assert process.complete_in_turn("deep", "h", "work").is_completed


def test_an_error_that_takes_a_scopes_place_undoes_it_and_goes_on(play):
    on = event_subprocess(
        "on", "error", throw("u", "compensate") + user("h") + end("he") + chain("on-start", "u", "h", "he")
    )
    body = undoable("a") + undoable("b") + machine("w") + END + chain("start", "a", "b", "w", "end") + on
    process = play(body).complete_in_turn("a", "b")

    assert process.fail("w", "REFUSED")
    assert process.open == ["undo-b"]
    assert process.complete("undo-b").open == ["undo-a"]
    assert process.complete("undo-a").open == ["h"]
    assert process.complete("h").is_completed


def test_a_timer_ends_what_undoes_and_what_was_begun_beside_it(play):
    inner = (
        undoable("a") + user("b") + throw("u", "compensate") + end("e1")
        + event_subprocess("on", "message", user("h") + end("he") + chain("on-start", "h", "he"), interrupts=False)
    )  # fmt: skip
    process = play(
        within("sub", inner, "a", "b", "u", "e1") + boundary("edge", "sub", "timer") + MEND + END
        + chain("start", "sub", "end")
    ).complete("a")  # fmt: skip
    process.catch("on-start")
    process.complete("b")
    assert process.open == ["edge", "h", "on-start", "undo-a"]

    process.fire("edge")

    assert process.open == ["mend"]
    assert process.complete("mend").is_completed


def test_terminating_what_is_beside_a_scope_leaves_the_scope_alone(play):
    """§10.5.3: the terminate end event ends the event subprocess it stands in."""
    on = event_subprocess(
        "on", "message", user("h") + end("t", "terminate") + chain("on-start", "h", "t"), interrupts=False
    )
    sub = within("sub", user("a") + end("e1") + on, "a", "e1")
    process = play(sub + user("after") + END + chain("start", "sub", "after", "end"))
    process.catch("on-start")

    assert process.complete("h").open == ["a", "on-start"]
    assert process.complete("a").open == ["after"]


def test_each_instance_mends_its_own_error(play):
    on = event_subprocess("on", "error", user("h") + end("he") + chain("on-start", "h", "he"))
    sub = marked(
        within("sub", machine("m") + end("e1") + on, "m", "e1"),
        multi(collection="items", item="one", output="out", output_item="result"),
    )
    process = play(sub + user("after") + END + chain("start", "sub", "after", "end"), {"items": ["p", "q"]})

    assert process.fail("m", "REFUSED")
    assert (process.open, process.data_at("h")["one"]) == (["h", "m"], "p")
    process.complete("h", result="mended").complete("m", result="fine")

    assert process.data_at("after")["out"] == ["mended", "fine"]


def test_a_cancelled_transaction_leaves_the_reminder_that_was_begun_beside_it(play):
    repeated = marked(user("x"), multi(collection="items", item="one", sequential=True))
    inner = undoable("x", activity=repeated) + user("d") + end("stop", "cancel")
    body = (
        within("tx", inner, "x", "d", "stop", kind="transaction") + boundary("edge", "tx", "cancel") + MEND
        + timer("late", "PT1H", attached_to="tx", interrupts=False) + user("remind") + END + end("e8")
        + chain("start", "tx", "end") + chain("late", "remind", "e8")
    )  # fmt: skip
    process = play(body, {"items": ["p", "q"]}).complete("x").complete("x")
    process.fire("late")
    process.complete("d")
    undone = []
    for _ in range(2):
        undone.append(process.data_at("undo-x")["one"])
        process.complete("undo-x")

    assert (undone, process.open) == (["q", "p"], ["mend", "remind"])
    assert process.complete_in_turn("mend", "remind").is_completed
