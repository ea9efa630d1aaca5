"""Compensation beside and within other constructs (BPMN 2.0.2 §10.7, §13.5.5)."""

from __future__ import annotations

from tests.workflows.conftest import chain, machine, timer, user
from tests.workflows.engine.drawing import (
    END,
    UNDONE_AFTERWARDS,
    boundary,
    end,
    event_subprocess,
    marked,
    multi,
    throw,
    undoable,
    within,
)


def test_every_instance_is_undone_with_its_own_data_the_last_completed_first(play):
    sub = within("sub", undoable("a") + end("e1"), "a", "e1")
    process = play(
        marked(sub, multi(collection="items", item="one")) + UNDONE_AFTERWARDS, {"items": ["p", "q"]}
    )
    process.complete("a", found=1)
    process.complete("a", found=2)

    undone = []
    while process.people == ["undo-a"]:
        undone.append((process.data_at("undo-a")["one"], process.data_at("undo-a")["found"]))
        process.complete("undo-a")

    assert undone == [("q", 2), ("p", 1)]
    assert process.people == ["after"]


def test_an_error_in_a_handler_goes_out_of_the_scope_that_compensates(play):
    inner = undoable("a", machine("undo-a")) + throw("undo", "compensate") + end("e1")
    body = (
        within("sub", inner, "a", "undo", "e1") + boundary("edge", "sub", "any error") + user("mend") + END
        + chain("start", "sub", "end") + chain("edge", "mend", "end")
    )  # fmt: skip
    process = play(body)
    process.complete("a")

    assert process.fail("undo-a", "REFUSED")

    assert (process.people, process.machines) == (["mend"], [])


def test_a_timer_at_the_scope_ends_the_compensation_in_it(play):
    inner = undoable("a") + throw("undo", "compensate") + end("e1")
    body = (
        within("sub", inner, "a", "undo", "e1") + timer("late", "PT1H", attached_to="sub") + user("chase") + END
        + chain("start", "sub", "end") + chain("late", "chase", "end")
    )  # fmt: skip
    process = play(body)
    process.complete("a")
    assert process.people == ["undo-a"]

    process.fire("late")

    assert (process.people, process.timers) == (["chase"], [])
    process.complete("chase")
    assert process.is_completed


def test_an_event_subprocess_that_took_the_place_of_its_scope_undoes_what_that_had_done(play):
    inner = (
        undoable("a") + user("b") + end("e1")
        + event_subprocess("on", "message", throw("take-back", "compensate") + user("handle") + end("he")
                           + chain("on-start", "take-back", "handle", "he"))
    )  # fmt: skip
    body = within("sub", inner, "a", "b", "e1") + user("after") + END + chain("start", "sub", "after", "end")
    process = play(body)
    process.complete("a")

    process.catch("on-start")

    assert process.people == ["undo-a"]
    process.complete("undo-a")
    assert process.people == ["handle"]
    process.complete("handle")
    assert process.people == ["after"]
