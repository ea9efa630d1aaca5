"""Link events: a throw goes on at the catch of the same name in the same scope (BPMN 2.0.2 §10.5.5)."""

from __future__ import annotations

from tests.workflows.conftest import chain, flow, user
from tests.workflows.engine.drawing import END, catch, subprocess, throw


def test_a_link_goes_on_where_it_is_caught(play):
    body = (
        user("a") + throw("away", "link") + catch("here", "link") + user("b") + END + chain("start", "a", "away")
        + chain("here", "b", "end")
    )  # fmt: skip
    process = play(body)

    process.complete("a", a=1)

    assert process.people == ["b"]
    assert process.data_at("b")["a"] == 1
    process.complete("b")
    assert process.done == ["start", "a", "away", "here", "b", "end"]


def test_several_throws_meet_at_one_catch_and_may_lead_back(play):
    body = (
        catch("here", "link") + user("read") + '<bpmn:exclusiveGateway id="g" default="g-end"/>' + throw("back", "link")
        + throw("first", "link") + END + chain("start", "first") + chain("here", "read", "g")
        + flow("g", "back", "read.again") + flow("g", "end", "", "g-end")
    )  # fmt: skip
    process = play(body)

    process.complete("read", read={"again": True})
    assert process.people == ["read"]
    process.complete("read", read={"again": False})

    assert process.is_completed


def test_links_of_the_same_name_in_other_scopes_are_other_links(play):
    inner = (
        '<bpmn:startEvent id="s1"/>' + throw("in-away", "link") + catch("in-here", "link") + user("inside")
        + '<bpmn:endEvent id="e1"/>' + chain("s1", "in-away") + chain("in-here", "inside", "e1")
    )  # fmt: skip
    body = (
        subprocess("sub", inner) + throw("away", "link") + catch("here", "link") + user("outside") + END
        + chain("start", "sub", "away") + chain("here", "outside", "end")
    )  # fmt: skip
    process = play(body)
    assert process.people == ["inside"]

    process.complete("inside")

    assert process.people == ["outside"]
