"""Several start events: each begins processes of its own (BPMN 2.0.2 §10.5.2, §13.2)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END, end, event, event_subprocess, parallel
from tests.workflows.engine.playing import Play, model_of
from workflows.engine import EngineFault

STARTS = event("startEvent", "by-message", "message") + event("startEvent", "by-clock", "timer")
PLAIN = '<bpmn:startEvent id="by-hand"/>'
BODY = (
    user("register") + user("check") + user("after") + '<bpmn:exclusiveGateway id="meet"/>' + END
    + chain("by-message", "register", "meet", "after", "end") + chain("by-clock", "check", "meet")
)  # fmt: skip


@pytest.fixture(params=[False, True], ids=["straight", "restored after each step"])
def begin(request):
    def at(body, start="", starts=STARTS):
        return Play(model_of(body, start=starts), at=start, is_restored=request.param)

    return at


@pytest.mark.parametrize(("start", "first"), [("by-message", "register"), ("by-clock", "check")])
def test_a_process_begins_at_the_start_event_that_happened_and_at_no_other(begin, start, first):
    process = begin(BODY, start)
    assert process.open == [first]

    process.complete_in_turn(first, "after")

    assert process.is_completed
    assert process.done == [start, first, "meet", "after", "end"]


def test_without_news_it_begins_where_it_waits_for_none(begin):
    process = begin(BODY + chain("by-hand", "after"), starts=STARTS + PLAIN)

    assert process.open == ["after"]


def test_where_every_start_waits_for_news_none_is_taken_for_granted(begin):
    with pytest.raises(EngineFault, match="News begins this process"):
        begin(BODY)


def test_what_listens_in_the_process_listens_wherever_it_began(begin):
    on = event_subprocess(
        "on", "signal", user("handle") + end("handled") + chain("on-start", "handle", "handled")
    )
    process = begin(BODY + on, "by-clock")
    assert process.open == ["check", "on-start"]

    process.catch("on-start")

    assert process.open == ["handle"]


def test_each_start_may_begin_several_branches(begin):
    body = (
        parallel("fork") + user("a") + user("b") + user("c") + END + end("e2") + end("e3")
        + chain("by-message", "fork", "a", "end") + chain("fork", "b", "e2") + chain("by-clock", "c", "e3")
    )  # fmt: skip

    assert begin(body, "by-message").complete("a").open == ["b"]
    assert begin(body, "by-clock").complete("c").is_completed
