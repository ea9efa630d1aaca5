"""What a scope leaves that ends before its time: data belong to the scope, not to the token that wrote them.

Reference  BPMN 2.0.2 §10.4.1, §10.5.3, §13.5.3
"""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END, boundary, end, event, marked, multi, parallel, subprocess

START = '<bpmn:startEvent id="s1"/>'
AFTER = user("after") + END + chain("start", "sub", "after", "end")
EDGE = user("mend") + end("e9") + chain("edge", "mend", "e9")


def beside(*, stop):
    """A branch that ends, one that goes on, and one that ends everything."""
    return (
        START + parallel("f") + user("ended") + user("first") + user("second") + user("last") + end("e1") + end("e2")
        + end("stop", stop) + chain("s1", "f", "ended", "e1") + chain("f", "first", "second", "e2")
        + chain("f", "last", "stop")
    )  # fmt: skip


def play_to_the_stop(process):
    process.complete("ended", ended=1, same="ended")
    process.complete("first", first=2, same="first")
    process.complete("last", last=3)


def left(process, element):
    data = process.data_at(element)
    return {name: data.get(name) for name in ("ended", "first", "second", "last", "same")}


LEFT = {"ended": 1, "first": 2, "second": None, "last": 3, "same": "first"}


def test_a_terminate_end_event_takes_along_nothing_that_was_done(play):
    process = play(subprocess("sub", beside(stop="terminate")) + AFTER)

    play_to_the_stop(process)

    assert process.open == ["after"]
    assert left(process, "after") == LEFT


def test_a_process_that_terminates_tells_all_it_has_done(play):
    body = beside(stop="terminate").replace(START, "").replace('"s1"', '"start"').replace("s1-", "start-")
    process = play(body)

    play_to_the_stop(process)

    assert process.is_completed
    assert {name: process.run.end_data.get(name) for name in LEFT} == LEFT


@pytest.mark.parametrize(
    ("kind", "trigger", "stop"),
    [("subProcess", "error", "error"), ("transaction", "cancel", "cancel"), ("subProcess", "escalation", "escalation")],
)  # fmt: skip
def test_who_catches_at_the_edge_knows_what_was_done_inside(play, kind, trigger, stop):
    body = subprocess("sub", beside(stop=stop), kind=kind) + boundary("edge", "sub", trigger) + AFTER + EDGE
    process = play(body)

    play_to_the_stop(process)

    assert process.open == ["mend"]
    assert left(process, "mend") == LEFT


def test_a_timer_at_the_edge_knows_what_was_done_in_scopes_within_scopes(play):
    deep = subprocess("deep", START + user("a") + user("b") + end("e1") + chain("s1", "a", "b", "e1"))
    inner = (
        '<bpmn:startEvent id="s2"/>' + user("before") + deep + end("e2") + chain("s2", "before", "deep", "e2")
    )
    process = play(subprocess("sub", inner) + boundary("edge", "sub", "timer") + AFTER + EDGE)
    process.complete("before", x=1, y=1).complete("a", y=2)

    process.fire("edge")

    assert (process.data_at("mend")["x"], process.data_at("mend")["y"]) == (1, 2)


def test_what_was_caught_is_there_beside_what_was_done(play):
    inner = START + user("a") + user("b") + end("e1") + chain("s1", "a", "b", "e1")
    edge = event("boundaryEvent", "edge", "message", attributes=' attachedToRef="sub"')
    process = play(subprocess("sub", inner) + edge + AFTER + EDGE).complete("a", x=1)

    process.catch("edge", n=5)

    assert (process.data_at("mend")["x"], process.data_at("mend")["result_ready"]) == (1, {"n": 5})


def test_an_instance_of_a_loop_leaves_nothing_that_its_loop_has_not_collected(play):
    """§10.3.8: what an instance knows is its own until it is completed."""
    inner = START + user("a") + user("b") + end("e1") + chain("s1", "a", "b", "e1")
    sub = marked(subprocess("sub", inner), multi(collection="items", item="one", sequential=True))
    process = play(sub + boundary("edge", "sub", "timer") + AFTER + EDGE, {"items": ["p", "q"]})
    process.complete("a", x="of p").complete("b").complete("a", x="of q")

    process.fire("edge")

    data = process.data_at("mend")
    assert data["x"] == "of p"
    assert not {"one", "loopCounter"} & data.keys()


def test_branches_that_meet_afterwards_keep_what_each_has_changed(play):
    inner = START + user("a") + user("b") + end("e1") + chain("s1", "a", "b", "e1")
    body = (
        parallel("fork") + parallel("join") + subprocess("sub", inner) + boundary("edge", "sub", "timer")
        + user("other") + '<bpmn:exclusiveGateway id="meet"/>' + user("after") + END
        + chain("start", "fork", "sub", "meet", "join") + chain("edge", "meet")
        + chain("fork", "other", "join", "after", "end")
    )  # fmt: skip
    process = play(body, {"y": 0}).complete("a", x=1).complete("other", y=2)

    process.fire("edge")

    assert (process.data_at("after")["x"], process.data_at("after")["y"]) == (1, 2)
