"""Event subprocesses: in the place of their scope or beside it (BPMN 2.0.2 §10.3.5, §13.5.4)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, flow, machine, user
from tests.workflows.engine.drawing import (
    END,
    boundary,
    end,
    event_subprocess,
    parallel,
    subprocess,
    throw,
)

OUTSIDE = ["message", "signal", "timer"]
INSIDE = user("handle") + end("handled") + chain("on-start", "handle", "handled")


def beside(trigger, *, interrupts):
    return (
        user("work") + user("more") + END + chain("start", "work", "more", "end")
        + event_subprocess("on", trigger, INSIDE, interrupts=interrupts)
    )  # fmt: skip


def occur(process, trigger):
    return process.fire("on-start") if trigger in {"timer", "cycle"} else process.catch("on-start", answer=1)


@pytest.mark.parametrize("trigger", OUTSIDE)
def test_its_event_is_among_what_the_process_waits_for(play, trigger):
    process = play(beside(trigger, interrupts=True))

    assert process.messages + process.timers == ["on-start"]
    assert process.people == ["work"]


@pytest.mark.parametrize("trigger", OUTSIDE)
def test_an_interrupting_one_takes_the_place_of_its_scope(play, trigger):
    process = play(beside(trigger, interrupts=True))

    assert occur(process, trigger)

    assert (process.people, process.messages, process.timers) == (["handle"], [], [])
    process.complete("handle")
    assert process.is_completed


@pytest.mark.parametrize("trigger", ["message", "signal"])
def test_one_beside_its_scope_may_begin_again_and_again(play, trigger):
    process = play(beside(trigger, interrupts=False))

    assert occur(process, trigger)
    assert occur(process, trigger)

    assert process.people == ["handle", "handle", "work"]
    for name in ("handle", "work", "more"):
        process.complete(name)
    assert not process.is_completed  # one that was begun is finished first
    assert process.messages == ["on-start"]
    process.complete("handle")
    assert process.is_completed


def test_a_repeating_timer_begins_it_as_often_as_it_says(play):
    process = play(beside("cycle", interrupts=False))

    for _ in range(3):
        assert occur(process, "cycle")

    assert process.timers == []
    assert process.people == ["handle", "handle", "handle", "work"]


def test_a_scope_ends_although_it_still_listens(play):
    process = play(beside("message", interrupts=False))

    process.complete("work")
    process.complete("more")

    assert process.is_completed
    assert process.messages == []


def test_it_sees_what_the_scope_has_done_so_far(play):
    process = play(beside("message", interrupts=True))
    process.complete("work", work={"answer": "yes"})

    occur(process, "message")

    assert process.data_at("handle")["work"] == {"answer": "yes"}
    assert process.data_at("handle")["result_ready"] == {"answer": 1}


def test_that_of_a_subprocess_listens_and_ends_with_it(play):
    inner = '<bpmn:startEvent id="s1"/>' + beside("message", interrupts=True).replace('"start"', '"s1"').replace(
        'id="end"', 'id="e1"').replace('targetRef="end"', 'targetRef="e1"').replace("start-work", "s1-work").replace(
        "more-end", "more-e1")  # fmt: skip
    body = subprocess("sub", inner) + user("after") + END + chain("start", "sub", "after", "end")
    process = play(body)
    assert process.messages == ["on-start"]

    occur(process, "message")
    assert process.people == ["handle"]
    process.complete("handle")

    assert (process.people, process.messages) == (["after"], [])


def test_an_error_begins_it_before_it_leaves_the_scope(play):
    body = (
        machine("work") + END + chain("start", "work", "end") + event_subprocess("on", "error", INSIDE)
    )  # fmt: skip
    process = play(body)

    assert not process.fail("work", "OTHER")
    assert process.fail("work", "REFUSED")

    assert (process.people, process.machines) == (["handle"], [])
    assert process.data_at("handle")["error"] == {"code": "REFUSED", "element": "work"}


def test_an_error_it_throws_itself_goes_to_the_scope_around(play):
    inner = (
        '<bpmn:startEvent id="s1"/>' + machine("work") + end("e1") + chain("s1", "work", "e1")
        + event_subprocess("on", "any error", end("again", "error") + chain("on-start", "again"))
    )  # fmt: skip
    body = (
        subprocess("sub", inner) + boundary("edge", "sub", "error") + user("mend") + END
        + chain("start", "sub", "end") + chain("edge", "mend", "end")
    )  # fmt: skip
    process = play(body)

    assert process.fail("work", "ANY")

    assert process.people == ["mend"]


def test_an_escalation_begins_it_beside_the_branch_that_threw_it(play):
    body = (
        parallel("s") + throw("tell", "escalation") + user("a") + user("b") + END + end("e2")
        + chain("start", "s", "tell", "a", "end")
        + chain("s", "b", "e2") + event_subprocess("on", "escalation", INSIDE, interrupts=False)
    )  # fmt: skip
    process = play(body)

    assert process.people == ["a", "b", "handle"]


def test_a_condition_begins_it_when_the_data_make_it_true(play):
    process = play(beside("conditional", interrupts=True))
    assert process.messages == ["on-start"]

    process.complete("work", alarm=True)

    assert process.people == ["handle"]
    assert process.data_at("handle")["alarm"] is True


def test_an_interrupting_one_also_takes_subprocesses_of_its_scope_away(play):
    inner = (
        '<bpmn:startEvent id="s1"/>'
        + user("inside")
        + machine("deep")
        + parallel("p")
        + end("e1")
        + end("e3")
    )
    body = (
        subprocess("sub", inner + chain("s1", "p", "inside", "e1") + flow("p", "deep") + flow("deep", "e3")) + END
        + chain("start", "sub", "end") + event_subprocess("on", "signal", INSIDE)
    )  # fmt: skip
    process = play(body)
    assert (process.people, process.machines) == (["inside"], ["deep"])

    occur(process, "signal")

    assert (process.people, process.machines) == (["handle"], [])


@pytest.mark.parametrize("is_interrupting", [False, True], ids=["beside", "in its place"])
def test_an_event_subprocess_hears_what_another_one_of_its_scope_throws(play, is_interrupting):
    """§13.5.4: both stand in the same scope; only what it throws itself an event subprocess does not catch."""
    telling = event_subprocess(
        "one", "message", user("a") + throw("tell", "escalation") + user("b") + end("e1")
        + chain("one-start", "a", "tell", "b", "e1"), interrupts=False,
    )  # fmt: skip
    hearing = event_subprocess(
        "two", "escalation", user("hear") + end("e2") + chain("two-start", "hear", "e2"), interrupts=is_interrupting
    )  # fmt: skip
    process = play(user("work") + END + chain("start", "work", "end") + telling + hearing)
    process.catch("one-start")

    process.complete("a")

    assert process.people == (["hear"] if is_interrupting else ["b", "hear", "work"])


def test_an_error_in_an_event_subprocess_is_caught_by_another_one_of_its_scope(play):
    """§13.5.4, §10.5.6: to the innermost scope that catches it, and that is the one both stand in."""
    failing = event_subprocess(
        "one", "message", machine("a") + end("e1") + chain("one-start", "a", "e1"), interrupts=False
    )
    mending = event_subprocess(
        "two", "any error", user("mend") + end("e2") + chain("two-start", "mend", "e2")
    )
    process = play(user("work") + END + chain("start", "work", "end") + failing + mending)
    process.catch("one-start")

    assert process.fail("a", "REFUSED")

    assert process.open == ["mend"]


def test_an_event_subprocess_does_not_begin_itself_again_by_what_it_throws(play):
    own = event_subprocess(
        "one", "any escalation", user("a") + throw("tell", "escalation") + end("e1")
        + chain("one-start", "a", "tell", "e1"), interrupts=False,
    )  # fmt: skip
    inner = (
        '<bpmn:startEvent id="s"/>' + user("work") + throw("first", "escalation") + user("rest") + end("e2") + own
        + chain("s", "work", "first", "rest", "e2")
    )  # fmt: skip
    body = (
        subprocess("sub", inner) + boundary("edge", "sub", "escalation", interrupts=False) + user("outside") + END
        + end("e3") + chain("start", "sub", "end") + chain("edge", "outside", "e3")
    )  # fmt: skip
    process = play(body).complete("work")
    assert process.people == ["a", "rest"]

    process.complete("a")

    assert process.people == ["outside", "rest"]
